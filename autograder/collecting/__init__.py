"""Whose hand-in it is and when it came: names, times, groups, the exchange's notes, an LMS's downloads."""

from .downloads import configure

__all__ = ["configure"]
