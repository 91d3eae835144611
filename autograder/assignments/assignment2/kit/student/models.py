"""What is asked of a handed-in model, by the students' own check and by the judge alike: that it has what its part is
about, and how many pictures it gets right.

Not for reading the file: see ``kit.runner.saving``.
"""

from functools import partial
from typing import Any

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import as_number, require

from ..runner.frameworks import PART
from .pictures import Pictures


def require_normalisation(student: CodeUnderTest, model: Any) -> None:
    """Check that a model, a handle, has gammas: whatever its class, no normalisation is without.

    Raises
    ------
    Mismatch
        If it has none.
    """
    params = student.fetch(model.params)
    normalised = isinstance(params, dict) and any(str(name).startswith("gamma") for name in params)
    require(normalised, "The model has no gammas: hand in a net with normalization='batchnorm' or 'layernorm'.")


def require_dropout(model: Any) -> None:
    """Check that a model, a handle, drops out: that ``dropout_param`` holds a keep probability below 1.

    Raises
    ------
    Mismatch
        If it does not.
    """
    try:
        p = as_number("p", model.dropout_param["p"])
    except (CodeError, TypeError, IndexError):  # there is none, or it is something else
        p = 1.0
    require(p < 1, "The model has no dropout: hand in a net that was made with a keep probability below 1.")


def assert_accuracy(student: CodeUnderTest, pictures: Pictures, part: int, mark: float) -> Any:
    """Check a student's own model on the validation pictures, and return it.

    Parameters
    ----------
    student : CodeUnderTest
    pictures : Pictures
    part : int
        Whose model is read.
    mark : float
        The accuracy that earns full points.

    Returns
    -------
    Handle
        The model.

    Raises
    ------
    Mismatch
        If it was trained on other pictures, or gets too few right.
    """
    load = student.framework.load_model if part == PART else partial(student.course.load_model, part)
    fingerprint, mean, model = load()
    require(fingerprint == pictures.fingerprint, "The model was trained on other pictures than those that are here.")
    x, y = pictures.validation()
    reached = float((student.course.predict(model, mean, x) == y).mean())
    message = f"The model is right on {reached:.1%} of the validation pictures; {mark:.0%} earns full points."
    require(reached >= mark, message)
    return model
