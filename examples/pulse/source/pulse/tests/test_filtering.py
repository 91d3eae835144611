"""Public checks of part 1."""

import numpy as np
from pulse.checks.compare import assert_close
from pulse.checks.exercise import exercise


@exercise("moving_average")
def test_five_samples(student):
    """The means of a small signal are right, near the ends too."""
    averages = student.filters.moving_average(np.array([0.0, 3.0, 6.0, 3.0, 9.0]), 3)
    assert_close("averages", averages, np.array([1.5, 3.0, 4.0, 6.0, 6.0]))


@exercise("moving_average")
def test_random_signal(student, reference, rng):
    """The means of a random signal are right."""
    signal = rng.normal(size=12)
    assert_close("averages", student.filters.moving_average(signal, 5), reference.filters.moving_average(signal, 5))


@exercise("detrend")
def test_straight_line(student):
    """Of a straight line nothing is left."""
    assert_close("what is left", student.filters.detrend(2.0 - 0.5 * np.arange(8)), np.zeros(8))


@exercise("detrend")
def test_rising_noise(student, reference, rng):
    """Of a signal that rises the right part is left."""
    signal = rng.normal(size=11) + 0.7 * np.arange(11)
    assert_close("what is left", student.filters.detrend(signal), reference.filters.detrend(signal))


@exercise("amplitudes")
def test_one_cosine(student):
    """A cosine of 2 hertz, 3 units high, on a mean of 1."""
    signal = 1 + 3 * np.cos(2 * np.pi * 2 * np.arange(16) / 8)
    frequencies, found = student.filters.amplitudes(signal, 8.0)
    assert_close("frequencies", frequencies, np.arange(9) / 2)
    assert_close("amplitudes", found, np.array([1.0, 0, 0, 0, 3, 0, 0, 0, 0]))


@exercise("amplitudes")
def test_amplitudes_at_random(student, reference, rng):
    """The amplitudes of a random signal are right."""
    signal = rng.normal(size=10)
    frequencies, found = student.filters.amplitudes(signal, 5.0)
    expected_frequencies, expected = reference.filters.amplitudes(signal, 5.0)
    assert_close("frequencies", frequencies, expected_frequencies)
    assert_close("amplitudes", found, expected)


@exercise("band_pass")
def test_two_cosines(student):
    """Of two cosines only the one in the band is left."""
    time = np.arange(40) / 20
    slow, quick = np.cos(2 * np.pi * 1.0 * time), np.cos(2 * np.pi * 6.0 * time)
    assert_close("filtered", student.filters.band_pass(slow + quick, 20.0, 0.7, 3.5), slow)


@exercise("band_pass")
def test_odd_signal(student, reference, rng):
    """A random signal of odd length is filtered rightly."""
    signal = rng.normal(size=17)
    assert_close(
        "filtered", student.filters.band_pass(signal, 8.0, 0.9, 2.5), reference.filters.band_pass(signal, 8.0, 0.9, 2.5)
    )
