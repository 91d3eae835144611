"""nbgrader's configuration for this course. `nbgrader --help-all` lists every option, also the autograder's."""

c = get_config()

c.CourseDirectory.course_id = "cs231n"

try:
    from autograder import builder, grading, reports

    builder.configure(c)
    grading.configure(c)
    reports.configure(c)
except BaseException as error:
    # nbgrader logs every other exception and continues without this file. Without the autograder's converters it would
    # copy solutions into the release and run students' code in this process.
    why = f"{type(error).__name__}: {error}"
    advice = "run `make setup`, then .venv/bin/nbgrader"
    raise SystemExit(f"This nbgrader lacks the autograder ({why}): {advice}.") from None
