"""Assignment 2 for the tests of its grader: its name, folders, settings, mistakes and accepted solutions."""

from pathlib import Path

from autograder.assignment import read_assignment
from autograder.catalogue import accepted_of, mistakes_of

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "assignment2"
GRADER = ROOT / "autograder" / "assignments" / ASSIGNMENT
HIDDEN = GRADER / "hidden"
ASSIGNED = read_assignment(GRADER, ROOT / "source" / ASSIGNMENT)
CATALOGUE = mistakes_of(ASSIGNED)
ACCEPTED = accepted_of(ASSIGNED)
