"""The grader of the assignment pulse: never released."""
