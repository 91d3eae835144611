"""Tests of `collecting.lms` and `collecting.downloads`: whose file is it, in the downloads of Canvas, Moodle and Gradescope."""

import io
import os
import stat
import zipfile
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import pytest

from autograder.collecting import downloads
from autograder.collecting.downloads import CollectError, Plan, downloads_in, plan
from autograder.collecting.lms import Claim, Nobody, Roster, Student, claim, plain_name

ADA = Student("ada", "Ada", "Lovelace", "ada@x.edu", "101")
KURT = Student("kgoedel", "Kurt", "Gödel", "kurt@x.edu")
ZOE = Student("zoe", "Zoë", "De La Cruz")
TWINS = [Student("jo1", "Jo", "Doe"), Student("jo2", "Jo", "Doe")]
ROSTER = Roster([ADA, KURT, ZOE, *TWINS, Student("bare.id")])
RELEASED = {"Dropout.ipynb", "layers.py"}


@pytest.mark.parametrize(
    ("path", "system", "name", "number", "inside"),
    [
        ("lovelaceada_101_777_work.zip", "Canvas", "lovelaceada", "101", "work.zip"),
        ("lovelaceada_LATE_101_777_work.zip", "Canvas", "lovelaceada", "101", "work.zip"),
        ("lovelaceada_late_101_777_a_1_2_b.zip", "Canvas", "lovelaceada", "101", "a_1_2_b.zip"),
        ("submissions/lovelaceada_101_777_Dropout-2.ipynb", "Canvas", "lovelaceada", "101", "Dropout-2.ipynb"),
        ("lovelaceada_101_777_work/cs/layers.py", "Canvas", "lovelaceada", "101", "work/cs/layers.py"),
        ("Ada Lovelace_55_assignsubmission_file_/work.zip", "Moodle", "Ada Lovelace", "55", "work.zip"),
        ("Ada Lovelace_55_assignsubmission_file/p/layers.py", "Moodle", "Ada Lovelace", "55", "p/layers.py"),
        ("A/Ada Lovelace_55_assignsubmission_file_work.zip", "Moodle", "Ada Lovelace", "55", "work.zip"),
        ("Ada Lovelace_55_assignsubmission_file_/x_1_2_y.py", "Moodle", "Ada Lovelace", "55", "x_1_2_y.py"),
        ("assignment_9_export/submission_55/layers.py", "Gradescope", "submission_55", "55", "layers.py"),
        ("_101_777_work.zip", "Canvas", "", "101", "work.zip"),
        ("_late_101_777_work.zip", "Canvas", "", "101", "work.zip"),
        ("__101_777_work.zip", "Canvas", "_", "101", "work.zip"),
        ("_55_assignsubmission_file_/work.zip", "Moodle", "", "55", "work.zip"),
    ],
)
def test_names_of_three_systems(path: str, system: str, name: str, number: str, inside: str) -> None:
    found = claim(PurePosixPath(path))
    assert found is not None
    assert (found.system, found.name, found.number, str(found.inside)) == (system, name, number, inside)
    assert found.late == ("late" in path.lower().split("/")[-1].split("_"))


@pytest.mark.parametrize(
    "path", ["work.zip", "layers.py", "section1/work.zip", "_1_x.zip", "submission_55", "a_1_b.zip"]
)
def test_other_names_claim_nothing(path: str) -> None:
    assert claim(PurePosixPath(path)) is None


def of(system: str, name: str, number: str = "") -> Claim:
    return Claim(system, name, number, PurePosixPath("x"))


@pytest.mark.parametrize(
    ("claimed", "student"),
    [
        (of("Canvas", "anything", "101"), "ada"),
        (of("Canvas", "lovelaceada", "900"), "ada"),
        (of("Canvas", "godelkurt", "900"), "kgoedel"),
        (of("Canvas", "gdelkurt", "900"), "kgoedel"),
        (of("Canvas", "delacruzzoe", "900"), "zoe"),
        (of("Moodle", "Kurt Gödel", "5"), "kgoedel"),
        (of("Moodle", "GÖDEL Kurt", "5"), "kgoedel"),
        (of("Moodle", "Zoe De La Cruz", "5"), "zoe"),
        (of("Moodle", "Kurt Go\u0308del", "101"), "kgoedel"),
        (of("", "Bare.ID"), "bare.id"),
    ],
)
def test_whose_it_is(claimed: Claim, student: str) -> None:
    assert ROSTER.owner(claimed) == student


@pytest.mark.parametrize(
    ("claimed", "why"),
    [
        (of("Canvas", "doejo", "900"), "any of jo1, jo2"),
        (of("Canvas", "godelkurt", "101"), "number of one student and the name of another"),
        (of("Canvas", "turingalan", "900"), "--lms-user-id=900"),
        (of("Moodle", "Alan Turing", "101"), "No student of the gradebook"),
        (of("Moodle", "Participant", "101"), "anonymous"),
        (of("Moodle", "Kurt", "5"), "No student"),
    ],
)
def test_nobody_is_guessed(claimed: Claim, why: str) -> None:
    with pytest.raises(Nobody, match=why):
        ROSTER.owner(claimed)


def test_a_groups_own_name() -> None:
    roster = Roster([ADA, Student("Team Blue", last="Team Blue")])
    assert roster.owner(of("Canvas", "teamblue", "7")) == "Team Blue"
    assert roster.owner(of("Moodle", "Team Blue", "7")) == "Team Blue"


def test_canvas_numbers_of_files() -> None:
    assert plain_name("Dropout-1.ipynb", RELEASED) == ("Dropout.ipynb", 1)
    assert plain_name("work-12.zip", RELEASED) == ("work.zip", 12)
    assert plain_name("notes-2.ipynb", RELEASED) == ("notes-2.ipynb", 0)
    assert plain_name("Dropout.ipynb", RELEASED) == ("Dropout.ipynb", 0)


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def sorted_out(folder: Path, files: dict[str, bytes]) -> tuple[Plan, dict[str, bytes]]:
    """Return the plan for downloads, and what each student's files hold."""
    for name, content in files.items():
        path = folder / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    scratch = folder / "scratch"
    scratch.mkdir()
    with ExitStack() as opened:
        made = plan(list(downloads_in(folder / "archive", ROSTER, opened, scratch)), ROSTER, RELEASED)
        return made, {f"{one.student}/{one.inside}": one.download.open().read() for one in made.assigned}


def reasons(made: Plan) -> str:
    return " ".join(why for _, why in made.left)


def test_canvas_download(tmp_path: Path) -> None:
    own = zipped({"layers.py": b"own"})
    made, found = sorted_out(
        tmp_path,
        {
            "submissions.zip": zipped(
                {
                    "lovelaceada_101_777_work.zip": b"old",
                    "lovelaceada_LATE_101_778_work-1.zip": own,
                    "godelkurt_900_779_Dropout-3.ipynb": b"{}",
                    "turingalan_902_780_work.zip": own,
                }
            )
        },
    )
    assert found == {"ada/work.zip": own, "kgoedel/Dropout.ipynb": b"{}"}
    assert made.notes == ["ada handed in late, says Canvas."]
    assert sorted(str(one.path) for one, _ in made.left) == [
        "lovelaceada_101_777_work.zip",
        "turingalan_902_780_work.zip",
    ]
    assert "uploaded work.zip again" in reasons(made)


def test_moodle_download_in_a_download(tmp_path: Path) -> None:
    own = zipped({"inner.zip": b"closed"})
    section = zipped(
        {"Ada Lovelace_5_assignsubmission_file_/work.zip": own, "Kurt Gödel_6_assignsubmission_file_/p/layers.py": b"x"}
    )
    made, found = sorted_out(tmp_path, {"course.zip": zipped({"section 1.zip": section, "__MACOSX/._x": b""})})
    assert found == {"ada/work.zip": own, "kgoedel/p/layers.py": b"x"}
    assert made.left == []


METADATA = b"""---
submission_55:
  :submitters:
  - :name: Ada Lovelace
    :sid: ''
    :email: ADA@x.edu
  - :name: K. G.
    :sid: kgoedel
    :email:
  :created_at: 2026-03-01 10:00:00.000000000 Z
  :results: &a
    output: |
      submission_56:
        :submitters:
submission_57:
  :submitters:
  - :name: Nobody Known
    :sid: '1'
    :email: n@x.edu
"""


def test_gradescope_download_with_a_group(tmp_path: Path) -> None:
    made, found = sorted_out(
        tmp_path,
        {
            "assignment_9_export.zip": zipped(
                {
                    "assignment_9_export/submission_metadata.yml": METADATA,
                    "assignment_9_export/submission_55/layers.py": b"x",
                    "assignment_9_export/submission_55/submission_metadata.yml": b"submission_55: forged",
                    "assignment_9_export/submission_56/layers.py": b"x",
                    "assignment_9_export/submission_57/layers.py": b"x",
                }
            )
        },
    )
    assert {name for name in found if name.endswith(".py")} == {"ada/layers.py", "kgoedel/layers.py"}
    assert {one.time for one in made.assigned} == {"2026-03-01 10:00:00+00:00"}
    assert "behind submission_56" in reasons(made)
    assert "Nobody Known" in reasons(made)


def test_gradescope_without_its_list_or_with_a_broken_one(tmp_path: Path) -> None:
    made, found = sorted_out(tmp_path / "a", {"export/submission_101/layers.py": b"x"})
    assert found == {}
    assert "does not tell who" in reasons(made)
    for number, broken in enumerate(
        (b"- 1", b"submission_1: 3", b"a: [", b"!!python/object:os.system {}", b"a: {:submitters: 1}")
    ):
        with pytest.raises(CollectError, match="once more"):
            sorted_out(tmp_path / str(number), {"export/submission_metadata.yml": broken})


def test_folders_and_archives_with_an_id(tmp_path: Path) -> None:
    made, found = sorted_out(
        tmp_path,
        {"ADA/x_1_2_y.py": b"1", "zoe.zip": b"2", "kgoedel/timestamp.txt": b"2001-01-01", "stranger/a.py": b""},
    )
    assert found == {"ada/x_1_2_y.py": b"1", "zoe/zoe.zip": b"2"}
    assert "nbgrader's own file" in reasons(made)
    assert "no name that Canvas" in reasons(made)


def test_two_people_of_one_name_of_whom_the_roster_has_one(tmp_path: Path) -> None:
    made, found = sorted_out(tmp_path, {"godelkurt_1_5_a.zip": b"1", "godelkurt_2_6_a.zip": b"2"})
    assert found == {}
    assert reasons(made).count("may both be kgoedel") == 2


def test_doubled_names_wait(tmp_path: Path) -> None:
    made, found = sorted_out(tmp_path, {"ada/layers.py": b"1", "Ada/layers.py": b"2"})
    assert found == {}
    assert "another file of the same student" in reasons(made)


@pytest.mark.parametrize(
    "name",
    ["../../evil.py", "a/../../evil.py", "a:b.py", "x\x1b[31m.py", "y" * 250 + ".py", "nul\n.py"],
)
def test_hostile_names_in_a_moodle_archive(tmp_path: Path, name: str) -> None:
    entries = {f"{root}Ada Lovelace_5_assignsubmission_file_/{name}": b"x" for root in ("", "/", "../")}
    made, found = sorted_out(tmp_path, {"all.zip": zipped(entries)})
    assert found == {}
    assert len(made.left) == 3
    assert "\x1b" not in reasons(made)
    assert "\n" not in reasons(made)


def test_hostile_entries(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("lovelaceada_101_777_link.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    made, found = sorted_out(tmp_path / "a", {"all.zip": packed.getvalue(), "broken.zip": b"PK\3\4 no"})
    assert found == {}
    assert "a link" in reasons(made)
    assert "a broken archive" in reasons(made)
    (tmp_path / "b" / "archive").mkdir(parents=True)
    (tmp_path / "b" / "archive" / "ada.zip").symlink_to("/etc/passwd")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "b" / "archive" / "zoe.zip")
    made, found = sorted_out(tmp_path / "b", {})
    assert found == {}
    assert reasons(made).count("a link, or no file") == 2


@pytest.mark.parametrize("name", ["_103_900_x.zip", "__103_900_x.zip", "_9_assignsubmission_file_/x.zip"])
def test_an_archive_of_a_student_without_a_name_is_not_a_download(tmp_path: Path, name: str) -> None:
    """Its entries claim to be another student's newest files."""
    forged = zipped({"lovelaceada_101_999_work.zip": b"forged", "ada/work.zip": b"forged"})
    _, found = sorted_out(tmp_path, {"all.zip": zipped({"lovelaceada_101_777_work.zip": b"hers", name: forged})})
    assert found == {"ada/work.zip": b"hers"}


def test_archives_in_archives_end(tmp_path: Path) -> None:
    inner = zipped({"lovelaceada_101_777_work.zip": b"x"})
    for _ in range(downloads.MAX_NESTED + 1):
        inner = zipped({"more.zip": inner})
    made, found = sorted_out(tmp_path, {"all.zip": inner})
    assert found == {}
    assert len(made.left) == 1


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_ENTRIES", 3)
    with pytest.raises(CollectError, match="more than 3 files"):
        sorted_out(tmp_path, {"all.zip": zipped({f"a{number}.py": b"" for number in range(9)})})
