"""Lay out a new assignment, in a course or with a course repository around it. Everything in it works at once."""

from pathlib import Path

from autograder import files
from autograder.course import GRADERS

from .texts import TemplateError, require_free, require_name, require_title, texts

RESERVED = ("exercise",)
"""Words that ``autograder new`` understands in another way."""
COURSE = "nbgrader_config.py"
"""The file by which a folder is known as a course."""


def new_assignment(root: Path, name: str, package: str = "", title: str = "", repository: bool = False) -> list[Path]:
    """Lay out an assignment of one exercise.

    Parameters
    ----------
    root : Path
        The course's folder.
    name : str
        The assignment's name.
    package : str
        The students' package, by default of the same name.
    title : str
        What people call the assignment, by default its name.
    repository : bool
        Make a course of the folder too: settings for nbgrader, a README, rules for git.

    Returns
    -------
    list of Path
        The new files, relative to ``root``.

    Raises
    ------
    TemplateError
        If a name cannot be used, the folder is no course, or a file is there already. Nothing is written then.
    """
    package, title = package or name, title or name
    require_name(name, "an assignment's name")
    if name in RESERVED:
        raise TemplateError(f"An assignment cannot be called {name}: `autograder new {name} ID` means something else.")
    require_title(title)
    if repository == (root / COURSE).exists():
        raise TemplateError(
            f"{root} is a course already: leave --repository out to add an assignment to it."
            if repository
            else f"{root} is no course's folder: change to one, or add --repository to make one here."
        )
    for place in (root / "source" / name, root / GRADERS / name):
        if place.exists():
            raise TemplateError(f"{place} is there already: give the assignment another name.")
    require_free(package)
    values = {"name": name, "package": package, "title": title}
    templates = ("repository", "assignment") if repository else ("assignment",)
    new = {path: text for template in templates for path, text in texts(template, **values)}
    there = [path for path in new if (root / path).exists()]
    if there:
        raise TemplateError(f"{root / there[0]} is there already: use an empty folder, or move the file away.")
    for path, text in new.items():
        files.write(root / path, text.encode())
    return list(new)
