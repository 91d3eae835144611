"""The attack suite: hostile submissions of every class in the threat model (docs/threat-model.md)."""

from . import (
    archives,
    bombs,
    cheats,
    compiling,
    ending,
    forging,
    liars,
    looking,
    notebooks,
    patching,
    powers,
    reports,
    science,
    swelling,
)
from .attack import Attack

SUITE: tuple[Attack, ...] = (
    *liars.ATTACKS,
    *notebooks.ATTACKS,
    *patching.ATTACKS,
    *ending.ATTACKS,
    *forging.ATTACKS,
    *science.ATTACKS,
    *cheats.ATTACKS,
    *looking.ATTACKS,
    *powers.ATTACKS,
    *bombs.ATTACKS,
    *swelling.ATTACKS,
    *compiling.ATTACKS,
    *archives.ATTACKS,
)
"""Attacks that are judged one by one, see ``test_attacks``."""
CLASS_SUITE: tuple[Attack, ...] = (*notebooks.CLASS_ATTACKS, *reports.CLASS_ATTACKS)
"""Attacks that nbgrader grades as the students of one class, see ``test_class``."""
