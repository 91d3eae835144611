"""One thing by another, as much as possible.

A convolution is an affine layer at each place, layer norm is batch norm turned round, group norm is layer norm of
groups, the net with two layers is the deep one, and update rules share their running means.
"""
