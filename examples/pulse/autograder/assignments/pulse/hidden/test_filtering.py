"""Hidden tests of part 1: smoothing, trends, amplitudes, bands."""

import numpy as np
import pytest

from autograder.judge import assert_close, assert_unchanged, exercise


def cosines(n, rate, parts):
    """Return a sum of cosines (n,); `parts` lists frequency, amplitude and phase of each."""
    time = np.arange(n) / rate
    return sum(size * np.cos(2 * np.pi * frequency * time + phase) for frequency, size, phase in parts)


@exercise("moving_average")
@pytest.mark.parametrize("width", [1, 3, 7], ids="width {}".format)
def test_means(student, reference, rng, width):
    """Each sample becomes the mean of those around it."""
    signal = rng.normal(size=20)
    assert_close(
        "averages", student.filters.moving_average(signal, width), reference.filters.moving_average(signal, width)
    )


@exercise("moving_average", kind="edge")
def test_wide_window(student, reference, rng):
    """A window that is wider than the signal averages all of it."""
    signal = rng.normal(size=5)
    assert_close("averages", student.filters.moving_average(signal, 11), reference.filters.moving_average(signal, 11))


@exercise("moving_average", kind="edge")
def test_signal_is_left_alone(student, rng):
    """The signal itself does not change."""
    signal = rng.normal(size=9)
    held = student.put(signal)
    student.filters.moving_average(held, 3)
    assert_unchanged("signal", student.fetch(held), signal)


@exercise("detrend")
def test_line_is_gone(student, reference, rng):
    """The line that fits best is subtracted."""
    signal = rng.normal(size=15) + rng.uniform(1, 3) * np.arange(15)
    assert_close("what is left", student.filters.detrend(signal), reference.filters.detrend(signal))


@exercise("detrend")
def test_noise_is_kept(student, reference, rng):
    """A signal without a trend loses only its mean and a small slope."""
    signal = rng.normal(size=16) - 5
    assert_close("what is left", student.filters.detrend(signal), reference.filters.detrend(signal))


@exercise("detrend", kind="edge")
def test_two_samples(student):
    """Of two samples nothing is left."""
    assert_close("what is left", student.filters.detrend(np.array([3.0, -1.0])), np.zeros(2))


@exercise("amplitudes")
def test_amplitudes_of_noise(student, reference, rng):
    """Frequencies and amplitudes are right for any signal of even length."""
    signal, rate = rng.normal(size=22), float(rng.uniform(5, 50))
    frequencies, found = student.filters.amplitudes(signal, rate)
    expected_frequencies, expected = reference.filters.amplitudes(signal, rate)
    assert_close("frequencies", frequencies, expected_frequencies)
    assert_close("amplitudes", found, expected)


@exercise("amplitudes")
def test_amplitude_of_a_cosine(student, rng):
    """A cosine has its own amplitude at its own frequency, and none elsewhere."""
    size, phase = rng.uniform(1, 4), rng.uniform(0, 6)
    _, found = student.filters.amplitudes(cosines(40, 10.0, [(1.5, size, phase)]), 10.0)
    expected = np.zeros(21)
    expected[6] = size
    assert_close("amplitudes", found, expected)


@exercise("amplitudes", kind="edge")
def test_amplitudes_of_odd_length(student, reference, rng):
    """A signal of odd length has no component at half the rate."""
    signal = rng.normal(size=15)
    frequencies, found = student.filters.amplitudes(signal, 3.0)
    expected_frequencies, expected = reference.filters.amplitudes(signal, 3.0)
    assert_close("frequencies", frequencies, expected_frequencies)
    assert_close("amplitudes", found, expected)


@exercise("band_pass")
def test_band_of_noise(student, reference, rng):
    """What is in the band stays, and all else goes."""
    signal = rng.normal(size=30)
    assert_close(
        "filtered",
        student.filters.band_pass(signal, 12.0, 1.0, 3.3),
        reference.filters.band_pass(signal, 12.0, 1.0, 3.3),
    )


@exercise("band_pass")
def test_cosine_survives(student, rng):
    """Of two cosines, the one in the band is left."""
    kept = [(2.0, rng.uniform(1, 2), rng.uniform(0, 6))]
    gone = [(0.5, 1.5, rng.uniform(0, 6)), (6.0, 1.0, rng.uniform(0, 6))]
    filtered = student.filters.band_pass(cosines(40, 20.0, kept + gone), 20.0, 1.0, 5.0)
    assert_close("filtered", filtered, cosines(40, 20.0, kept))


@exercise("band_pass", kind="edge")
def test_ends_of_the_band(student, rng):
    """Both ends belong to the band."""
    signal = cosines(40, 20.0, [(2.0, rng.uniform(1, 2), 0.3), (4.0, rng.uniform(1, 2), 1.0)])
    assert_close("filtered", student.filters.band_pass(signal, 20.0, 2.0, 4.0), signal)


@exercise("band_pass", kind="edge")
def test_band_of_odd_length(student, reference, rng):
    """A signal of odd length keeps its length."""
    signal = rng.normal(size=21)
    assert_close(
        "filtered",
        student.filters.band_pass(signal, 10.0, 1.0, 4.0),
        reference.filters.band_pass(signal, 10.0, 1.0, 4.0),
    )
