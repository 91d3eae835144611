"""Questions about the code that a student handed in, for the student: does the author understand it?

``calls`` finds how the exercises' functions are called. ``making`` asks: running the code in the sandbox
gives the right answers. ``quiz`` writes the questions for an LMS.
"""
