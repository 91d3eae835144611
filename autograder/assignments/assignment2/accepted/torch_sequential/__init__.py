"""The class keeps one Sequential and PyTorch's own weights.

The barebones net uses the functions of torch itself; the challenge is a small VGG without batch norm.
"""
