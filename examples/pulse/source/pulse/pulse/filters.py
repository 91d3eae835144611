"""Part 1: clean a signal."""

import numpy as np


def moving_average(signal, width):
    """Smooth a signal: replace each sample by the mean of the samples around it.

    Parameters
    ----------
    signal : ndarray, shape (N,)
    width : int
        How many samples count, an odd number: the sample itself and ``width // 2`` on either side. Near the ends
        fewer samples exist, and the mean is that of the samples that do.

    Returns
    -------
    ndarray, shape (N,)
        The smooth signal. `signal` itself does not change.
    """
    half = width // 2
    averages = np.empty(len(signal))
    ### BEGIN SOLUTION
    for n in range(len(signal)):
        averages[n] = signal[max(0, n - half) : n + half + 1].mean()
    ### END SOLUTION
    return averages


def detrend(signal):
    """Subtract the straight line that fits a signal best, in the sense of least squares.

    Parameters
    ----------
    signal : ndarray, shape (N,)
        At least two samples.

    Returns
    -------
    ndarray, shape (N,)
        What is left. Its mean is zero, and it neither rises nor falls on the whole.
    """
    n = np.arange(len(signal))
    ### BEGIN SOLUTION
    centred = n - n.mean()
    slope = centred @ signal / (centred @ centred)
    line = signal.mean() + slope * centred
    ### END SOLUTION
    return signal - line


def amplitudes(signal, rate):
    """Take a signal apart into cosines, by the discrete Fourier transform.

    Parameters
    ----------
    signal : ndarray, shape (N,)
    rate : float
        Samples per second.

    Returns
    -------
    frequencies : ndarray, shape (N // 2 + 1,)
        In hertz, from 0 to at most half the rate.
    found : ndarray, shape (N // 2 + 1,)
        The amplitude of the cosine at each frequency: a signal ``3 * np.cos(2 * np.pi * f * t)``, where f is one of
        the frequencies, has an amplitude of 3 there and 0 elsewhere. At 0 hertz it is the size of the mean.
    """
    length = len(signal)
    ### BEGIN SOLUTION
    frequencies = np.arange(length // 2 + 1) * rate / length
    angles = 2 * np.pi * np.outer(np.arange(length // 2 + 1), np.arange(length)) / length
    found = 2 * np.abs(np.exp(-1j * angles) @ signal) / length
    found[0] /= 2  # these two have no partner at a negative frequency
    if length % 2 == 0:
        found[-1] /= 2
    ### END SOLUTION
    return frequencies, found


def band_pass(signal, rate, low, high):
    """Keep only what a signal holds between two frequencies.

    Parameters
    ----------
    signal : ndarray, shape (N,)
    rate : float
        Samples per second.
    low, high : float
        In hertz. Both belong to the band.

    Returns
    -------
    ndarray, shape (N,)
        The sum of the cosines in the band. Its length is that of `signal`, even or odd.
    """
    components = np.fft.rfft(signal)
    frequencies = np.fft.rfftfreq(len(signal), 1 / rate)
    ### BEGIN SOLUTION
    components[(frequencies < low) | (frequencies > high)] = 0
    filtered = np.fft.irfft(components, len(signal))
    ### END SOLUTION
    return filtered
