"""Compare the verdicts of two versions of the code: prepare submissions once, judge them twice, compare the tables.

    python -m benchmarks.verdicts prepare FOLDER           # sample class, accepted solutions, known mistakes
    python -m benchmarks.verdicts judge FOLDER TABLE.json  # with the `autograder` of the current environment
    python -m benchmarks.verdicts compare OLD.json NEW.json
    python -m benchmarks.verdicts table TABLE.json         # accepted solutions and mistakes, in this process

All runs use one secret, so that both versions draw the same inputs. Other benchmarks compare times.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from autograder.catalogue import Mistake, accepted_of, mistakes_of
from autograder.course import Course, find_course
from autograder.sample import students
from autograder.validate.calibration import is_quick
from autograder.validate.trusted import Variant, parts_in_numpy
from tests.assignment2 import ACCEPTED, CATALOGUE

SECRET = "one secret for both"
PARTS = "parts.json"
"""The file that lists which parts of each submission are judged."""


def prepare(course: Course, folder: Path) -> None:
    """Write the submissions, and the list of parts to judge."""
    numbers = {exercise.id: part.number for part in course.parts for exercise in part.exercises}
    in_numpy = [part.number for part in course.parts if not part.framework]
    parts: dict[str, list[int]] = {}
    for name, make in students.students_of(course).items():
        if name != "sample-hostile":  # it links to this course's own state
            make(course, folder / name, True)
            parts[name] = [part.number for part in course.parts]
    for solution in ACCEPTED:
        name = f"accepted-{solution.name}"
        students.solved(course, folder / name)
        solution.apply(folder / name)
        parts[name] = in_numpy
    for mistake in CATALOGUE:
        name = f"mistake-{mistake.key.replace('/', '-')}"
        students.solved(course, folder / name)
        mistake.apply(folder / name / "cs231n")
        parts[name] = [numbers[mistake.exercise]]
    (folder / PARTS).write_text(json.dumps(parts, indent=1))


def judge(folder: Path, table: Path) -> None:
    """Judge all submissions, and write the result of each test and exercise."""
    parts: dict[str, list[int]] = json.loads((folder / PARTS).read_text())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(parts, pool.map(lambda name: _judged(folder / name, parts[name]), parts), strict=True))
    table.write_text(json.dumps(found, indent=1, sort_keys=True))


def _judged(folder: Path, parts: list[int]) -> dict[str, object]:
    options = [option for number in parts for option in ("--part", str(number))]
    command = [sys.executable, "-m", "autograder.cli", "judge", str(folder), "--json", *options]
    environment = {**os.environ, "AUTOGRADER_SECRET": SECRET, "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    return {
        exercise["id"]: {
            "score": exercise["score"], "outcome": exercise["outcome"],
            "tests": [[test["name"], test["outcome"], test["message"], test["hint"]] for test in exercise["tests"]],
        }
        for part in json.loads(said)["parts"] for exercise in part["exercises"]
    }  # fmt: skip


def table(course: Course, path: Path) -> None:
    """Write the result of each quick test on the reference, the accepted solutions and the known mistakes."""
    os.environ["AUTOGRADER_SECRET"] = SECRET
    variants: dict[str, Callable[[Path], None]] = {"reference": lambda _: None}
    variants |= {f"accepted {one.name}": one.apply for one in accepted_of(course.assignment)}
    for mistake in mistakes_of(course.assignment):
        if mistake.file.endswith(".py"):
            variants[f"mistake {mistake.key}"] = partial(_mistaken, course, mistake)
    found = {}
    for name, change in variants.items():
        with Variant(course, change) as variant:
            results = [one for part in parts_in_numpy(course) for one in variant.results(part, is_quick, "0")]
        found[name] = {one.name: [one.outcome, one.message, one.hint, one.credit] for one in results}
    path.write_text(json.dumps(found, indent=1, sort_keys=True))


def _mistaken(course: Course, mistake: Mistake, folder: Path) -> None:
    mistake.apply(folder / course.assignment.package)


def compare(old: Path, new: Path) -> list[str]:
    """Return how two tables differ, one line for each exercise of a submission."""
    before, after = (json.loads(path.read_text()) for path in (old, new))
    names = sorted({(name, exercise) for table in (before, after) for name in table for exercise in table[name]})
    pairs = (
        (name, exercise, before.get(name, {}).get(exercise), after.get(name, {}).get(exercise))
        for name, exercise in names
    )
    return [f"{name}, {exercise}: {one} -> {other}" for name, exercise, one, other in pairs if one != other]


def main() -> None:
    """Run the chosen step; exit with 1 if tables differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("prepare", "judge", "table", "compare"))
    parser.add_argument("paths", nargs="+", type=Path)
    given = parser.parse_args()
    if given.what == "prepare":
        prepare(find_course(), *given.paths)
    elif given.what == "judge":
        judge(*given.paths)
    elif given.what == "table":
        table(find_course(), *given.paths)
    else:
        differences = compare(*given.paths)
        print("\n".join([*differences, f"{len(differences)} exercises differ."]))
        sys.exit(bool(differences))


if __name__ == "__main__":
    main()
