"""A second course on the same engine: signals of a heart, without pictures, frameworks or an extension."""

c = get_config()

c.CourseDirectory.course_id = "pulse"

from autograder import builder, grading, reports  # noqa: E402

builder.configure(c)
grading.configure(c)
reports.configure(c)
