"""From the recording of a pulse to the rhythm of a heart."""

### BEGIN INSTRUCTOR ONLY
from contextlib import suppress

with suppress(ImportError):
    from autograder.course import lend_rooms

    __path__ += lend_rooms(__name__, __file__)
### END INSTRUCTOR ONLY
