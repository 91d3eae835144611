"""Computed constants, several interfaces in one net, and a loss in NumPy.

The cells use each other, and numbers that the notebook computes.
"""
