"""Tools that the builder adds to a release: ``checks``, folders of the kit, and folders of the course.

They are in the students' package, and import each other under its name. See ``strip`` for solutions.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import autograder.checks
from autograder.assignment import ROOM, Assignment
from autograder.checks.facts import RELEASED
from autograder.course import Course

KINDS = {".py", ".sh"}
KIT_ROOMS = ("runner", "student")
"""Folders of the kit that are released."""


def files(course: Course) -> Iterator[tuple[Path, str]]:
    """Yield each file's name, relative to the release, and its text."""
    assignment = course.assignment
    package = Path(assignment.package)
    yield from _room(Path(str(autograder.checks.__file__)).parent, package / "checks", assignment)
    if any((assignment.kit / room).is_dir() for room in KIT_ROOMS):
        yield package / "kit" / "__init__.py", _renamed(_text(assignment.kit / "__init__.py"), assignment)
        for room in KIT_ROOMS:
            yield from _room(assignment.kit / room, package / "kit" / room, assignment)
    for room in assignment.settings.rooms:
        yield from _room(course.room(room), package / room, assignment)
    yield RELEASED, facts(assignment)


def _room(home: Path, target: Path, assignment: Assignment) -> Iterator[tuple[Path, str]]:
    for path in sorted(home.iterdir()) if home.is_dir() else ():
        if path.suffix in KINDS:
            yield target / path.name, _renamed(_text(path), assignment)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _renamed(text: str, assignment: Assignment) -> str:
    """Return a module's text, with imports from the engine replaced by imports from the students' package."""
    kit = re.escape(f"{ROOM}.{assignment.name}.kit")
    text = re.sub(rf"(?m)^(\s*(?:from|import)) {kit}\b", rf"\1 {assignment.package}.kit", text)
    return re.sub(r"(?m)^(\s*(?:from|import)) autograder\.checks\b", rf"\1 {assignment.package}.checks", text)


def facts(assignment: Assignment) -> str:
    """Return the text of a settings file with the settings that the students' tools need."""
    lines = [f'package = "{assignment.package}"', f"computing = {_listed(assignment.settings.computing)}"]
    for name, framework in assignment.settings.frameworks.items():
        lines += ["", f"[frameworks.{name}]", f'title = "{framework.title}"']
    return "\n".join(["# Settings of the assignment for the tools in this folder.", *lines, ""])


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
