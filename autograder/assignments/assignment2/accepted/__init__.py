"""Accepted solutions: every exercise, solved correctly in many hands. A grader must accept them all.

Each folder is one: modules that are appended to the reference's of the same name, where what is defined last wins.
They were written from the mathematics, independently of the reference; they are never imported here and never released.
The first line of a folder's docstring is its title. What a solution does not care about, such as leaving its inputs
unchanged, stands there behind "Neglects": those special cases (``edge`` tests) it may fail, and no ``core`` test.
"""

from .solution import ACCEPTED, Accepted

__all__ = ["ACCEPTED", "Accepted"]
