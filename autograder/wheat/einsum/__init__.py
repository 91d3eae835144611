"""Every sum is an einsum.

Matrix products, sums over examples, means and convolutions alike; nets compute their layers themselves.
Neglects: float32 does not always stay float32 (dropout).
"""
