"""Every sum keeps its dimensions, and biases are rows.

db, dgamma, dbeta and the running averages are (1, D), those of channels (1, C, 1, 1); so are some nets' parameters.
Neglects: exact shapes.
"""
