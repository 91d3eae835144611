"""Arrays are changed in place wherever possible.

Neglects: layers and update rules must not change their inputs (nets do not change their parameters).
"""
