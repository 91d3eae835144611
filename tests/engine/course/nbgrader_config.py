"""A small course of one assignment, for tests of the engine alone."""

c = get_config()

c.CourseDirectory.course_id = "weather"

from autograder import builder, grading, reports  # noqa: E402

builder.configure(c)
grading.configure(c)
reports.configure(c)
