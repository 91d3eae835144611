"""Activations are layers, and initial weights have explicit sizes.

The challenge has group norm, and its blocks stand in another cell.
"""
