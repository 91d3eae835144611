"""Layers that compute in float32 and return it, whatever they are given.

As in frameworks for GPUs. Nets, which are told what to compute in, compute in that and do not use these layers.
"""
