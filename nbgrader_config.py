"""How this course uses nbgrader: `nbgrader --help-all` lists every option, ours beside nbgrader's."""

c = get_config()

c.CourseDirectory.course_id = "cs231n"

try:
    from autograder import builder, grading

    builder.configure(c)
    grading.configure(c)
except BaseException as error:
    # Whatever else a configuration raises, nbgrader logs and goes on without it; and without our converters it would
    # copy solutions into the release and run students' code in this process.
    why = f"{type(error).__name__}: {error}"
    advice = "run `make setup`, then .venv/bin/nbgrader"
    raise SystemExit(f"This nbgrader lacks the autograder ({why}): {advice}.") from None
