"""Weights are made in ``build``, and the optimiser makes the step.

The challenge is a subclass that makes its layers in ``build`` too.
"""
