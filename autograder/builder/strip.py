"""Take the solutions out of a module: the same markers as in notebook cells, indentation and signatures kept.

Text in, text out; nothing is read or written here.
"""

import ast
import re

from autograder.errors import SetupError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_INSTRUCTOR, END_INSTRUCTOR = "### BEGIN INSTRUCTOR ONLY", "### END INSTRUCTOR ONLY"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
MARKERS = (BEGIN, END, BEGIN_INSTRUCTOR, END_INSTRUCTOR, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


class StripError(SetupError):
    """A module's markers do not match up: one sentence says where."""


def strip(text: str, name: str) -> str:
    """Return a module as students receive it.

    Parameters
    ----------
    text : str
        The instructor's module.
    name : str
        Its name, for messages.

    Returns
    -------
    str
        Each solution region replaced by a stub at its indentation, each instructor's region left out.

    Raises
    ------
    StripError
        If a marker has no partner, regions are nested, or what remains is no valid Python.
    """
    kept: list[str] = []
    inside = ""
    for number, line in enumerate(text.split("\n"), start=1):
        marker = next((marker for marker in (BEGIN, END, BEGIN_INSTRUCTOR, END_INSTRUCTOR) if marker in line), "")
        if marker in (BEGIN, BEGIN_INSTRUCTOR):
            if inside:
                raise StripError(f"{name}, line {number}: a region begins inside another one.")
            inside = marker
            if marker == BEGIN:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + stub for stub in STUB]
        elif marker:
            if inside != marker.replace("END", "BEGIN"):
                raise StripError(f"{name}, line {number}: a region ends that did not begin.")
            inside = ""
        elif not inside:
            kept.append(line)
    if inside:
        raise StripError(f"{name}: a region does not end.")
    stripped = re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)).rstrip("\n") + "\n"
    if name.endswith(".py"):
        try:
            ast.parse(stripped)
        except SyntaxError as error:
            raise StripError(f"{name}: without its solutions it is no valid Python ({error}).") from None
    return stripped


def solution_lines(text: str) -> tuple[list[str], list[str]]:
    """Return the lines inside solution regions, and those outside all regions, without indentation."""
    lines: dict[str, list[str]] = {"": [], BEGIN: [], BEGIN_INSTRUCTOR: []}
    region = ""
    for line in text.split("\n"):
        if BEGIN in line or BEGIN_INSTRUCTOR in line:
            region = BEGIN if BEGIN in line else BEGIN_INSTRUCTOR
        elif END in line or END_INSTRUCTOR in line:
            region = ""
        else:
            lines[region].append(line.strip())
    return lines[BEGIN], lines[""]


def reveal(text: str) -> str:
    """Return a module or cell as a student would hand it in who solved all of it: no markers, no instructor's lines."""
    kept: list[str] = []
    instructor = False
    for line in text.split("\n"):
        if BEGIN_INSTRUCTOR in line or END_INSTRUCTOR in line:
            instructor = BEGIN_INSTRUCTOR in line
        elif not instructor and BEGIN not in line and END not in line:
            kept.append(line)
    return "\n".join(kept)
