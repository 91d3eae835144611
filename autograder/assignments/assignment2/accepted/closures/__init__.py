"""Functional: the cache of a layer is a function that takes dout.

Nets call themselves for the rest of their layers, update rules are folded into few expressions, and dropout has a
generator of its own, which no seed from outside reaches.
"""
