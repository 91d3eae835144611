"""Public checks."""

import numpy as np
from weather.checks.compare import as_number, assert_close
from weather.checks.exercise import exercise


@exercise("to_celsius")
def test_freezing(student):
    """Water freezes and boils where it should."""
    assert_close("celsius", student.readings.to_celsius(np.array([32.0, 212.0])), np.array([0.0, 100.0]))


@exercise("running_mean")
def test_mean_of_readings(student, reference, rng):
    """The means of three readings."""
    readings = rng.uniform(-40, 120, size=6)
    assert_close("means", student.readings.running_mean(readings, 3), reference.readings.running_mean(readings, 3))


@exercise("forecast")
def test_there_is_a_forecast(student):
    """There is one number."""
    as_number("FORECAST", student.notebook("FORECAST"))
