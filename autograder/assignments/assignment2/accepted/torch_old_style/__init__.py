"""As in PyTorch's first tutorials: zero the gradients first, and change ``.data``.

The challenge has batch norm behind the activations, and no bias anywhere.
"""
