"""Pictures and layers become columns of matrices.

im2col uses index arrays, the bias is one more row of the weights, norms are norms of transposed matrices.
Neglects: exact shapes, and float32 (some results become float64).
"""
