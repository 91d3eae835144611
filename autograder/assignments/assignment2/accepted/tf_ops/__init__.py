"""keras.ops in all cells.

The challenge is a tiny vision transformer.
"""
