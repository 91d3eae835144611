"""Every sum is an einsum.

Matrix products, sums over examples, means and convolutions alike; nets compute their layers themselves, the deep one
with the examples along the last axis.
Neglects: float32 does not always stay float32 (dropout).
"""
