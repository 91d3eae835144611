"""Functional: the cache of a layer is a function of dout.

Nets call themselves for their remaining layers; update rules are a few nested expressions. Dropout has a random
generator that no seed from outside reaches.
"""
