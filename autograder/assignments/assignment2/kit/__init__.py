"""What assignment 2 adds to the engine: for its judge, beside a submission, and for its students.

``judge`` is never staged and never released; ``runner`` lies beside each submission and in the release; ``student`` in
the release only.
"""

from .student.saving import save_model

__all__ = ["save_model"]
