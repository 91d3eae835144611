"""Judges the accuracy of the submitted model. The labels of the pictures stay in the judge.

The runner rebuilds the model with the student's code and predicts shuffled pictures. See ``nets`` for short trainings.
"""

from functools import cached_property
from typing import Any

import numpy as np

from autograder.checks.answers import Answer
from autograder.checks.code_under_test import CodeUnderTest, Handle
from autograder.checks.compare import Mismatch, as_array, as_text, require
from autograder.judge.context import Context
from autograder.judge.credit import NotGraded, Open, PartialCredit
from autograder.verdict import Measured

from .judged import Judged

TEST_PICTURES = 2000
ALTERED_PICTURES = 500
AT_ONCE = 250
"""Each call predicts this many pictures."""
ALL_SECONDS, MOST_SECONDS, LEAST_PICTURES = 30.0, 60.0, 750
"""A net of a framework classifies all test pictures if that takes at most so many seconds of processor time. A model
that needs more than the second number for `TEST_PICTURES` classifies only `LEAST_PICTURES`."""
GAP_DEVIATIONS = 4.0
"""A model is flagged if it is better on the validation pictures than on the test pictures by more standard deviations
than this: 0.08 for 1,000 and 2,000 pictures. Of models that were not trained on the validation pictures, 1 of 30,000 is
flagged; of models that are the best of 20 on them, at most 1 of 1,500; of the best of 100, at most 1 of 300."""
SUSPICIOUS_DROP = 0.25
"""A trained model loses a few points on flipped and shifted pictures; a model that looks pictures up loses all."""
SLOPE = 0.10
"""Credit falls linearly from full at the mark to zero at this distance below the mark."""


class Accuracy:
    """Judges the model that was saved for the part.

    Parameters
    ----------
    context : Context
    pictures : Judged
    student : CodeUnderTest
        The submission in its runner.
    rng : numpy.random.Generator
        Chooses and shuffles pictures.
    flags : list of str
        Receives a sentence if the result looks suspicious.
    """

    def __init__(
        self, context: Context, pictures: Judged, student: CodeUnderTest, rng: np.random.Generator, flags: list[str]
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
            case (named, mean, Handle() as model):
                fingerprint = as_text("the name of the model's data", named)
                self._mean = as_array("the mean picture", mean, (3, 32, 32), exact_shape=True)
            case _:
                raise Mismatch("type", f"{part.model} did not come back as a model.")
        if fingerprint != self._pictures.fingerprint:
            theirs, here = _named(fingerprint), _named(self._pictures.fingerprint)
            raise Open(f"The model was trained on {theirs} and is not judged on {here}: choose pictures with --data.")
        return model

    def judge(self, mark: float) -> None:
        """Give full credit if the accuracy on test pictures is at least ``mark``.

        The pictures and their order are the same for all submissions, so the same model always gets the same credit.

        Raises
        ------
        NotGraded, Open
            As for `model`.
        PartialCredit
            Below the mark.
        """
        model = self.model
        x, y = self._test_pictures()
        right = self._tell(model, x, y)
        x, y = x[: len(right)], y[: len(right)]
        reached = float(right.mean())
        self._context.measured = Measured(reached, mark, self._pictures.is_practice)
        self._look_for_lookup(model, x, y, right)
        self._look_for_tuning(model, right)
        if reached < mark:
            what = "synthetic pictures (practice)" if self._pictures.is_practice else "pictures"
            message = f"The model is right on {reached:.1%} of {len(x)} {what}; {mark:.0%} earns full points."
            raise PartialCredit(max(0.0, 1 - (mark - reached) / SLOPE), message)

    def _test_pictures(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the test pictures and their labels, in an order that only the secret and the part decide."""
        x, y = self._pictures.test()
        order = self._context.common_rng("test pictures").permutation(len(x))
        return x[order], y[order]

    def _tell(self, model: object, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return which pictures the model classifies correctly: all, or the first ones if it is slow."""
        right: list[np.ndarray] = []
        number, warm = TEST_PICTURES, 0.0
        for start in range(0, len(x), AT_ONCE):
            if start == AT_ONCE:  # the first call may compile
                warm = self._context.worked()
            if start == LEAST_PICTURES:
                number = self._number((self._context.worked() - warm) / (LEAST_PICTURES - AT_ONCE), len(x))
            if start >= number:
                break
            some = slice(start, start + AT_ONCE)
            right.append(self._predict(model, x[some]) == y[some])
        return np.concatenate(right)

    def _number(self, seconds: float, all_pictures: int) -> int:
        """Return how many pictures are judged if one takes so many seconds of processor time."""
        if self._context.part.framework and seconds * all_pictures <= ALL_SECONDS:
            return all_pictures
        return TEST_PICTURES if seconds * TEST_PICTURES <= MOST_SECONDS else LEAST_PICTURES

    def _predict(self, model: object, x: np.ndarray) -> np.ndarray:
        labels, many = self._student.course.predict(model, self._mean, x), len(x)
        if isinstance(labels, Answer):
            message = f"The model returns an array {labels.shape} as predictions for {many} pictures."
            require(labels.shape == (many,), message, "shape")
        return as_array("the array of predictions", labels, (many,))

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

    def _look_for_tuning(self, model: object, right: np.ndarray) -> None:
        """Flag a model that is much better on the validation pictures, which its author has, than on test pictures."""
        x, y = self._pictures.validation()
        x, y = x[: len(right)], y[: len(right)]
        reached = float(right.mean())
        labels = [self._predict(model, x[start : start + AT_ONCE]) for start in range(0, len(x), AT_ONCE)]
        known = float((np.concatenate(labels) == y).mean())
        if known - reached > suspicious_gap(known, len(y), reached, len(right)):
            self._flags.append(
                f"The model of part {self._context.part.number} is right on {known:.1%} of the validation pictures but "
                f"on {reached:.1%} of the test pictures: was it trained or tuned on the validation pictures?"
            )


def suspicious_gap(known: Any, validation: int, reached: Any, test: int) -> Any:
    """Return how much better a model may be on the validation pictures than on the test pictures.

    Parameters
    ----------
    known, reached : float or ndarray
        The accuracies on both.
    validation, test : int
        The numbers of pictures.
    """
    share = (known * validation + reached * test) / (validation + test)
    return GAP_DEVIATIONS * np.sqrt(share * (1 - share) * (1 / validation + 1 / test))


def _named(fingerprint: object) -> str:
    """Return the name of a fingerprint's pictures, in the student's words."""
    kind, _, digest = str(fingerprint).partition("-")
    names = {"cifar10": "CIFAR-10", "synthetic": "the synthetic pictures"}
    return f"{names.get(kind, 'other pictures')} ({digest[:8]})"
