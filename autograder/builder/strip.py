"""Strip the solutions from a module. The markers are those of notebook cells; indentation and signatures stay.

The functions take and return text. They read and write no files.
"""

import ast
import re

from autograder.errors import SetupError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_INSTRUCTOR, END_INSTRUCTOR = "### BEGIN INSTRUCTOR ONLY", "### END INSTRUCTOR ONLY"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
MARKERS = (BEGIN, END, BEGIN_INSTRUCTOR, END_INSTRUCTOR, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


class StripError(SetupError):
    """A module cannot be stripped. The message says where its markers do not match, or why it is not valid Python."""


def strip(text: str, name: str) -> str:
    """Return a module as students receive it.

    Parameters
    ----------
    text : str
        The instructor's module.
    name : str
        The module's name, for messages.

    Returns
    -------
    str
        The module with a stub, of the same indentation, for each solution region, and without instructor's regions.

    Raises
    ------
    StripError
        If a marker has no partner, regions are nested, or the stripped module is not valid Python.
    """
    kept: list[str] = []
    inside, begun = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        marker = next((marker for marker in (BEGIN, END, BEGIN_INSTRUCTOR, END_INSTRUCTOR) if marker in line), "")
        if marker in (BEGIN, BEGIN_INSTRUCTOR):
            if inside:
                raise StripError(
                    f"{name}, line {number}: a region begins inside the region that begins in line {begun}."
                )
            inside, begun = marker, number
            if marker == BEGIN:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + stub for stub in STUB]
        elif marker:
            if inside != marker.replace("END", "BEGIN"):
                raise StripError(f"{name}, line {number}: this end marker has no begin marker.")
            inside = ""
        elif not inside:
            kept.append(line)
    if inside:
        raise StripError(f"{name}, line {begun}: this region has no end marker.")
    stripped = re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)).rstrip("\n") + "\n"
    if name.endswith(".py"):
        try:
            ast.parse(stripped)
        except SyntaxError as error:
            raise StripError(f"{name}: without its solutions, the module is not valid Python ({error}).") from None
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
    """Return a solved module or cell as a student hands it in: without markers and instructor's lines."""
    kept: list[str] = []
    instructor = False
    for line in text.split("\n"):
        if BEGIN_INSTRUCTOR in line or END_INSTRUCTOR in line:
            instructor = BEGIN_INSTRUCTOR in line
        elif not instructor and BEGIN not in line and END not in line:
            kept.append(line)
    return "\n".join(kept)
