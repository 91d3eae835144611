"""Layers compute in float32 and return float32, for inputs of any type.

Frameworks for GPUs do the same. Nets have a dtype argument: they compute in that type and do not use these layers.
"""
