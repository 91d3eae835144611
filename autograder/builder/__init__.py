"""From the instructor's source to the students' release: strip, record, assemble, scan."""

from .release import configure

__all__ = ["configure"]
