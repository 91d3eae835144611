"""The profile of runners in tests of the sandbox: for judging assignment 2 or, without it, the small assignment."""

from dataclasses import replace

from autograder.sandbox.profiles import for_judging
from tests.conftest import HAS_ASSIGNMENT
from tests.engine.conftest import SMALL_ASSIGNMENT

PACKAGE = "cs231n"
"""The name of the package that these tests write."""

if HAS_ASSIGNMENT:
    from tests.assignment2 import ASSIGNED
else:
    ASSIGNED = SMALL_ASSIGNMENT

JUDGING = replace(for_judging(ASSIGNED, ASSIGNED.parts[0]), package=PACKAGE)
