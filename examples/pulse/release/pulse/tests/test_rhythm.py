"""Public checks of part 2."""

import numpy as np
from pulse.checks.compare import as_array, assert_close, require
from pulse.checks.exercise import exercise

RATE = 20.0


@exercise("find_peaks")
def test_three_peaks(student):
    """Of three peaks, one is too low and one too close to a higher one."""
    signal = np.array([0.0, 2.0, 0.1, 3.0, 0.2, 0.0, 0.5, 0.1, 4.0, 0.0])
    assert_close("peaks", student.rhythm.find_peaks(signal, 1.0, 3), np.array([3, 8]))


@exercise("find_peaks")
def test_peaks_at_random(student, reference, rng):
    """The peaks of a random signal are found."""
    signal = rng.normal(size=50)
    assert_close("peaks", student.rhythm.find_peaks(signal, 0.0, 3), reference.rhythm.find_peaks(signal, 0.0, 3))


@exercise("heart_rate")
def test_rate_of_a_cosine(student):
    """A cosine of 1.25 hertz is a heart that beats 75 times a minute."""
    signal = 5 + np.cos(2 * np.pi * 1.25 * np.arange(160) / 20)
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), 75.0)


@exercise("heart_rate")
def test_rate_of_a_noisy_pulse(student, reference, rng):
    """The rate of a noisy pulse on a wandering baseline is right."""
    time = np.arange(200) / 20
    pulse = np.maximum(0, np.cos(2 * np.pi * 1.1 * time)) ** 4 + 0.8 * np.sin(2 * np.pi * 0.2 * time)
    signal = pulse + 0.05 * rng.normal(size=200)
    assert_close("beats per minute", student.rhythm.heart_rate(signal, 20.0), reference.rhythm.heart_rate(signal, 20.0))


@exercise("rhythm_accuracy", kind="accuracy")
def test_practice_recordings(student):
    """At least 85% of the practice recordings are told right; unseen ones decide when it counts."""
    signals, irregular = student.recordings.load_practice()
    signals = as_array("the recordings", signals, (80, 200))
    irregular = as_array("the labels", irregular, (80,))
    answers = [student.rhythm.is_irregular(signal, RATE) for signal in signals]
    require(all(np.shape(answer) == () for answer in answers), "is_irregular must return True or False.")
    told = [as_array("the answer", answer, ()) for answer in answers]
    right = float((np.array(told) == irregular).mean())
    require(right >= 0.85, f"It is right about {right:.1%} of the practice recordings.")
