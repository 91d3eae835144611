"""Convolutions and NumPy's own transforms."""
