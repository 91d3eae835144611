"""An autograder for Gradescope: a zip with this engine and one assignment, which judges there as it does here.

The zip holds hidden tests and a secret of its own, never the course's: it is for instructors. See Gradescope's
"Autograder Specifications". ``python -m autograder.reports.gradescope FOLDER`` is what runs there.
"""

import io
import json
import os
import secrets
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from autograder import files
from autograder.assignment import ENGINE
from autograder.course import GRADERS, Course, find_course
from autograder.errors import AutograderError
from autograder.sandbox.client import printable
from autograder.verdict import GRADED, PASSED, UNDECIDED, ExerciseResult, PartVerdict

from .page import ENVIRONMENT, WORDS

SETTINGS, SECRET = "settings.json", "secret"
SKIPPED = ("__pycache__", ".pytest_cache", ".ipynb_checkpoints", "models", "build")
MANAGED = (".pyc", ".so")


def bundle(course: Course, path: Path, allow_weak: bool = False) -> int:
    """Write the zip, and return the number of its files.

    Parameters
    ----------
    course : Course
        Its release must be built.
    path : Path
    allow_weak : bool
        Whether it judges where the sandbox is below level 2. Otherwise it ends there with an error, and scores nothing.
    """
    course.require_release()
    name = course.assignment.name
    content = {
        "setup.sh": _script("setup.sh.jinja", packages=_packages()),
        "run_autograder": _script("run_autograder.jinja"),
        SETTINGS: json.dumps({"assignment": name, "allow_weak": allow_weak}),
        SECRET: secrets.token_hex(32),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for inside, text in content.items():
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = (0o755 if inside in ("setup.sh", "run_autograder") else 0o600) << 16
            made.writestr(entry, text)
        for inside, file in _files(course):
            made.write(file, inside)
        number = len(made.namelist())
    files.write(path, archive.getvalue())
    return number


def _script(template: str, **values: Any) -> str:
    return ENVIRONMENT.get_template(template).render(**values) + "\n"


def _packages() -> list[str]:
    """Return the engine's packages in the versions that are installed here."""
    found = []
    for line in requires("autograder") or ():
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            try:
                found.append(f"{one.name}=={version(one.name)}")
            except PackageNotFoundError:
                found.append(str(one))
    return found


def _files(course: Course) -> Iterator[tuple[str, Path]]:
    """Yield the engine without assignments, and the course's files of this assignment."""
    name = course.assignment.name
    yield from _below(ENGINE, "engine/autograder", (GRADERS.name,))
    yield from _below(course.assignment.folder, f"course/{GRADERS.as_posix()}/{name}")
    for step in ("source", "release"):
        yield from _below(course.root / step / name, f"course/{step}/{name}")
    for room in course.assignment.settings.rooms:
        yield from _below(course.room(room), f"course/{room}")


def _below(folder: Path, inside: str, besides: Iterable[str] = ()) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        own = path.relative_to(folder)
        skipped = {*SKIPPED} & {*own.parts} or own.parts[0] in besides or path.suffix in MANAGED
        if path.is_file() and not path.is_symlink() and not skipped:
            yield f"{inside}/{own.as_posix()}", path


def results(course: Course, verdicts: Iterable[PartVerdict]) -> dict[str, Any]:
    """Return what Gradescope reads from ``results.json``.

    An exercise that nobody has decided has no score there, so that it is no zero: a person enters one.
    """
    found = list(verdicts)
    exercises = [one for verdict in found for one in verdict.exercises]
    parts = set(course.assignment.settings.leaderboard)
    measured = [
        {"name": f"{verdict.name} (%)", "value": round(100 * test.measured.reached, 2)}
        for verdict in found
        if verdict.id in parts
        for one in verdict.exercises
        for test in one.tests
        if test.measured is not None
    ]
    waiting = sum(one.points for one in exercises if one.outcome in UNDECIDED)
    said = [f"{waiting:g} points are open: a person decides them."] if waiting else []
    notes = [*said, *dict.fromkeys(note for verdict in found for note in (*verdict.problems, *verdict.left_out))]
    return {
        "score": round(sum(one.score for one in exercises), 4),
        "output": printable("\n".join(notes)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(one) for one in exercises],
        "leaderboard": measured,
    }


def _test(one: ExerciseResult) -> dict[str, Any]:
    lines = []
    for test in one.tests:
        lines.append(f"{test.title}: {WORDS[test.outcome]}")
        if test.outcome != PASSED:
            lines += [text for text in (test.message, test.hint and f"Perhaps: {test.hint}", test.example) if text]
    made: dict[str, Any] = {"name": one.id, "output": printable("\n".join(lines)), "output_format": "text"}
    if one.outcome not in UNDECIDED:
        solved = one.outcome == GRADED and one.score >= one.points
        made |= {"score": one.score, "max_score": one.points, "status": "passed" if solved else "failed"}
    return {**made, "visibility": "visible"}


def run(root: Path) -> None:
    """Judge ``submission`` in Gradescope's folder, and write ``results/results.json``.

    Raises
    ------
    AutograderError
        If the sandbox there is too weak, or the hand-in cannot be read. Then nothing is scored.
    """
    from autograder.grading.engine import require_level
    from autograder.judge.apart import Apart
    from autograder.judge.session import taken_in

    settings = json.loads((root / "source" / SETTINGS).read_text(encoding="utf-8"))
    os.environ["AUTOGRADER_SECRET"] = (root / "source" / SECRET).read_text(encoding="utf-8").strip()
    course = find_course(root / "source" / "course", name=settings["assignment"])
    level = require_level(settings["allow_weak"])
    with taken_in(root / "submission", course.assignment) as submission, Apart(course, level, 1) as apart:
        verdicts = [apart.verdict(part, submission) for part in course.parts]
    files.write(root / "results" / "results.json", json.dumps(results(course, verdicts)).encode())
    (root / "results" / "results.json").chmod(0o644)


def main() -> None:
    """Judge what a student handed in on Gradescope."""
    try:
        run(Path(sys.argv[1]).resolve())
    except AutograderError as error:
        sys.exit(printable(str(error)))


if __name__ == "__main__":
    main()
