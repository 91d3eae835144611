"""Convolutions are matrix products of patches, and the model owns plain variables.

The challenge has depthwise convolutions.
"""
