"""Tools that the builder adds to a release: ``checks``, ``coach``, folders of the kit, and folders of the course.

They are in the students' package, and import each other under its name. See ``strip`` for solutions.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import autograder.checks
import autograder.coach
from autograder.assignment import ROOM, Assignment, Exercise
from autograder.checks.facts import RELEASED
from autograder.course import Course

KINDS = {".py", ".sh"}
COMMANDS = ("check", "watch")
"""Modules of ``coach`` that students start from their package: ``python -m PACKAGE.check``."""
KIT_ROOMS = ("runner", "student")
"""Folders of the kit that are released."""


def files(course: Course) -> Iterator[tuple[Path, str]]:
    """Yield each file's name, relative to the release, and its text."""
    assignment = course.assignment
    package = Path(assignment.package)
    for tools in (autograder.checks, autograder.coach):
        home = Path(str(tools.__file__)).parent
        yield from _room(home, package / home.name, assignment)
    for command in COMMANDS:
        yield package / f"{command}.py", _command(command, assignment)
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
    engine = r"(?m)^(\s*(?:from|import)) autograder\.(checks|coach)\b"
    return re.sub(engine, rf"\1 {assignment.package}.\2", text)


def _command(name: str, assignment: Assignment) -> str:
    """Return the text of a module that starts a command of ``coach``."""
    doc = f'"""`python -m {assignment.package}.{name} --help` says what this command does."""'
    start = 'if __name__ == "__main__":\n    sys.exit(main())'
    return f"{doc}\n\nimport sys\n\nfrom .coach.{name} import main\n\n{start}\n"


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


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
