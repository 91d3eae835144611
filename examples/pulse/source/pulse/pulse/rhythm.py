"""Part 2: find the beats of a heart, and judge its rhythm."""

import numpy as np

from .filters import band_pass

BAND = (0.7, 3.5)
"""Hertz: hearts beat 42 to 210 times a minute."""
PAUSE = 0.35
"""Seconds that lie between two beats at least."""


def find_peaks(signal, height, distance):
    """Find the peaks of a signal.

    Parameters
    ----------
    signal : ndarray, shape (N,)
        No two neighbours are equal.
    height : float
        A peak is at least as high.
    distance : int
        Two peaks lie at least so many samples apart. Where peaks are closer, the higher one stays: go through them
        from the highest to the lowest, and keep each that is far enough from all that you have kept.

    Returns
    -------
    ndarray of int
        The indices of the peaks, from left to right. A peak is higher than both of its neighbours; the first and the
        last sample are none.
    """
    ### BEGIN SOLUTION
    inner = signal[1:-1]
    found = 1 + np.flatnonzero((inner > signal[:-2]) & (inner > signal[2:]) & (inner >= height))
    kept = []
    for peak in sorted(found, key=lambda index: -signal[index]):
        if all(abs(peak - other) >= distance for other in kept):
            kept.append(peak)
    peaks = np.array(sorted(kept), dtype=int)
    ### END SOLUTION
    return peaks


def heart_rate(signal, rate):
    """Count the beats of a heart.

    Filter the recording to ``BAND``, find the peaks that are at least half as high as the highest sample of the
    filtered signal and at least ``int(PAUSE * rate)`` samples apart, and take the median of the time between two.

    Parameters
    ----------
    signal : ndarray, shape (N,)
    rate : float
        Samples per second.

    Returns
    -------
    float
        Beats per minute; 0.0 if there are fewer than two peaks.
    """
    ### BEGIN SOLUTION
    filtered = band_pass(signal, rate, *BAND)
    peaks = find_peaks(filtered, filtered.max() / 2, int(PAUSE * rate))
    beats = 60 * rate / np.median(np.diff(peaks)) if len(peaks) > 1 else 0.0
    ### END SOLUTION
    return float(beats)


def is_irregular(signal, rate):
    """Tell whether a heart beats irregularly. How you do it is up to you.

    Parameters
    ----------
    signal : ndarray, shape (200,)
        Ten seconds of a pulse.
    rate : float
        Samples per second.

    Returns
    -------
    bool
    """
    ### BEGIN SOLUTION
    filtered = band_pass(signal, rate, *BAND)
    peaks = find_peaks(filtered, filtered.max() * 0.3, int(PAUSE * rate))
    gaps = np.diff(peaks)
    verdict = gaps.std() > 0.1 * gaps.mean()
    ### END SOLUTION
    return bool(verdict)
