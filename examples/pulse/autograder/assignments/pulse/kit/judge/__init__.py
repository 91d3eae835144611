"""What the assignment adds to the judge: recordings with secret labels, and the credit for right answers."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import PartialCredit, as_array, fixtures, require
from autograder.kit import Data, JudgeKit

JUDGED = Path(__file__).resolve().parents[2] / "recordings" / "judged.csv"
RATE = 20.0
"""Samples per second."""
FULL, NOTHING = 0.9, 0.6
"""The share of right answers from which on all points are given, and up to which none are."""


class Fixtures(fixtures.Fixtures):
    """What hidden tests may ask for besides the engine's fixtures."""

    @cached_property
    def recordings(self) -> tuple[np.ndarray, np.ndarray]:
        """Signals (N, 200) in an order of this submission's own, and whether each is irregular (N,)."""
        rows = np.loadtxt(JUDGED, delimiter=",")
        rows = self.rng.permutation(rows)
        return rows[:, 1:], rows[:, 0] == 1


class Kit(JudgeKit):
    """The hooks of this assignment."""

    def fixtures(self) -> type[Fixtures]:
        """Return what hidden tests may ask for."""
        return Fixtures

    def data(self) -> Data:
        """Return the recordings' name and fingerprint, so that a verdict on other recordings is another verdict."""
        return Data("recordings", hashlib.sha256(JUDGED.read_bytes()).hexdigest()[:16])

    def possible(self, function: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a window has a middle, a band its ends in order, and a line two samples."""
        name = function.rpartition(".")[2]
        if name == "moving_average":
            return bool(arguments["width"] % 2 == 1)
        if name == "band_pass":
            return bool(0 < arguments["low"] < arguments["high"])
        return name != "detrend" or len(arguments["signal"]) >= 2


def assert_told_right(answers: list[object], expected: np.ndarray, measure: Callable[..., None]) -> None:
    """Give credit for the share of recordings that were told right.

    Parameters
    ----------
    answers : list
        What the student's function returned for each recording.
    expected : ndarray of bool, shape (N,)
    measure : callable
        The fixture that keeps the share of right answers.

    Raises
    ------
    Mismatch
        If an answer is neither True nor False.
    PartialCredit
        If fewer are right than full points ask for.
    """
    require(all(np.shape(answer) == () for answer in answers), "is_irregular must return True or False.")
    told = [as_array("the answer", answer, ()) for answer in answers]
    require(all(one in (0, 1) for one in told), "is_irregular must return True or False.")
    reached = float((np.array(told) == expected).mean())
    measure(reached, FULL)
    if reached < FULL:
        credit = max(0.0, (reached - NOTHING) / (FULL - NOTHING))
        said = (
            f"It is right about {reached:.1%} of {len(expected)} recordings; full points are given from {FULL:.0%} on."
        )
        raise PartialCredit(credit, said)
