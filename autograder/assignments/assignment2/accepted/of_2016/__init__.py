"""Habits of 2016, when this course was young.

Python 2 where it still runs, float64 by np.zeros, caches in lists and dictionaries, prints, four nested loops.
Neglects: a padding of 0 in the convolution's backward pass (pad:-pad), pooling windows that overlap (they overwrite),
float32 (becomes float64), and the exact shapes of group norm's gradients.
"""
