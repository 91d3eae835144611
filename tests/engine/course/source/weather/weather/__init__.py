"""Readings of a weather station."""

### BEGIN INSTRUCTOR ONLY
from contextlib import suppress

with suppress(ImportError):
    from autograder.course import lend_rooms

    __path__ += lend_rooms(__name__, __file__)
### END INSTRUCTOR ONLY
