"""The kit of assignment 2: what it adds to the engine.

``judge`` serves the judge: it is never staged and never released. ``runner`` lies beside each submission and in the
release. ``student`` lies in the release only.
"""

from .student.saving import save_model

__all__ = ["save_model"]
