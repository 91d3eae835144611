"""Say which form an answer has and which one is expected, where a test could not use it."""

from typing import Any

import numpy as np

from autograder.checks.record import Log, Recorded


def other_form(student: Recorded, right: Log) -> str:
    """Return a sentence about the first answer whose form differs from the reference's, or "".

    Parameters
    ----------
    student : Recorded
        The answers of the student's code in a test.
    right : Log
        The answers of the reference.
    """
    for number, (answer, expected) in enumerate(zip(student.log, right, strict=False)):
        found, wanted = form_of(answer), form_of(expected)
        if found != wanted and not _is_free(answer, expected):
            return f"{_source(student.answered[: number + 1])} {found}; {wanted} is expected."
    return ""


def form_of(answer: Any) -> str:
    """Return the form of an answer in words: "an array of shape (2, 3)"."""
    if answer is None:
        return "None"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    if isinstance(answer, dict) and set(answer) == {"handle"}:
        return f"a {str(answer['handle'])[:80]}"
    if isinstance(answer, tuple):
        parts = [form_of(element) for element in answer[:4]] + ["more"] * (len(answer) > 4)
        return f"a tuple of {', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else f"a tuple of {len(parts)}"
    kinds = {bool: "a truth value", int: "a number", float: "a number", str: "a text", list: "a list"}
    return kinds.get(type(answer), f"a {type(answer).__name__}")


def _is_free(answer: Any, expected: Any) -> bool:
    """Tell whether only what stays with the student's code differs: a cache may have any form."""
    if isinstance(answer, tuple) and isinstance(expected, tuple) and len(answer) == len(expected):
        return all(
            form_of(one) == form_of(other) or _is_free(one, other) for one, other in zip(answer, expected, strict=True)
        )
    return isinstance(answer, dict) and isinstance(expected, dict) and "handle" in answer and "handle" in expected


def _source(answered: list[str]) -> str:
    """Return what gave the last answer, as the beginning of a sentence."""
    last = answered[-1]
    if last.startswith("["):
        return f"At {last[1:-1]!r} there is"
    if last.startswith("."):
        return f"{last[1:]} is"
    name = last or next((one for one in reversed(answered) if one.startswith(".")), "")
    return f"{name.rpartition('.')[2]} returns" if name else "The result is"
