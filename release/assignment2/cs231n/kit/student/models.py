"""Checks of a submitted model: it has the layers of its part, and it is accurate enough.

The students' own check and the judge both use them. See ``kit.runner.saving`` for reading the file.
"""

from functools import partial
from typing import Any

from cs231n.checks.code_under_test import CodeError, CodeUnderTest
from cs231n.checks.compare import as_array, as_number, equals, require

from ..runner.frameworks import PART
from .pictures import Pictures


def require_normalisation(student: CodeUnderTest, model: Any) -> None:
    """Check that a model (a handle) has gammas: every normalisation has them, whatever the model's class.

    Raises
    ------
    Mismatch
        If the model has none.
    """
    params = student.fetch(model.params)
    normalised = isinstance(params, dict) and any(str(name).startswith("gamma") for name in params)
    require(normalised, "The model has no gammas: hand in a net with normalization='batchnorm' or 'layernorm'.")


def require_dropout(model: Any) -> None:
    """Check that a model (a handle) uses dropout: its ``dropout_param`` holds a keep probability below 1.

    Raises
    ------
    Mismatch
        If the model does not.
    """
    try:
        p = as_number("p", model.dropout_param["p"])
    except (CodeError, TypeError, IndexError):  # there is no p, or p is no number
        p = 1.0
    require(p < 1, "The model has no dropout: hand in a net that was made with a keep probability below 1.")


def assert_accuracy(student: CodeUnderTest, pictures: Pictures, part: int, mark: float) -> Any:
    """Check the accuracy of a student's own model on the validation pictures, and return the model.

    Parameters
    ----------
    student : CodeUnderTest
    pictures : Pictures
    part : int
        The part whose model is read.
    mark : float
        The accuracy that earns full points.

    Returns
    -------
    Handle
        The model.

    Raises
    ------
    Mismatch
        If the model was trained on other pictures, or classifies too few correctly.
    """
    load = student.framework.load_model if part == PART else partial(student.course.load_model, part)
    fingerprint, mean, model = load()
    require(equals(fingerprint, pictures.fingerprint), "The model was trained on other pictures than the ones here.")
    x, y = pictures.validation()
    reached = float((as_array("the predictions", student.course.predict(model, mean, x), y.shape) == y).mean())
    what = "synthetic validation pictures (practice)" if pictures.kind == "synthetic" else "validation pictures"
    message = f"The model is right on {reached:.1%} of the {what}; {mark:.0%} earns full points."
    require(reached >= mark, message)
    return model
