"""The functional interface, within a class and without.

The challenge is a small ResNet.
"""
