"""Temperatures, in degrees Fahrenheit as they are read."""

import numpy as np


def to_celsius(readings):
    """Return readings (N,) in degrees Celsius."""
    ### BEGIN SOLUTION
    celsius = (readings - 32) * 5 / 9
    ### END SOLUTION
    return celsius


def running_mean(readings, width):
    """Return for each reading (N,) the mean of it and of up to width - 1 before it, in degrees Celsius."""
    celsius = to_celsius(readings)
    means = []
    for number in range(len(celsius)):
        ### BEGIN SOLUTION
        means.append(celsius[max(0, number - width + 1) : number + 1].mean())
        ### END SOLUTION
    return np.array(means)
