"""An auto-grading engine: a trusted judge asks questions of an untrusted runner and gets back only plain data."""

__version__ = "0.1.0"
