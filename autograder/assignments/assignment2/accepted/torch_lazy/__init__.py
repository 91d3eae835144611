"""Lazy layers, which see the number of channels for themselves.

The challenge has lazy batch norm, and an average and a maximum at the end.
"""
