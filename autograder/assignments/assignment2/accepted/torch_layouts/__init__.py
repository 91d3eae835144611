"""Channels last in memory, axes moved to and fro, and a matrix product for each place of a filter.

The challenge mixes pixels and channels by fully connected layers alone.
"""
