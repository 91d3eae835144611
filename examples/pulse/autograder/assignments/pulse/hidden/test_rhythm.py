"""Hidden tests of part 2: peaks, heart rates, and how many recordings are told right."""

import numpy as np
import pytest

from autograder.assignments.pulse.kit.judge import RATE, assert_told_right
from autograder.judge import as_array, assert_close, assert_unchanged, exercise


def harmonics(frequency, sizes, samples=200, rate=20.0):
    """Return a sum of cosines whose frequencies are multiples of one, with these amplitudes."""
    time = np.arange(samples) / rate
    return sum(size * np.cos(2 * np.pi * number * frequency * time) for number, size in enumerate(sizes, start=1))


def beats(rng, gaps, rate=20.0):
    """Return a clean pulse whose beats lie so many seconds apart."""
    times = 0.6 + np.concatenate([[0.0], np.cumsum(gaps)])
    time = np.arange(int((times[-1] + 0.6) * rate)) / rate
    pulses = [rng.uniform(0.9, 1.1) * np.exp(-(((time - beat) / 0.12) ** 2)) for beat in times]
    return 50 * np.sum(pulses, axis=0) + rng.normal(size=len(time))


@exercise("find_peaks")
def test_peaks_of_noise(student, reference, rng):
    """The peaks are found, and the higher of two that are too close."""
    signal = rng.normal(size=60)
    assert_close("peaks", student.rhythm.find_peaks(signal, 0.2, 4), reference.rhythm.find_peaks(signal, 0.2, 4))


@exercise("find_peaks")
def test_all_peaks(student, reference, rng):
    """With a distance of 1 and no height, every peak counts."""
    signal = rng.normal(size=40)
    assert_close("peaks", student.rhythm.find_peaks(signal, -9.0, 1), reference.rhythm.find_peaks(signal, -9.0, 1))


@exercise("find_peaks")
def test_peaks_that_are_too_low(student, rng):
    """Peaks that are lower than the height do not count."""
    signal = -0.01 * np.arange(20)
    signal[4], signal[10], signal[16] = rng.uniform(2, 3), rng.uniform(0.5, 1), rng.uniform(2, 3)
    assert_close("peaks", student.rhythm.find_peaks(signal, 1.5, 2), np.array([4, 16]))


@exercise("find_peaks")
def test_the_higher_of_two_stays(student, rng):
    """Of two peaks that are too close, the higher one stays."""
    signal = -0.01 * np.arange(20)
    signal[4], signal[6], signal[14], signal[17] = rng.uniform([0.5, 1.5, 1.5, 0.5], [1, 2, 2, 1])
    assert_close("peaks", student.rhythm.find_peaks(signal, 0.2, 5), np.array([6, 14]))


@exercise("find_peaks")
@pytest.mark.parametrize("distance", [2, 3, 5], ids="distance {}".format)
def test_distances(student, distance):
    """Peaks that lie just far enough apart are both kept."""
    signal = np.zeros(13) - 0.01 * np.arange(13)
    signal[3], signal[3 + distance] = 2.0, 1.0
    assert_close("peaks", student.rhythm.find_peaks(signal, 0.5, distance), np.array([3, 3 + distance]))


@exercise("find_peaks", kind="edge")
def test_a_chain_of_peaks(student):
    """A peak that loses to a higher one takes no other with it."""
    signal = np.array([0.0, 1.0, 0.1, 2.0, 0.2, 3.0, 0.3, 0.05])
    assert_close("peaks", student.rhythm.find_peaks(signal, 0.5, 3), np.array([1, 5]))


@exercise("find_peaks", kind="edge")
def test_no_peak(student):
    """A signal that only rises has no peak."""
    peaks = student.rhythm.find_peaks(np.arange(6.0), 0.0, 1)
    assert np.shape(peaks) == (0,), "A signal that only rises has no peak: return an array without elements."
    peaks = as_array("peaks", peaks, (0,))
    assert peaks.dtype.kind in "iu", "Indices are whole numbers, also in an array without elements."


@exercise("find_peaks", kind="edge")
def test_exact_height(student):
    """A peak that is just as high as wanted counts."""
    assert_close("peaks", student.rhythm.find_peaks(np.array([0.0, 2.0, 1.0, 3.0, 0.5]), 2.0, 1), np.array([1, 3]))


@exercise("find_peaks", kind="edge")
def test_peaks_leave_the_signal(student, rng):
    """The signal itself does not change."""
    signal = rng.normal(size=12)
    held = student.put(signal)
    student.rhythm.find_peaks(held, 0.0, 2)
    assert_unchanged("signal", student.fetch(held), signal)


@exercise("heart_rate", needs=("band_pass", "find_peaks"))
def test_steady_pulse(student, reference, rng):
    """The rate of a steady pulse is right."""
    signal = beats(rng, np.full(9, rng.uniform(0.6, 1.0)))
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", needs=("band_pass", "find_peaks"))
def test_one_long_pause(student, reference, rng):
    """One long pause does not change the rate: it is the median that counts."""
    gaps = rng.uniform(0.65, 0.9, size=7)
    gaps[3] = 1.6
    signal = beats(rng, gaps)
    signal += 90 * np.sin(np.arange(len(signal)) / 40)
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", needs=("band_pass", "find_peaks"))
def test_peaks_within_the_pause(student, reference):
    """Peaks that follow a beat too soon are none."""
    signal = harmonics(1.1, [1.0, 0.0, 3.0])
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", needs=("band_pass", "find_peaks"))
def test_a_lamp_that_flickers(student, reference):
    """A quick flicker makes no beats: it is filtered out."""
    signal = harmonics(1.1, [1.0]) + harmonics(7.0, [0.9])
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", needs=("band_pass", "find_peaks"))
def test_low_peaks(student, reference):
    """Peaks that are lower than half of the highest sample are no beats."""
    signal = harmonics(0.9, [1.0, 2.4])
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", kind="edge", needs=("band_pass", "find_peaks"))
def test_two_beats(student, reference):
    """Two beats are enough for a rate."""
    signal = harmonics(0.9, [-1.0], samples=45)
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("heart_rate", kind="edge", needs=("band_pass", "find_peaks"))
def test_a_sensor_that_is_off(student):
    """A flat recording has no beats."""
    assert_close("beats per minute", student.rhythm.heart_rate(np.zeros(60), 20.0), 0.0)


@exercise("heart_rate", kind="edge", needs=("band_pass", "find_peaks"))
def test_one_beat(student, rng):
    """With fewer than two peaks the rate is 0."""
    assert_close("beats per minute", student.rhythm.heart_rate(beats(rng, np.array([])), 20.0), 0.0)


@exercise("rhythm_accuracy", kind="accuracy")
def test_unseen_recordings(student, recordings, measure):
    """Unseen recordings are classified rightly."""
    signals, irregular = recordings
    assert_told_right([student.rhythm.is_irregular(signal, RATE) for signal in signals], irregular, measure)
