"""Gradients from torch.autograd.grad, and weights of a small scale.

The challenge has group norm instead of batch norm.
"""
