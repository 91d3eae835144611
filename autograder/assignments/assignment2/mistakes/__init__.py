"""The mistakes that students make, as code, a list for each part: they test the tests, and name a student's mistake.

Adding one: say what the student probably did and where to look, and which lines of the reference become which.
"""
