"""Students' names: the gradebook's spelling is kept, and what only looks like a student is set aside."""

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.collecting import roster
from autograder.collecting.roster import key, look, matches, near_names, resolve, same_work, unknown, valid
from autograder.intake.submission import Submission, digest_of

pytestmark = pytest.mark.quick
DECOMPOSED = unicodedata.normalize("NFD", "josé")


def of(*names: str) -> list[Path]:
    return [Path("submitted", name, "a1") for name in names]


def whose(found: roster.Resolved) -> dict[str, str]:
    return {student: folder.parent.name for student, folder in found.students.items()}


@pytest.mark.parametrize(
    ("folder", "student"),
    [
        ("o'brien", "O'Brien"),
        ("O’Brien", "O'Brien"),
        ("ANNA.B", "anna.b"),
        (DECOMPOSED, "josé"),
        ("JOSÉ", "josé"),
        ("straße", "STRASSE"),
        ("de  vries", "De Vries"),
    ],
)
def test_another_spelling_is_the_student_of_the_gradebook(folder: str, student: str) -> None:
    found = resolve(of(folder), [student, "someone else"])
    assert whose(found) == {student: folder}
    assert f"is the student {student} of the gradebook" in found.remarks[0]


@pytest.mark.parametrize(
    "name", ["o'brien", "O'Brien", "anna.b", "j.r.r. tolkien", "x+y@z-w", "李明", "Ольга", "josé", DECOMPOSED, "a", "7"]
)
def test_valid_ids(name: str) -> None:
    assert whose(resolve(of(name), [])) == {unicodedata.normalize("NFC", name): name}


@pytest.mark.parametrize(
    "name",
    [
        "anna ",
        "anna.",
        "anna..",
        " anna",
        ".anna",
        "-anna",
        "'anna",
        "a*b",
        "a[b]",
        "a?",
        "a{b}",
        "<b>",
        "a\nb",
        "a$b",
        "a" * 101,
        "a\u202eb",
    ],
)
def test_other_names_are_set_aside(name: str) -> None:
    found = resolve(of(name), [])
    assert whose(found) == {}
    (why,) = found.aside.values()
    assert "rename it to a student's id" in why
    assert why.isprintable()


@pytest.mark.parametrize("name", ["anna ", "anna.", "аnna", "ａｎｎａ", "an\u200bna", "Аnna"])
@pytest.mark.parametrize("beside", [[], ["anna"]])
def test_what_looks_like_a_student_is_no_student_of_its_own(name: str, beside: list[str]) -> None:
    """The second and third begin with a Cyrillic letter."""
    found = resolve(of(name, *beside), ["anna"])
    assert whose(found) == {one: one for one in beside}
    assert "it looks like the student anna" in found.aside[name]
    alone = resolve(of(name, "anna"), [])  # the gradebook knows nobody yet
    assert whose(alone) == {"anna": "anna"}
    assert "it looks like the student anna" in alone.aside[name]


def test_two_students_of_the_gradebook_whose_ids_are_alike_stay_two() -> None:
    names = ["anna", "Anna", "аnna"]
    assert whose(resolve(of(*names), names)) == {name: name for name in names}
    found = resolve(of("ANNA"), names[:2])
    assert "it can be anna or Anna" in found.aside["ANNA"]


def test_one_student_with_two_folders_is_pointed_out_and_the_last_hand_in_counts() -> None:
    folders = of("o'brien", "O'Brien")
    times = {folders[0]: datetime(2026, 5, 2, tzinfo=UTC), folders[1]: datetime(2026, 5, 1, tzinfo=UTC)}
    found = resolve(folders, ["O'Brien"], times.get)
    assert whose(found) == {"O'Brien": "o'brien"}
    assert any("has 2 folders in submitted/: O'Brien and o'brien. o'brien counts" in one for one in found.remarks)
    assert whose(resolve(folders, ["O'Brien"])) == {"O'Brien": "O'Brien"}
    assert len(whose(resolve(folders, []))) == 1


def test_students_that_the_gradebook_does_not_know_are_said_with_near_ones() -> None:
    found = resolve(of("anna", "bern"), ["anna", "bernd"])
    assert found.remarks == ("Not among the gradebook's students, and added to them: bern (near bernd).",)
    assert resolve(of("anna", "bern"), []).remarks == ()
    many = resolve(of(*(f"s{number}" for number in range(40))), ["anna"])
    assert "and 30 more" in many.remarks[0]


@pytest.mark.parametrize(
    ("pattern", "student", "folder", "fits"),
    [
        ("*", "anna", "anna", True),
        ("an*", "anna", "anna", True),
        ("an?a", "anna", "anna", True),
        ("AN*", "anna", "ANNA", True),
        ("o'brien", "O'Brien", "o'brien", True),
        ("O’BRIEN", "O'Brien", "o'brien", True),
        ("ann", "anna", "anna", False),
        ("[a]nna", "anna", "anna", False),
    ],
)
def test_the_option_names_students(pattern: str, student: str, folder: str, fits: bool) -> None:
    assert matches(student, folder, pattern) is fits


def test_a_mistyped_student_is_told_with_near_ones() -> None:
    assert unknown("smiht", ["smith", "jones"], ["smyth"], "submitted").startswith(
        "There is no student 'smiht': did you mean smith or smyth?"
    )
    assert unknown("zzz", ["smith"], [], "submitted") == "There is no student 'zzz': 1 students have handed in."
    assert unknown("SMYTH", ["smith"], ["smyth"], "submitted") == (
        "The student smyth has handed in nothing: there is no submission in submitted."
    )
    assert "collect them there first" in unknown("*", [], [], "submitted")
    assert unknown("\x1b[31m", ["a"], [], "s").isprintable()
    assert near_names("O’BREIN", ["O'Brien", "anna"]) == ["O'Brien"]


def handed_in(**files: str) -> Submission:
    named = {name.replace("_", "."): text for name, text in files.items()}
    return Submission(Path("x"), digest_of(named), tuple(named), (), tuple(named.values()))


def test_the_same_work_twice_is_pointed_out() -> None:
    release = handed_in(a_py="0", n_ipynb="0")
    submissions = {
        "anna": handed_in(a_py="1", n_ipynb="0"),
        "ben": handed_in(a_py="1", n_ipynb="0", m_npz="another model"),
        "cleo": handed_in(a_py="2", n_ipynb="0"),
        "dora": release,
        "emil": release,
        "finn": handed_in(),
        "gina": handed_in(),
    }
    assert same_work(submissions, release) == [
        "anna, ben handed in the same work, file by file: this is for a person to look at."
    ]


@given(st.text(min_size=1, max_size=30))
def test_every_folder_is_one_students_or_set_aside(name: str) -> None:
    found = resolve(of(name.replace("/", "_")), ["anna", "O'Brien"])
    assert len(found.students) + len(found.aside) == 1
    assert all(why.isprintable() for why in found.aside.values())
    assert all(valid(folder.parent.name) for folder in found.students.values())
    assert key(key(name)) == key(name)
    assert look(look(name)) == look(name) or not name.isascii()
