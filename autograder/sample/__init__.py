"""A sample class, made at run time from the reference: what a good, a poor, a broken and a hostile submission get."""

from .students import make_class, students_of

__all__ = ["make_class", "students_of"]
