"""The exchange's two notes beside a submission: when it was handed in, and the secret of its feedback.

nbgrader names released feedback after the secret, so that only the student who holds it finds the pages. It looks for
both notes in ``autograded``. In ``submitted`` they lie among the student's files: they may be links, pipes or garbage.
"""

import re
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder import files

TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
NOTES = (TIMESTAMP, SECRET)
MOST = 1024
"""Bytes of a note; nbgrader's secrets have 128."""
IS_SECRET = re.compile(r"[0-9A-Za-z_-]{16,1000}")


def carry(submitted: Path, graded: Path, own: bool, permissions: int) -> None:
    """Give a graded folder the notes of its submission. Remove notes that the submission does not have.

    Parameters
    ----------
    submitted, graded : Path
        The folders of a student in ``submitted`` and ``autograded``.
    own : bool
        Whether this student handed in the submission. The other members of a group cannot fetch its feedback, and a
        secret in their folders would publish their pages in place of those of the one who can.
    permissions : int
        The mode of the new files.
    """
    secret = _secret(submitted / SECRET) if own else ""
    # nbgrader stops at a time that it cannot read, and goes on at an empty file.
    notes = {TIMESTAMP: _time(submitted / TIMESTAMP), SECRET: secret}
    for name, text in notes.items():
        path = graded / name
        if not text and not (name == TIMESTAMP and secret):
            path.unlink(missing_ok=True)
        elif _read(path) != text or path.is_symlink():
            files.write(path, text.encode())
            path.chmod(permissions)


def secret_of(folder: Path) -> str:
    """Return the secret under which the feedback in a folder can be released, or ""."""
    return _secret(folder / SECRET)


def _secret(path: Path) -> str:
    text = (_read(path) or "").strip()
    return text if IS_SECRET.fullmatch(text) else ""


def _time(path: Path) -> str:
    text = (_read(path) or "").strip()
    try:
        parse_utc(text)
    except Exception:  # dateutil raises many exceptions on garbage, and not all are documented
        return ""
    return text


def _read(path: Path) -> str | None:
    """Return a note's text, or None if there is no small plain file with text."""
    content = files.read_plain(path, MOST + 1)
    try:
        return content.decode("ascii") if content is not None and len(content) <= MOST else None
    except UnicodeDecodeError:
        return None
