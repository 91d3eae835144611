"""Functions without state: torch.func and functional_call.

The challenge is a tiny vision transformer.
"""
