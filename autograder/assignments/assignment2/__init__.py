"""The grader of CS231n's assignment 2. It is never released."""
