"""How this course uses nbgrader: `nbgrader --help-all` lists every option, ours beside nbgrader's."""

c = get_config()

c.CourseDirectory.course_id = "cs231n"

try:
    from autograder import builder, grading
except ImportError as error:
    # Without our converters nbgrader would copy solutions into the release and run students' code in this process.
    raise SystemExit(
        f"This nbgrader lacks the autograder ({error}): run `make setup`, then .venv/bin/nbgrader."
    ) from None

builder.configure(c)
grading.configure(c)
