"""Hints in steps: what is wrong and where, then a question, then the idea; each is asked for, none is a solution.

The steps of a known mistake come before those of its exercise. How many a release holds is the course's choice.
"""

from dataclasses import dataclass

from pulse.checks.check import CheckFailed, own_folder
from pulse.checks.public import Failure, PublicTests

from .ask import Asker
from .result import Result
from .standing import RIGHT, WAITS, state_of, unknown

TITLES = ("What is wrong", "A question", "The idea")
_SHOWN: dict[str, tuple[str, int]] = {}
"""For each exercise, the failure whose steps were shown last, and how many of them."""


@dataclass(frozen=True)
class Hint:
    """The steps for a failure.

    Attributes
    ----------
    exercise : str
    steps : tuple of str
        The first says what is wrong; later ones lead on.
    failure : Failure
    """

    exercise: str
    steps: tuple[str, ...]
    failure: Failure

    def step(self, number: int) -> str:
        """Return a step with its title; ``number`` counts from 1."""
        title = TITLES[number - 1] if number <= len(TITLES) else "More"
        return f"{title} (step {number} of {len(self.steps)}): {self.steps[number - 1]}"


def later_steps(public: PublicTests, exercise: str, failure: Failure) -> tuple[str, ...]:
    """Return the steps behind the first one: those of the known mistake, or those of the exercise."""
    own = public.mistakes.get(failure.mistake, {}).get("steps", ())
    return tuple(own or public.steps.get(exercise, ()))


def hint_for(public: PublicTests, exercise: str, failure: Failure) -> Hint:
    """Return the steps for a failure of an exercise."""
    return Hint(exercise, ("\n".join(failure.lines()), *later_steps(public, exercise, failure)), failure)


def hint(exercise: str, step: int = 0) -> None:
    """Print the next step of the hint for what is wrong with an exercise; each call goes one step on.

    Parameters
    ----------
    exercise : str
        An exercise id, such as "affine_forward".
    step : int
        The number of a step; 0 for the next one.

    Raises
    ------
    CheckFailed
        If there is no such exercise.
    """
    public = PublicTests(own_folder())
    if not public.of(exercise):
        raise CheckFailed(unknown(exercise, public.facts))
    asker = Asker(public)
    print(next_step(public, exercise, asker.results(exercise), step))


def next_step(public: PublicTests, exercise: str, results: dict[str, Result], step: int = 0) -> str:
    """Return the next step for an exercise: again the first one if it fails in another way than before.

    Parameters
    ----------
    public : PublicTests
    exercise : str
    results : dict of Result
        The outcomes of the exercise and of those on whose code its tests run.
    step : int
        The number of a step; 0 for the next one.
    """
    state, waits_for = state_of(results[exercise], results)
    failure = results[exercise].first
    if state == RIGHT or failure is None:
        return f"{exercise} is right: the public checks find nothing."
    if state == WAITS:
        return f"{exercise} runs on {waits_for}, which is not right yet: fix that first."
    found = hint_for(public, exercise, failure)
    before, count = _SHOWN.get(exercise, ("", 0))
    number = step or (count + 1 if before == found.steps[0] else 1)
    if number > len(found.steps):
        return f"There are no more steps for {exercise}. Look at step 1 again: {found.steps[0]}"
    _SHOWN[exercise] = found.steps[0], number
    return found.step(number)
