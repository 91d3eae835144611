"""``python -m PACKAGE.submit``: what it says, what it packs, and that the grader believes nothing of it."""

import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.desk import checked
from autograder.intake.submission import take_in

from ..engine.conftest import NAME
from .conftest import Run

READINGS = Path(NAME, "readings.py")


def test_what_is_complete_is_packed_and_taken_in_whole(solved: Path, run: Run, weather: Course, tmp_path: Path) -> None:
    ended = run(solved, "submit")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing is missing, and all checks pass" in ended.stdout
    archive = solved / f"{NAME}.zip"
    first = archive.read_bytes()
    os.utime(solved / READINGS, (1, 1))
    assert run(solved, "submit").returncode == 0
    assert archive.read_bytes() == first, "the same work gives the same bytes"
    with zipfile.ZipFile(archive) as opened:
        receipt = json.loads(opened.read("receipt.json"))
        assert all("\\" not in name for name in opened.namelist())
    taken = take_in(archive, tmp_path / "taken", weather.assignment.rules)
    assert taken.digest == receipt["digest"]
    assert (taken.left_out, taken.notes) == ((), ())
    assert not any("desk" in name or "checks" in name or name.endswith("submit.py") for name in taken.files)


def test_a_forged_receipt_changes_nothing(solved: Path, run: Run, weather: Course, tmp_path: Path) -> None:
    run(solved, "submit", "--without-checks")
    honest = take_in(solved / f"{NAME}.zip", tmp_path / "honest", weather.assignment.rules)
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(solved / f"{NAME}.zip") as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            new.writestr(
                name, b'{"passed": ["everything"], "score": 100}' if name == "receipt.json" else old.read(name)
            )
    taken = take_in(forged, tmp_path / "taken", weather.assignment.rules)
    assert (taken.digest, taken.files) == (honest.digest, honest.files)
    assert "receipt.json" not in taken.files


def blank(folder: Path) -> None:
    notebook = folder / "Readings.ipynb"
    notebook.write_text(notebook.read_text().replace("Because the sun sets.", "  "))


def wrong(folder: Path) -> None:
    path = folder / READINGS
    path.write_text(path.read_text().replace("- 32", "- 30"))


def unparsable(folder: Path) -> None:
    (folder / READINGS).write_text("def to_celsius(readings:\n")


def ending(folder: Path) -> None:
    (folder / READINGS).write_text("import os\n\ndef to_celsius(readings):\n    print('x')\n    os._exit(0)\n")


def no_notebook(folder: Path) -> None:
    (folder / "Readings.ipynb").unlink()


def broken_notebook(folder: Path) -> None:
    path = folder / "Readings.ipynb"
    path.write_text(path.read_text()[:-100])


def too_large(folder: Path) -> None:
    path = folder / READINGS
    path.write_text(path.read_text() + "#" * (3 * 2**20))


def lost_cell(folder: Path) -> None:
    path = folder / "Readings.ipynb"
    content = json.loads(path.read_text())
    content["cells"] = [cell for cell in content["cells"] if 'check("to_celsius")' not in "".join(cell["source"])]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (blank, "Readings.ipynb: still blank is "),
        (wrong, "to_celsius: "),
        (unparsable, "readings.py is not valid Python (line 1"),
        (ending, "It ends the program."),
        (no_notebook, "Readings.ipynb is missing."),
        (broken_notebook, "Readings.ipynb is not a readable notebook"),
        (too_large, "readings.py has 3 MB, and at most 2 MB are taken"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_packed(
    solved: Path, run: Run, harm: Callable[[Path], None], words: str
) -> None:
    harm(solved)
    options = [] if harm in (wrong, ending) else ["--without-checks"]
    ended = run(solved, "submit", *options)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert words in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "add --yes" in ended.stdout
    assert not list(solved.glob("*.zip"))


def test_with_yes_it_is_packed_all_the_same(folder: Path, run: Run) -> None:
    assert run(folder, "submit", "--yes", "--without-checks", "--to", "mine.zip").returncode == 0
    assert (folder / "mine.zip").is_file()


def test_points_at_risk_are_counted_once(folder: Path, run: Run, weather: Course) -> None:
    """In an untouched folder everything is at risk: answers by a person, and all checks."""
    total = sum(one.points for part in weather.parts for one in part.exercises)
    ended = run(folder, "submit")
    assert f"At risk are {total:g} points of {total:g} points." in ended.stdout
    assert "Readings.ipynb is as you received it" in ended.stdout


def test_a_notebook_that_seems_unsaved_or_lost_a_check_costs_nothing(solved: Path, run: Run) -> None:
    lost_cell(solved)
    now = time.time()
    os.utime(solved / "Readings.ipynb", (now - 3600, now - 3600))
    checkpoint = solved / ".ipynb_checkpoints" / "Readings-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    checkpoint.write_text("{}")
    ended = run(solved, "submit", "--without-checks")
    assert ended.returncode == 0
    assert "the cells of to_celsius are gone" in ended.stdout
    assert "checkpoint of Readings.ipynb is newer" in ended.stdout
    assert "was saved before weather/readings.py was changed last" in ended.stdout
    assert "None of this costs points." in ended.stdout


def test_code_that_does_not_return_is_ended(solved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release's own copy does the same; here its patience is shorter."""
    text = (solved / READINGS).read_text()
    (solved / READINGS).write_text(text.replace("    celsius = to_celsius(readings)", "    while True: pass"))
    monkeypatch.chdir(solved)
    monkeypatch.setattr(checked, "__name__", f"{NAME}.desk.checked")
    monkeypatch.setenv("PYTHONPATH", str(solved))
    begun: list[str] = []
    found = checked.failures(solved, ["to_celsius", "running_mean"], begun.append, patience=5.0)
    assert begun == ["to_celsius", "running_mean"]
    assert found == {"running_mean": "It takes longer than 5 seconds."}


def test_it_says_what_no_folder_of_this_assignment_is(folder: Path, run: Run) -> None:
    (folder / "tests" / "hand_in.json").write_text("{")
    ended = run(folder, "submit")
    assert ended.returncode == 1
    assert "unpack the assignment again" in ended.stderr


@pytest.mark.slow
@pytest.mark.long
def test_nbgraders_exchange_takes_the_folder(solved: Path, run: Run, weather: Course, tmp_path: Path) -> None:
    """Where nbgrader has an exchange, the folder goes there, and no zip is written."""
    inbound = tmp_path / "exchange" / NAME / "inbound"
    inbound.mkdir(parents=True)
    (solved.parent / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\nc.CourseDirectory.course_id = {NAME!r}\n"
    )
    ended = run(solved, "submit", "--without-checks")
    assert ended.returncode == 1
    assert "nbgrader did not take it (Assignment not found" in ended.stderr
    shutil.copytree(weather.release, inbound.parent / "outbound" / NAME)
    ended = run(solved, "submit", "--without-checks")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Handed in through nbgrader's exchange." in ended.stdout
    assert [path.name for path in inbound.iterdir() if f"+{NAME}+" in path.name]
    assert not list(solved.glob("*.zip"))
