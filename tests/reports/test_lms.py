"""Files for Canvas and Moodle: the ids stay, the right grade is beside each, and nothing in them runs."""

import csv
import io

import pytest

from autograder.collecting.lms import Student
from autograder.grading.record import Exercise, Record
from autograder.reports import lms
from autograder.verdict import FAILED, GRADED, OPEN

pytestmark = pytest.mark.quick
PEOPLE = (
    Student("ada", "Ada", "Lovelace", "ada@example.org", "1001"),
    Student("alan", "Alan", "Turing", "alan@example.org"),
    Student("noether", "Emmy", "Noether", "emmy@example.org"),
    Student("zoe", "Zoé", "Ångström", "zoe@example.org"),
)
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Weather (77),Weather: first (78),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,7,4,(read only)
"Lovelace, Ada",1001,u-1,login1,"S1, and S2",,,1
"Turing, Alan",1002,u-2,alan,S1,5,,2
"Noether, Emmy",1003,noether,login3,S1,,,3
"=cmd()|' /C calc'!A0",1004,u-4,login4,S1,,,4
"Student, Test",1005,,,S1,,,5
"""
MOODLE = """\
\ufeffFirst name;Last name;ID number;Email address;Quiz 1
Ada;Lovelace;77;ada@example.org;3
Alan;Turing;alan;alan@other.org;4
Zoe;Angstrom;;ZOE@EXAMPLE.ORG;5
"""
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Feedback comments
Participant 1,Ada Lovelace,ada@example.org,Submitted,,7.00,Yes,"said, before"
Participant 2,Alan Turing,alan@example.org,Submitted,1.00,7.00,No,
Participant 3,Emmy Noether,emmy@example.org,Submitted,,7.00,Yes,
"""


def record(student: str, first: float, second: float | None, penalty: float = 0.0) -> Record:
    outcome = OPEN if second is None else GRADED if second else FAILED
    exercises = (
        Exercise("first", 1, "Readings", 4, first, GRADED),
        Exercise("second", 1, "Readings", 3, second or 0.0, outcome, "unread" if second is None else ""),
    )
    raw = first + (second or 0.0)
    return Record(student, "weather", raw - penalty, raw, penalty, 7, 3 if second is None else 0, exercises=exercises)


RECORDS = (record("ada", 4, 2.5, 1), record("alan", 2, None), record("noether", 0, 0), record("zoe", 1, 1))


def read(made: lms.Exported) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.text)))


def test_totals_for_canvas() -> None:
    made = lms.canvas(CANVAS, PEOPLE, lms.sheet(RECORDS, "Weather", each=False))
    head, possible, *rows = read(made)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Weather (77)"]
    assert possible == ["    Points Possible", "", "", "", "", "7"]
    assert rows == [
        ["Lovelace, Ada", "1001", "u-1", "login1", "S1, and S2", "5.5"],
        ["Turing, Alan", "1002", "u-2", "alan", "S1", "2"],
        ["Noether, Emmy", "1003", "noether", "login3", "S1", "0"],
    ]
    assert made.number == 3
    assert made.notes == (
        "The gradebook has no student like '=cmd()|' /C calc'!A0.",
        "Not in the LMS's file: zoe.",
        "Totals may rise, because points are open: alan.",
    )


def test_exercises_for_canvas_leave_open_ones_alone() -> None:
    head, possible, *rows = read(lms.canvas(CANVAS, PEOPLE, lms.sheet(RECORDS, "Weather", each=True)))
    assert head[5:] == ["Weather: first (78)", "Weather: second", "Weather: late"]
    assert possible[5:] == ["4", "3", "0"]
    assert [row[5:] for row in rows] == [["4", "2.5", "-1"], ["2", "", "0"], ["0", "0", "0"]]


def test_moodle_by_number_address_and_name() -> None:
    head, *rows = read(lms.moodle(MOODLE, PEOPLE, lms.sheet(RECORDS, "Weather", each=False)))
    assert head == ["First name", "Last name", "ID number", "Email address", "Weather"]
    assert rows == [
        ["Ada", "Lovelace", "77", "ada@example.org", "5.5"],
        ["Alan", "Turing", "alan", "alan@other.org", "2"],
        ["Zoe", "Angstrom", "", "ZOE@EXAMPLE.ORG", "2"],
    ]


def test_moodles_worksheet_keeps_what_it_holds() -> None:
    made = lms.moodle(WORKSHEET, PEOPLE, lms.sheet(RECORDS, "Weather", each=False))
    rows = read(made)
    assert rows[0] == WORKSHEET.partition("\n")[0].split(",")
    assert [(row[0], row[4], row[7]) for row in rows[1:]] == [
        ("Participant 1", "5.5", "said, before"),
        ("Participant 3", "0", ""),
    ]
    assert "Moodle says that the grade of alan cannot be changed." in made.notes


@pytest.mark.parametrize(
    ("form", "content", "each", "why"),
    [
        (lms.canvas, MOODLE, False, "not the file that Canvas exports"),
        (lms.moodle, CANVAS, False, "not a file that Moodle exports"),
        (lms.moodle, WORKSHEET, True, "one grade"),
        (lms.moodle, WORKSHEET.replace("7.00", "100,00".replace(",", ".")), False, "maximum grade is 100"),
        (lms.canvas, "", False, "empty"),
    ],
)
def test_another_file_is_refused(form: object, content: str, each: bool, why: str) -> None:
    assert callable(form)
    with pytest.raises(lms.ExportError, match=why):
        form(content, PEOPLE, lms.sheet(RECORDS, "Weather", each))


def test_names_run_nothing() -> None:
    hostile = Student("eve", "=1+1", "@SUM(A1)", "eve@example.org")
    line = '"@SUM(A1), =1+1",1009,u,eve,S1,,,\n'
    made = lms.canvas(CANVAS + line, (*PEOPLE, hostile), lms.sheet([record("eve", 1, 1)], "Weather", each=False))
    assert read(made)[2][:2] == ["'@SUM(A1), =1+1", "1009"]
    assert not any(cell.startswith(("=", "@", "+")) for row in read(made) for cell in row)
