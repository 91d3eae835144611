"""Loops over single numbers only.

Code reads and writes single elements of arrays, and adds up sums in variables.
"""
