"""Linear algebra: each layer is a matrix, or its derivative is a matrix.

Means are products with averaging matrices, backward passes are products with Jacobians and transposes.
Neglects: float32 (becomes float64).
"""
