"""The suite covers every class, and the threat model's page lists the current suite."""

from collections import Counter

from . import CLASS_SUITE, SUITE
from .__main__ import PAGE, page
from .attack import CLASSES

EVERYTHING = (*SUITE, *CLASS_SUITE)


def test_every_class_has_several_attacks() -> None:
    counts = Counter(attack.kind for attack in EVERYTHING)
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) >= 4
    assert len(EVERYTHING) >= 80


def test_names_are_unique() -> None:
    assert Counter(attack.name for attack in EVERYTHING).most_common(1)[0][1] == 1


def test_every_attack_has_its_proof() -> None:
    for attack in SUITE:
        assert attack.runs or attack.shows or attack.refused, attack.name
        assert {3, 2} & set(attack.levels), attack.name


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.attacks and commit docs/threat-model.md"
