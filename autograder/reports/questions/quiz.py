"""The questions for a learning management system: a QTI package for each student, which text2qti makes."""

import re
from collections.abc import Sequence
from pathlib import Path

from autograder.errors import SetupError

from .making import LETTERS, Question


class QuizError(SetupError):
    """No quiz can be written. One sentence says why."""


def write_quiz(questions: Sequence[Question], title: str, path: Path) -> None:
    """Write a QTI package with some questions.

    Parameters
    ----------
    questions : sequence of Question
    title : str
    path : Path
        The ZIP archive.

    Raises
    ------
    QuizError
        If text2qti is not installed.
    """
    try:
        from text2qti.config import Config
        from text2qti.qti import QTI
        from text2qti.quiz import Quiz
    except ModuleNotFoundError:
        raise QuizError("text2qti is not installed: run `pip install text2qti`.") from None
    config = Config()  # text2qti's own settings: it runs nothing that a quiz holds, and fetches nothing
    QTI(Quiz(as_text(questions, title), config=config, source_name=path.name)).save(str(path))


def as_text(questions: Sequence[Question], title: str) -> str:
    """Return the quiz in text2qti's language."""
    blocks = [f"Quiz title: {_plain(title)}", "shuffle answers: false"]
    for number, one in enumerate(questions, start=1):
        code = "\n".join(f"    {line:4d}  {text}" for line, text in one.code)
        lines = [f"{number}.  {_prose(one.place)}", "", "    ```", code, "    ```", ""]
        lines += [f"    {_prose(one.given)}", "", f"    {_prose(one.text)}"]
        for letter, choice in zip(LETTERS, one.choices, strict=False):
            mark = "*" if one.choices.index(choice) == one.right else ""
            lines.append(f"{mark}{letter}) {_prose(choice)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _prose(text: str) -> str:
    """Return text in which Markdown finds nothing but code: what a student wrote stays text."""
    pieces = re.split(r"(`[^`]+`)", _plain(text))
    return "".join(one if one.startswith("`") else re.sub(r"([\\*_\[\]<>$#~^{}|])", r"\\\1", one) for one in pieces)
