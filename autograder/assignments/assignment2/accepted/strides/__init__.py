"""Windows are strided views of the pictures.

Views replace copies where possible; the convolution's dx is a convolution with the filter turned by 180 degrees.
Neglects: float32 (some results become float64).
"""
