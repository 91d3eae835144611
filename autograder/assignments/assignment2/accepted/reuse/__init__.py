"""Each function reuses another one where possible.

A convolution is an affine layer at each place, layer norm is batch norm of the transpose, group norm is layer norm of
groups, the two-layer net is the deep net, and update rules share a function for running means.
"""
