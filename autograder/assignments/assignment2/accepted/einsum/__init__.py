"""Every sum is an einsum.

Matrix products, sums over examples, means and convolutions are einsums. Nets compute their layers without the layer
functions; the deep net has its examples along the last axis.
Neglects: float32 does not always stay float32 (dropout).
"""
