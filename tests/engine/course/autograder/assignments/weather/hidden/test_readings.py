"""Hidden tests of the only part: degrees, a running mean, a forecast that lives in the notebook."""

import numpy as np
import pytest

from autograder.judge import as_number, assert_close, assert_unchanged, exercise


@exercise("to_celsius")
def test_degrees(student, reference, rng):
    """Temperatures are converted."""
    readings = rng.uniform(-40, 120, size=12)
    assert_close("celsius", student.readings.to_celsius(readings), reference.readings.to_celsius(readings))


@exercise("to_celsius", kind="edge")
def test_degrees_leave_readings(student, rng):
    """The readings are left as they were."""
    readings = rng.uniform(-40, 120, size=5)
    held = student.put(readings)
    student.readings.to_celsius(held)
    assert_unchanged("readings", student.fetch(held), readings)


@exercise("running_mean", needs=("to_celsius",))
@pytest.mark.parametrize("width", [1, 3])
def test_means(student, reference, rng, width):
    """Each mean is that of the last readings, in degrees Celsius."""
    readings = rng.uniform(-40, 120, size=9)
    assert_close(
        "means", student.readings.running_mean(readings, width), reference.readings.running_mean(readings, width)
    )


@exercise("running_mean", kind="edge")
def test_mean_of_one(student, tmp_path):
    """A single reading is its own mean; pytest's own fixtures are there too."""
    assert tmp_path.is_dir()
    means = student.readings.running_mean(np.array([50.0]), 4)
    assert np.shape(means) == (1,), "One reading has one mean."


@exercise("forecast")
def test_forecast(student, notebook):
    """The notebook forecasts a number."""
    assert notebook.endswith(".ipynb")
    as_number("FORECAST", student.notebook("FORECAST"))
