"""A sample class, made at run time from the reference: good, poor, broken and hostile submissions."""

from .students import make_class, students_of

__all__ = ["make_class", "students_of"]
