"""Known mistakes of students as code, one list for each part. They test the tests, and they are the students' hints.

To add a mistake, say what the student probably did and where to look, and list the replaced lines of the reference.
"""
