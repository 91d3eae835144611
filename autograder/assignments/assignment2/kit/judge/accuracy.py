"""Judges the accuracy of the submitted model. The labels of the pictures stay in the judge.

The runner rebuilds the model with the student's code and predicts shuffled pictures. See ``nets`` for short trainings.
"""

from functools import cached_property
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest, Handle
from autograder.checks.compare import Mismatch, as_array, require
from autograder.judge.context import Context
from autograder.judge.credit import NotGraded, Open, PartialCredit

from ..student.pictures import Pictures

TEST_PICTURES = 2000
ALTERED_PICTURES = 500
PREDICTING_SECONDS, LEAST_PICTURES, AT_ONCE = 30.0, 750, 250
"""Prediction stops after this many seconds, but not before this many pictures; each call predicts this many."""
SUSPICIOUS_DROP = 0.25
"""A trained model loses a few points on flipped and shifted pictures; a model that looks pictures up loses all."""
SLOPE = 0.10
"""Credit falls linearly from full at the mark to zero at this distance below the mark."""


class Accuracy:
    """Judges the model that was saved for the part.

    Parameters
    ----------
    context : Context
    pictures : Pictures
    student : CodeUnderTest
        The submission in its runner.
    rng : numpy.random.Generator
        Chooses and shuffles pictures.
    flags : list of str
        Receives a sentence if the result looks suspicious.
    """

    def __init__(
        self, context: Context, pictures: Pictures, student: CodeUnderTest, rng: np.random.Generator, flags: list[str]
    ) -> None:
        self._context = context
        self._pictures = pictures
        self._student = student
        self._rng = rng
        self._flags = flags

    @cached_property
    def model(self) -> Any:
        """The submitted model, rebuilt in the runner: a handle.

        Raises
        ------
        NotGraded
            If the submission has neither the notebook nor the model.
        Open
            If the model was trained on other data than the judge's.
        Mismatch
            If the runner returns anything but a fingerprint, a mean picture and a model.
        """
        part, files = self._context.part, self._context.submission.files
        if part.model not in files and part.notebook not in files:
            raise NotGraded(f"Neither {part.notebook} nor {part.model} was handed in.")
        match self._student.framework.load_model() if part.framework else self._student.course.load_model(part.number):
            case (str(fingerprint), mean, Handle() as model):
                self._mean = as_array("the mean picture", mean)
            case _:
                raise Mismatch("type", f"{part.model} did not come back as a model.")
        require(self._mean.shape == (3, 32, 32), "The mean picture does not have shape (3, 32, 32).", "shape")
        if fingerprint != self._pictures.fingerprint:
            theirs, here = _named(fingerprint), _named(self._pictures.fingerprint)
            raise Open(f"The model was trained on {theirs} and is not judged on {here}: choose pictures with --data.")
        return model

    def judge(self, mark: float) -> None:
        """Give full credit if the accuracy is at least ``mark``.

        Raises
        ------
        NotGraded, Open
            As for `model`.
        PartialCredit
            Below the mark.
        """
        model = self.model
        x, y = self._unseen()
        order = self._rng.permutation(len(x))
        x, y = x[order], y[order]
        right = self._tell(model, x, y)
        x, y = x[: len(right)], y[: len(right)]
        reached = float(right.mean())
        self._look_for_lookup(model, x, y, right)
        if reached < mark:
            message = f"The model is right on {reached:.1%} of {len(x)} pictures; {mark:.0%} earns full points."
            raise PartialCredit(max(0.0, 1 - (mark - reached) / SLOPE), message)

    def _unseen(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the validation pictures and some random test pictures, with their labels."""
        x, y = self._pictures.validation()
        test_x, test_y = self._pictures.test()
        chosen = self._rng.choice(len(test_x), TEST_PICTURES, replace=False)
        return np.concatenate([x, test_x[chosen]]), np.concatenate([y, test_y[chosen]])

    def _tell(self, model: object, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return which pictures the model classifies correctly; for a slow model, only the first pictures."""
        until = self._context.clock() + PREDICTING_SECONDS
        right: list[np.ndarray] = []
        for start in range(0, len(x), AT_ONCE):
            if start >= LEAST_PICTURES and self._context.clock() > until:
                break
            some = slice(start, start + AT_ONCE)
            right.append(self._predict(model, x[some]) == y[some])
        return np.concatenate(right)

    def _predict(self, model: object, x: np.ndarray) -> np.ndarray:
        labels = as_array("the predictions", self._student.course.predict(model, self._mean, x))
        require(
            labels.shape == (len(x),),
            f"The model returns an array {labels.shape} as predictions for {len(x)} pictures.",
            "shape",
        )
        return labels

    def _look_for_lookup(self, model: object, x: np.ndarray, y: np.ndarray, right: np.ndarray) -> None:
        some = self._rng.choice(len(x), min(ALTERED_PICTURES, len(x) // 6), replace=False)
        plain = float(right[some].mean())
        flipped = x[some][..., ::-1]
        noise = self._rng.integers(-2, 3, x[some].shape)  # a lookup table can undo flips and shifts, but not noise
        shifted = np.clip(np.roll(x[some], 1, axis=3) + noise, 0, 255).astype(np.uint8)
        alterations = {"flipped": flipped, "shifted by a pixel, with a little noise": shifted}
        for what, pictures in alterations.items():
            reached = float((self._predict(model, np.ascontiguousarray(pictures)) == y[some]).mean())
            if plain - reached > SUSPICIOUS_DROP:
                self._flags.append(
                    f"The model of part {self._context.part.number} is right on {plain:.1%} of {len(some)} pictures "
                    f"but on {reached:.1%} of the same ones {what}: were test pictures memorised or looked up?"
                )


def _named(fingerprint: object) -> str:
    """Return the name of a fingerprint's pictures, in the student's words."""
    kind, _, digest = str(fingerprint).partition("-")
    names = {"cifar10": "CIFAR-10", "synthetic": "the synthetic pictures"}
    return f"{names.get(kind, 'other pictures')} ({digest[:8]})"
