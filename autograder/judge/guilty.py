"""Find the line of the student's code that sets the first wrong answer of a failed test.

The runner finds the line, because only it reads the student's code. What it says is shown to the student alone.
"""

from autograder.checks.causes import Place
from autograder.checks.compare import Mismatch
from autograder.sandbox.client import Remote

from .hints import Failed


def guilty_line(failed: Failed, wrong: frozenset[Place], exercise: str) -> str:
    """Return the place and the text of the line that sets a wrong answer, or "".

    Parameters
    ----------
    failed : Failed
        A test that failed by a comparison. An exception has a line of its own.
    wrong : frozenset of Place
        The places of its wrong answers.
    exercise : str
        The exercise. A wrong answer of a function with another name leads elsewhere.
    """
    if not isinstance(failed.error, Mismatch) or not isinstance(failed.recorded.backend, Remote):
        return ""
    for place in sorted(wrong, key=lambda place: place[0]):
        source = failed.answered[place[0]]
        key = source[1:-1] if source.startswith("[") else ""
        path = source if not key else _method(failed.answered[: place[0]])
        if not path or (not key and path.rpartition(".")[2] != exercise):
            continue
        element = place[1] if len(place) > 1 and isinstance(place[1], int) else None
        found = failed.recorded.backend.origin(path, element, key)
        if found:
            return found
    return ""


def _method(answered: list[str]) -> str:
    """Return the method that gave an element: the last one that was asked for, of the last class that was called."""
    maker = next((path for path in reversed(answered) if path.rpartition(".")[2][:1].isupper()), "")
    method = next((path for path in reversed(answered) if path.startswith(".")), "")
    return maker + method if maker and method else ""
