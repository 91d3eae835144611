"""A corrected release comes into a folder in which a student has begun: what the student has written stays."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder.checks import update
from autograder.checks.update import BACKUPS, DESCRIPTION, UpdateError, carry_out, describe, merge, plan, read_release

PACKAGE = "weather"
MODULE = """\
import numpy as np


def to_celsius(readings):
    \"\"\"Return readings in degres.\"\"\"
    # YOUR CODE HERE
    raise NotImplementedError()
    return celsius


def given(x):
    return x + 1
"""
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()\n"
OWN = "    celsius = (readings - 32) * 5 / 9  # mine\n"


def cell(text: str, kind: str = "code", id: str = "", **said: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "id": id or said.get("grade_id", ""), "metadata": {}, "source": text}
    if said:
        made["metadata"]["nbgrader"] = {"solution": False, "locked": False, "grade": False, **said}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


TITLE = cell("# Readings\nA tittle.", "markdown", "title")
GRADE = cell('check("to_celsius")', grade_id="to_celsius", grade=True, locked=True, points=2)
ANSWER = cell("Your answer here.", "markdown", grade_id="explain", solution=True, grade=True, points=1)
CODE = cell(STUB, grade_id="forecast_solution", solution=True)
SHOWN = cell("plot(x)", id="show")


def book(*cells: dict[str, Any]) -> bytes:
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(content, indent=1) + "\n").encode()


def released() -> dict[str, bytes]:
    """Return the first release's files."""
    files: dict[str, bytes] = {
        "Readings.ipynb": book(TITLE, GRADE, ANSWER, CODE, SHOWN),
        "weather/__init__.py": b"",
        "weather/readings.py": MODULE.encode(),
        "weather/tools.py": b"def help():\n    return 1\n",
        "weather/checks/check.py": b"old = 1\n",
        "tests/test_readings.py": b"def test_it(student):\n    pass\n",
        "data/practice.csv": b"1,2\n",
    }
    return described(files)


def described(files: dict[str, bytes]) -> dict[str, bytes]:
    files[DESCRIPTION] = describe(files, PACKAGE, ["tests", "weather/checks"]).encode()
    return files


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the folder of a student who has begun with the first release."""
    folder = lay(tmp_path / "mine", released())
    write(folder / "weather" / "readings.py", MODULE.replace(STUB, OWN) + "\n\ndef helper():\n    return 0\n")
    cells = [
        TITLE, GRADE, {**ANSWER, "source": "Because it is warm."}, cell("my = 1", id="own"), CODE, SHOWN
    ]  # fmt: skip
    (folder / "Readings.ipynb").write_bytes(book(*cells))
    return folder


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def brought(folder: Path, release: dict[str, bytes], **options: Any) -> list[str]:
    """Update a folder, check that a second update changes nothing, and return what was said."""
    made = plan(release, folder, **options)
    carry_out(made, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = plan(release, folder)
    assert again.files == {}
    carry_out(again, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return made.lines


def texts(folder: Path, name: str = "Readings.ipynb") -> list[str]:
    return ["".join(one["source"]) for one in json.loads((folder / name).read_text())["cells"]]


def test_the_same_release_changes_nothing(own: Path) -> None:
    assert brought(own, released()) == []
    assert not (own / BACKUPS).exists()


def test_tools_tests_and_data_are_replaced(own: Path) -> None:
    (own / "weather" / "checks" / "check.py").write_text("mine = 1\n")
    new = corrected(**{
        "weather/checks/check.py": b"new = 2\n", "tests/test_readings.py": b"new\n", "data/practice.csv": b"3\n"
    })  # fmt: skip
    brought(own, new)
    assert (own / "weather/checks/check.py").read_text() == "new = 2\n"
    assert (own / "tests/test_readings.py").read_text() == "new\n"
    assert (own / "data/practice.csv").read_text() == "3\n"
    (backup,) = (own / BACKUPS).iterdir()
    assert (backup / "weather/checks/check.py").read_text() == "mine = 1\n"
    assert (backup / "data/practice.csv").read_text() == "1,2\n"


def corrected(**contents: bytes) -> dict[str, bytes]:
    """Return a release in which the files at these places are others: module, notebook, tools."""
    names = {"module": "weather/readings.py", "notebook": "Readings.ipynb", "tools": "weather/tools.py"}
    return described({**released(), **{names.get(name, name): content for name, content in contents.items()}})


def test_a_module_gets_the_correction_and_keeps_the_students_lines(own: Path) -> None:
    new = (
        MODULE.replace("degres", "degrees Celsius")
        .replace("x + 1", "x + 2")
        .replace("import numpy", "import math\nimport numpy")
    )
    said = brought(own, corrected(module=new.encode()))
    assert (own / "weather/readings.py").read_text() == new.replace(STUB, OWN) + "\n\ndef helper():\n    return 0\n"
    assert said == ["merged   weather/readings.py", f"replaced {DESCRIPTION}"]


def test_windows_line_ends_stay(own: Path) -> None:
    path = own / "weather/readings.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    brought(own, corrected(module=MODULE.replace("degres", "degrees").encode()))
    assert b"degrees" in path.read_bytes()
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")


def test_lines_that_both_changed_stay_the_students(own: Path) -> None:
    """The release removes the stub's place: the student's code must not vanish with it."""
    before = (own / "weather/readings.py").read_text()
    new = MODULE.replace(STUB, "    raise NotImplementedError('write it')\n")
    said = brought(own, corrected(module=new.encode()))
    assert OWN in (own / "weather/readings.py").read_text()
    assert (own / "weather/readings.py").read_text() == before
    assert any("yours stay" in line for line in said)


def test_a_new_exercise_in_a_module_comes(own: Path) -> None:
    new = MODULE + f"\n\ndef median(readings):\n{STUB}"
    brought(own, corrected(module=new.encode()))
    text = (own / "weather/readings.py").read_text()
    compile(text, "readings.py", "exec")
    assert OWN in text
    assert "def helper" in text
    assert "def median" in text


def test_a_merged_module_that_does_not_parse_is_not_used(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "merge", lambda *_: (["def ("], 0))
    before = (own / "weather/readings.py").read_text()
    said = brought(own, corrected(module=MODULE.replace("degres", "degrees").encode()))
    assert (own / "weather/readings.py").read_text() == before
    assert any("yours stay" in line for line in said)


def test_a_module_of_another_encoding_stays(own: Path) -> None:
    path = own / "weather/readings.py"
    path.write_bytes(path.read_bytes() + b"# gr\xfc\xdfe\n")
    said = brought(own, corrected(module=MODULE.replace("degres", "degrees").encode()))
    assert path.read_bytes().endswith(b"\xfc\xdfe\n")
    assert any("UTF-8" in line for line in said)


def test_locked_cells_are_replaced_and_answers_stay(own: Path) -> None:
    grade = cell('check("to_celsius", twice=True)', grade_id="to_celsius", grade=True, locked=True, points=3)
    answer = {**ANSWER, "metadata": {"nbgrader": {**ANSWER["metadata"]["nbgrader"], "points": 5}}}
    title = {**TITLE, "source": "# Readings\nA title."}
    more = cell("A new question.", "markdown", grade_id="why", solution=True, grade=True, points=1)
    brought(own, corrected(notebook=book(title, grade, more, answer, CODE, SHOWN)))
    assert texts(own) == [
        "# Readings\nA title.", 'check("to_celsius", twice=True)', "A new question.", "Because it is warm.", "my = 1",
        STUB, "plot(x)",
    ]  # fmt: skip
    said = json.loads((own / "Readings.ipynb").read_text())["cells"][3]["metadata"]["nbgrader"]
    assert said["points"] == 5


def test_an_untouched_answer_gets_the_new_text(own: Path) -> None:
    code = {**CODE, "source": "# Write a number\n" + STUB}
    brought(own, corrected(notebook=book(TITLE, GRADE, ANSWER, code, SHOWN)))
    assert texts(own)[4] == "# Write a number\n" + STUB


def test_a_cell_that_both_changed_stays_the_students(own: Path) -> None:
    answer = {**ANSWER, "source": "Your answer in three sentences."}
    said = brought(own, corrected(notebook=book(TITLE, GRADE, answer, CODE, SHOWN)))
    assert texts(own)[2] == "Because it is warm."
    assert any("explain" in line for line in said)


def test_a_text_that_the_student_deleted_stays_deleted_but_a_graded_cell_returns(own: Path) -> None:
    (own / "Readings.ipynb").write_bytes(book(ANSWER, CODE, SHOWN))
    brought(own, corrected(notebook=book(TITLE, GRADE, ANSWER, CODE, {**SHOWN, "source": "plot(y)"})))
    assert texts(own) == ['check("to_celsius")', "Your answer here.", STUB, "plot(y)"]


def test_a_text_that_the_release_drops_goes_unless_the_student_changed_it(own: Path) -> None:
    brought(own, corrected(notebook=book(GRADE, ANSWER, CODE)))
    assert texts(own) == ['check("to_celsius")', "Because it is warm.", "my = 1", STUB]


def test_cells_are_found_after_a_converter_took_ids_and_metadata(own: Path) -> None:
    """As Colab does: the answer cannot be told from the student's own text, but nothing of it is lost."""
    content = json.loads((own / "Readings.ipynb").read_text())
    for one in content["cells"]:
        one["metadata"] = {}
        del one["id"]
    content["nbformat_minor"] = 0
    (own / "Readings.ipynb").write_text(json.dumps(content))
    new = {**GRADE, "source": 'check("to_celsius", 2)'}
    brought(own, corrected(notebook=book({**TITLE, "source": "# Corrected"}, new, ANSWER, CODE, SHOWN)))
    found = texts(own)
    assert found.count('check("to_celsius", 2)') == 1
    assert 'check("to_celsius")' not in found
    assert "# Corrected" in found
    assert "Because it is warm." in found
    assert "my = 1" in found


def test_of_a_doubled_answer_both_stay(own: Path) -> None:
    (own / "Readings.ipynb").write_bytes(book(TITLE, GRADE, ANSWER, {**ANSWER, "source": "Filled in."}, CODE, SHOWN))
    brought(own, corrected(notebook=book({**TITLE, "source": "# T"}, GRADE, ANSWER, CODE, SHOWN)))
    assert texts(own)[2:4] == ["Your answer here.", "Filled in."]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"cells": 3, "nbformat": 4}',
        b'{"cells": [3], "nbformat": 4}',
        b'{"nbformat": 3}',
        b"\xff\xfe{",
    ],
)
def test_an_unreadable_notebook_stays(own: Path, content: bytes) -> None:
    (own / "Readings.ipynb").write_bytes(content)
    said = brought(own, corrected(notebook=book(TITLE, GRADE)))
    assert (own / "Readings.ipynb").read_bytes() == content
    assert any("cannot be read as a notebook" in line for line in said)


def test_files_come_and_go(own: Path) -> None:
    new = {
        name: content for name, content in released().items() if name not in ("weather/tools.py", "data/practice.csv")
    }
    new["weather/more.py"] = b"more = 1\n"
    described(new)
    (own / "data/practice.csv").write_text("my own numbers")
    (own / "weather/own.py").write_text("own = 1\n")
    said = brought(own, new)
    assert (own / "weather/more.py").exists()
    assert not (own / "weather/tools.py").exists()
    assert (own / "data/practice.csv").read_text() == "my own numbers"
    assert (own / "weather/own.py").exists()
    assert any("data/practice.csv" in line and "left" in line for line in said)
    (backup,) = (own / BACKUPS).iterdir()
    assert (backup / "weather/tools.py").exists()


def test_a_file_that_only_the_student_changed_stays(own: Path) -> None:
    (own / "weather/tools.py").write_text("def help():\n    return 'mine'\n")
    (own / "data/practice.csv").write_text("9\n")
    brought(own, corrected(module=MODULE.replace("degres", "degrees").encode()))
    assert "mine" in (own / "weather/tools.py").read_text()
    assert (own / "data/practice.csv").read_text() == "9\n"


def test_without_a_description_the_first_release_can_be_given(own: Path, tmp_path: Path) -> None:
    (own / DESCRIPTION).unlink()
    new = corrected(module=MODULE.replace("degres", "degrees").encode(), tools=b"def help():\n    return 2\n")
    made = plan(new, own)
    assert any("--base" in line for line in made.lines)
    assert made.files["weather/tools.py"] == new["weather/tools.py"]
    assert "weather/readings.py" not in made.files
    old = released()
    del old[DESCRIPTION]
    lay(tmp_path / "old" / "weather-main", old)
    release = lay(tmp_path / "new", new)
    assert update.main([str(release), "--into", str(own), "--base", str(tmp_path / "old")]) == 0
    text = (own / "weather/readings.py").read_text()
    assert "degrees" in text
    assert OWN in text


def zipped(path: Path, files: dict[str, bytes], within: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(within + name, content)
    return path


@pytest.mark.parametrize("within", ["", "weather-main/", "a/b/"])
def test_a_zip_file_is_read(tmp_path: Path, within: str) -> None:
    files = released()
    assert read_release(zipped(tmp_path / "r.zip", {**files, "../evil": b"x"}, within)) == files


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path, "There is no"),
        (lambda path: lay(path, {"x": b""}), "no release"),
        (lambda path: lay(path.parent, {"r.zip": b"PK no zip"}) / "r.zip", "cannot be read as a zip"),
        (lambda path: zipped(path.with_suffix(".zip"), {"a.txt": b""}), "no release"),
    ],
)
def test_what_is_no_release_is_said(tmp_path: Path, make: Any, words: str) -> None:
    with pytest.raises(UpdateError, match=words):
        read_release(make(tmp_path / "r"))


def test_another_folder_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="holds neither"):
        plan(released(), lay(tmp_path / "other", {"letter.txt": b"x"}))


def test_an_interrupted_update_continues(own: Path) -> None:
    new = corrected(
        module=MODULE.replace("degres", "degrees").encode() + b"\n\nmore = 1\n",
        notebook=book(TITLE, GRADE, ANSWER, CODE),
    )
    made = plan(new, own)
    for name in made.files:
        if name != DESCRIPTION:
            content = made.files[name]
            assert content is not None
            (own / name).write_bytes(content)
    halfway = {name: (own / name).read_bytes() for name in made.files if name != DESCRIPTION}
    assert plan(new, own).files.keys() == {DESCRIPTION}
    brought(own, new)
    assert {name: (own / name).read_bytes() for name in halfway} == halfway


def test_it_runs_by_itself(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the corrected release, in the folder of a student who holds an older one."""
    new = corrected(module=MODULE.replace("degres", "degrees").encode())
    new["weather/checks/update.py"] = Path(update.__file__).read_bytes()
    release = lay(tmp_path / "new", described(new))
    command = [sys.executable, str(release / "weather/checks/update.py")]
    ran = subprocess.run([*command, "--dry-run"], cwd=own, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "degres" in (own / "weather/readings.py").read_text()
    ran = subprocess.run(command, cwd=own, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "merged   weather/readings.py" in ran.stdout
    assert f"What was there before is in {BACKUPS}/" in ran.stdout
    ran = subprocess.run(
        [sys.executable, "-m", "weather.checks.update", str(release)],
        cwd=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "Everything is up to date.\n"
    ran = subprocess.run(
        [sys.executable, "-m", "weather.checks.update"], cwd=own, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "is your own folder" in ran.stderr


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected", "conflicts"),
    [
        ("abc", "abc", "abc", "abc", 0),
        ("abc", "aXbc", "abc", "aXbc", 0),
        ("abc", "abc", "aYc", "aYc", 0),
        ("abcd", "Xbcd", "abcY", "XbcY", 0),
        ("abcd", "aXcd", "abYd", "aXYd", 0),
        ("abc", "aXc", "aYc", "aXc", 1),
        ("abc", "aXc", "aXc", "aXc", 0),
        ("abc", "abcX", "abcY", "abcXY", 0),
        ("abcde", "aXe", "abYde", "aXe", 1),
        ("abc", "", "abc", "", 0),
        ("", "X", "Y", "XY", 0),
    ],
)
def test_merging(base: str, mine: str, theirs: str, expected: str, conflicts: int) -> None:
    digests = update._digests(list(base))
    assert merge(digests, list(mine), list(theirs)) == (list(expected), conflicts)
