"""A graph, padding by hand, and the layers of tf.keras.

The cells use numbers that the notebook computes; the loss is a number.
"""
