"""A persistent tape, layers that are added one by one, and padding that is a layer.

The challenge is a small VGG without batch norm.
"""
