"""Windows as views of the pictures, by strides.

No copy where a view will do; the convolution's dx is a convolution with the filter turned round.
Neglects: float32 (some of it becomes float64).
"""
