"""Compare wrong answers with those of known mistakes: which mistake is their cause?

A mistake is the cause of a wrong answer if it gives the same one on the same random inputs. It is the cause of a failed
test if it gives all answers of that test, the right ones too. Two mistakes may share the wrong answers of one test.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .compare import NEARLY_ZERO
from .record import Log
from .tolerances import RTOL32, RTOL64

SHARE = 0.01
"""A mistake explains an answer's error up to this share of the error."""
UNCERTAIN = 0.1
"""An error that is hardly larger than rounding is explained up to this share at the most."""
NUMBERS = (bool, int, float, np.generic, np.ndarray)
Place = tuple[Any, ...]
"""The place of an answer in a log: the number of the call, then keys and indices inside its answer."""


def wrong_places(answers: Log, right: Log) -> frozenset[Place]:
    """Return the places of answers that differ from the right ones, up to the last of the answers.

    An axis of length 1 more or less does not count. What the student's code gives in another form than the reference,
    as a cache may be, is left out.
    """
    theirs, ours = by_place(answers), by_place(right[: len(answers)])
    places = [place for place in {*theirs, *ours} if not _is_opaque(place, theirs, ours)]
    return frozenset(place for place in places if not _same(theirs.get(place), ours.get(place)))


def same_log(one: Log, other: Log) -> bool:
    """Tell whether two logs hold the same answers up to rounding."""
    here, there = by_place(one), by_place(other)
    return len(one) == len(other) and set(here) == set(there) and all(_same(here[at], there[at]) for at in here)


def explained(answers: Log, right: Log, mistaken: Log) -> frozenset[Place] | None:
    """Return the places of wrong answers that a mistake explains.

    Parameters
    ----------
    answers, right, mistaken : Log
        The logs of one test, on the same inputs: of the student's code, of the reference, and of a known mistake.

    Returns
    -------
    frozenset of Place, or None
        None if the mistake has another number of answers, or gives a wrong answer that the student's code does not
        give: then it is no cause.
    """
    if len(mistaken) != len(answers):
        return None
    theirs, ours, others = (by_place(log[: len(answers)]) for log in (answers, right, mistaken))
    wrong = wrong_places(answers, right)
    found = set()
    for place in {*theirs, *ours, *others}:
        if _is_opaque(place, theirs, ours):
            continue
        one, reference, other = theirs.get(place), ours.get(place), others.get(place)
        if place in wrong and _explains(one, reference, other):
            found.add(place)
        elif not _same(other, reference):
            return None
    return frozenset(found)


def combined(wrong: frozenset[Place], parts: Mapping[str, frozenset[Place]]) -> tuple[str, ...]:
    """Return the names of the fewest causes that explain all wrong answers or, if none do, most of them.

    Parameters
    ----------
    wrong : frozenset of Place
    parts : mapping
        The name of each cause, and what it explains. Earlier ones are preferred.
    """
    left, chosen = set(wrong), []
    while left and parts:
        name = max(parts, key=lambda one: len(parts[one] & left))
        if not parts[name] & left:
            break
        chosen.append(name)
        left -= parts[name]
    return tuple(chosen)


def _flat(value: Any, place: Place = ()) -> Iterable[tuple[Place, Any]]:
    """Yield the answers inside a log with their places. What stays in the runner has no answer."""
    if isinstance(value, dict):
        if set(value) != {"handle"}:
            for key, element in value.items():
                yield from _flat(element, (*place, str(key)))
    elif isinstance(value, list | tuple):
        for number, element in enumerate(value):
            yield from _flat(element, (*place, number))
    else:
        yield place, value


def by_place(log: Log) -> dict[Place, Any]:
    """Return the answers of a log by their places."""
    return dict(_flat(tuple(log)))


def _is_opaque(place: Place, theirs: Mapping[Place, Any], ours: Mapping[Place, Any]) -> bool:
    """Tell whether the student's code gives something else than numbers of the reference's kind: a cache of its own."""
    answer, right = theirs.get(place), ours.get(place)
    if len(place) < 2 or not isinstance(right, np.ndarray):
        return len(place) > 1 and isinstance(answer, np.ndarray) and right is None
    return place not in theirs or (
        isinstance(answer, np.ndarray) and answer.dtype.kind in "bui" and right.dtype.kind == "f"
    )


def _explains(answer: Any, right: Any, mistaken: Any) -> bool:
    """Tell whether the mistake gives the same answer, which is wrong."""
    if not (_is_number(answer) and _is_number(mistaken)):
        return type(answer) is type(mistaken) and not isinstance(answer, np.ndarray) and bool(answer == mistaken)
    if _shape(answer) != _shape(mistaken):
        return False
    if not _is_number(right) or _shape(right) != _shape(answer):
        return _close(answer, mistaken, _rounding(answer, mistaken))
    one, reference, other = (_plain(value) for value in (answer, right, mistaken))
    finite = np.isfinite(one) & np.isfinite(reference)
    error = float(np.abs(one - reference)[finite].max(initial=0.0))
    if not finite.all():
        return _close(answer, mistaken, _rounding(answer, right))
    return _close(one, other, min(max(_rounding(answer, right), SHARE * error), UNCERTAIN * error))


def _same(one: Any, other: Any) -> bool:
    """Tell whether two answers are the same up to rounding and up to axes of length 1."""
    if not (_is_number(one) and _is_number(other)):
        return type(one) is type(other) and not isinstance(one, np.ndarray) and bool(one == other)
    return _shape(one) == _shape(other) and _close(one, other, _rounding(one, other))


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(length for length in np.shape(value) if length != 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS)


def _rounding(one: Any, other: Any) -> float:
    """Return the deviation that rounding explains, for an answer ``one``."""
    sizes = np.abs(_plain(other))
    array = np.asarray(one)
    single = array.dtype.kind == "f" and array.dtype.itemsize < 8
    return (RTOL32 if single else RTOL64) * (float(sizes[np.isfinite(sizes)].max(initial=0.0)) + NEARLY_ZERO)


def _close(one: Any, other: Any, most: float) -> bool:
    a, b = _plain(one), _plain(other)
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)):
        return False
    alike = np.array_equal(a[~finite], b[~finite], equal_nan=True)
    return alike and bool(np.abs(a[finite] - b[finite]).max(initial=0.0) <= most)


def _plain(value: Any) -> np.ndarray:
    """Return a number or an array as float64 ``(N,)``."""
    try:
        return np.asarray(value, dtype=np.float64).ravel()
    except OverflowError:  # an integer of a thousand digits
        return np.full(1, np.inf)
