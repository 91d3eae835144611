"""Convolutions are matrix products of unfolded patches.

The challenge has depthwise convolutions.
"""
