"""What people are called is printed as it is: in tables for the terminal, and in tables for a spreadsheet."""

import csv
import io
from typing import Any

import pytest
from rich.console import Console

from autograder.grading.changes import Change, Grade
from autograder.grading.record import Record
from autograder.grading.spreadsheet import harmless
from autograder.reports import terminal

pytestmark = pytest.mark.quick
NAMES = [
    "[bold]x[/bold]",
    "[/]",
    "a\\",
    ":bomb:",
    "\x1b[31mred",
    "a\nb",
    "\x9b2J",
    "[link=x]y[/link]",
    "\u202exyz",
    "{x}",
]


def printed(table: Any) -> str:
    console = Console(highlight=False, width=400, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_markup_and_commands_no_terminal(name: str) -> None:
    record = Record(
        name, "a1", 1.0, 1.0, 0.0, 1.0, 0.0, problems=(f"about {name}",), left_out=(name,), reasons={f"why {name}": 1.0}
    )
    grade = Grade(name, 0.0, 1.0, (Change(name, name, "0", "1", f"why {name}"),))
    tables = [terminal.class_table([record]), terminal.changes_table([grade]), terminal.status_table({"to do": [name]})]
    for table in tables:
        text = printed(table)
        assert all(line.isprintable() for line in text.splitlines())
        seen = "".join(char if char.isprintable() else "?" for char in name)
        assert seen in text or seen in text.replace("\n", "")


@pytest.mark.parametrize(
    "text",
    ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "－1", "＋1", "＠x", "\u200b=1", "\ufeff=1"],
)
def test_a_name_is_no_formula(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([harmless(text)])
    (cell,) = next(csv.reader(io.StringIO(file.getvalue())))
    assert cell.startswith("'")
