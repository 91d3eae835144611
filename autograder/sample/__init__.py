"""A sample class, made at run time from the reference: what a good, a poor, a broken and a hostile submission get."""

from .students import STUDENTS, make_class

__all__ = ["STUDENTS", "make_class"]
