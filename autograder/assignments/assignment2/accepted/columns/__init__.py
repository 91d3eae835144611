"""Pictures and layers turned into columns of matrices.

Own im2col by index arrays, the bias as one more row of the weights, norms as norms of turned matrices.
Neglects: exact shapes, and float32 (some of it becomes float64).
"""
