"""Tools that the builder adds to a release: ``checks``, ``coach``, ``desk``, folders of the kit and of the course.

They are in the students' package, and import each other under its name. See ``strip`` for solutions, and ``papers`` for
what students read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import autograder.checks
import autograder.coach
import autograder.desk
from autograder.assignment import ROOM, Assignment, Exercise
from autograder.checks.facts import RELEASED
from autograder.course import Course
from autograder.desk import wanted

from .strip import BEGIN

KINDS = {".py", ".sh"}
KIT_ROOMS = ("runner", "student")
"""Folders of the kit that are released."""
COMMANDS = {
    "check": ("coach", "Says where you stand, or what is wrong with an exercise"),
    "doctor": ("desk", "Says what is missing on this machine, and the command that mends it"),
    "submit": ("desk", "Says what is missing in your work, and packs what the course wants"),
    "watch": ("coach", "Shows the first exercise that is not right, after each save"),
}
"""Modules that students run as ``python -m PACKAGE.NAME``: the folder in which each is, and what it does."""
COMMAND = """\"\"\"{what}: `python -m {package}.{name}`.\"\"\"

import sys

if sys.version_info < (3, 11):
    sys.exit("This is Python %d.%d, and 3.11 or newer is needed: make the environment anew." % sys.version_info[:2])

from .{room}.{name} import main

if __name__ == "__main__":
    sys.exit(main())
"""


def files(course: Course) -> Iterator[tuple[Path, str]]:
    """Yield each file's name, relative to the release, and its text."""
    assignment = course.assignment
    package = Path(assignment.package)
    for tools in (autograder.checks, autograder.coach, autograder.desk):
        home = Path(str(tools.__file__)).parent
        yield from _room(home, package / home.name, assignment)
    for name, (room, what) in COMMANDS.items():
        yield package / f"{name}.py", COMMAND.format(name=name, room=room, what=what, package=assignment.package)
    if any((assignment.kit / room).is_dir() for room in KIT_ROOMS):
        yield package / "kit" / "__init__.py", _renamed(_text(assignment.kit / "__init__.py"), assignment)
        for room in KIT_ROOMS:
            yield from _room(assignment.kit / room, package / "kit" / room, assignment)
    for room in assignment.settings.rooms:
        yield from _room(course.room(room), package / room, assignment)
    yield RELEASED, facts(assignment)
    yield wanted.DESCRIPTION, wanted_of(assignment).text()


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
    return re.sub(r"(?m)^(\s*(?:from|import)) autograder\.(checks|coach|desk)\b", rf"\1 {assignment.package}.\2", text)


def facts(assignment: Assignment) -> str:
    """Return the text of a settings file with the settings that the students' tools need."""
    lines = [f'package = "{assignment.package}"', f"computing = {_listed(assignment.settings.computing)}"]
    lines.append(f"rest = {assignment.settings.rest}")
    for name, framework in assignment.settings.frameworks.items():
        lines += ["", f"[frameworks.{name}]", f'title = "{framework.title}"']
    for part in assignment.parts:
        notebooks = _listed(tuple(one.notebook for one in part.alternatives))
        lines += ["", "[[parts]]", f"number = {part.number}", f"notebooks = {notebooks}", "exercises = ["]
        lines += [f"  {_exercise(one)}," for one in part.exercises] + ["]"]
    return "\n".join(["# Settings of the assignment for the tools in this folder.", *lines, ""])


def _exercise(exercise: Exercise) -> str:
    person = ", person = true" if exercise.manual else ""
    return f'{{id = "{exercise.id}", points = {exercise.points:g}{person}}}'


def wanted_of(assignment: Assignment) -> wanted.Wanted:
    """Return the description of what students hand in."""
    settings, rules = assignment.settings, assignment.rules
    alternatives = [one for part in assignment.parts for one in part.alternatives]
    extension = settings.extension.source if settings.extension else ""
    texts = {name: (assignment.source / name).read_text(encoding="utf-8") for name in rules.modules}
    rooms = ("checks", "coach", "desk", "kit", *settings.rooms, *(f"{name}.py" for name in COMMANDS))
    return wanted.Wanted(
        assignment=assignment.name,
        title=settings.title,
        package=assignment.package,
        notebooks=tuple(
            wanted.Notebook(
                one.notebook,
                one.number,
                one.framework,
                one.model,
                tuple(wanted.Exercise(exercise.id, exercise.points, exercise.manual) for exercise in one.exercises),
            )
            for one in alternatives
        ),
        modules=rules.modules,
        given=tuple(name for name, text in texts.items() if BEGIN not in text and name != extension),
        tools=tuple(f"{assignment.package}/{room}" for room in rooms),
        limits=rules.limits,
        extension=extension,
        frameworks={name: one.title for name, one in settings.frameworks.items()},
    )


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
