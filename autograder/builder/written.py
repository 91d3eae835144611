"""Extra credit that grading wrote into the gradebook. Any other extra credit was entered by a person."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from autograder.course import facts_folder

Written = Mapping[tuple[str, str, str], Collection[float]]
"""All extra credit that grading wrote, by the student, the notebook and the cell."""


class _Facts(msgspec.Struct):
    """The one of a student's facts that builds need: see ``grading.facts``, which writes them."""

    extras: dict[str, dict[str, tuple[float, ...]]] = {}


def written(root: Path, assignment: str) -> Written:
    """Return what grading wrote, from the facts that it keeps. Facts that cannot be read hold nothing."""
    found: defaultdict[tuple[str, str, str], tuple[float, ...]] = defaultdict(tuple)
    for path in facts_folder(root, assignment).glob("*.json"):
        try:
            facts = msgspec.json.decode(path.read_bytes(), type=_Facts)
        except (OSError, msgspec.DecodeError, ValueError):
            continue
        for notebook, cells in facts.extras.items():
            for cell, values in cells.items():
                found[path.stem, notebook, cell] = values
    return found
