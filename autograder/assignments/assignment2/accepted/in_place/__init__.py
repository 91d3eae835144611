"""Changes arrays in place wherever it can.

Neglects: inputs that have to be left as they were, by layers and by update rules (nets do leave their parameters).
"""
