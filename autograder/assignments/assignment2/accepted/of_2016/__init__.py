"""The habits of 2016, when this course was young.

Python 2 syntax that still runs, float64 from np.zeros, caches in lists and dictionaries, prints, four nested loops.
Neglects: a padding of 0 in the convolution's backward pass (pad:-pad), overlapping pooling windows (gradients
overwrite each other), float32 (becomes float64), and the exact shapes of group norm's gradients.
"""
