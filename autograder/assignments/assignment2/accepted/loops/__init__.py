"""Everything in loops over single numbers.

No array operation but reading and writing an element; sums are counted up in variables.
"""
