"""The map and the outcome of an exercise as text: a table with colours in a terminal, plain lines elsewhere."""

import sys
from typing import Any

from .standing import OPEN, PERSON, RIGHT, UNCHECKED, UNWRITTEN, WAITS, WRONG, Map, Standing

SIGNS = {RIGHT: "✓", WRONG: "✗", UNWRITTEN: "·", WAITS: "…", OPEN: "!", PERSON: "?", UNCHECKED: " "}
PLAIN = {RIGHT: "+", WRONG: "x", UNWRITTEN: ".", WAITS: "~", OPEN: "!", PERSON: "?", UNCHECKED: " "}
COLOURS = {RIGHT: "green", WRONG: "red", UNWRITTEN: "yellow", WAITS: "blue", OPEN: "magenta", PERSON: "", UNCHECKED: ""}
MOST_MESSAGE = 160
"""Most characters of a message in a map."""


def sign(standing: Standing, encoding: str | None) -> str:
    """Return the sign of a state, in characters that an encoding has."""
    try:
        SIGNS[standing.state].encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN[standing.state]
    return SIGNS[standing.state]


def short(message: str) -> str:
    """Return the first line of a message, cut if it is long."""
    first = message.splitlines()[0] if message else ""
    return first if len(first) <= MOST_MESSAGE else first[: MOST_MESSAGE - 3] + "..."


def lines(found: Map) -> list[str]:
    """Return the map as lines of text without colours."""
    encoding = getattr(sys.stdout, "encoding", None)
    width = max((len(one.exercise.id) for one in found.standings.values()), default=0)
    shown: list[str] = []
    for part in found.parts:
        shown += [f"Part {part.number}, {part.name}: {_points(found, part)}"]
        for one in found.of(part):
            shown.append(
                f"  {sign(one, encoding)} {one.exercise.id:{width}}  {one.exercise.points:>3g}  {one.said}".rstrip()
            )
        shown.append("")
    return [*shown, *summary(found)]


def summary(found: Map) -> list[str]:
    """Return the lines below the map: next step, expected score, what is open, what was not run again."""
    return [short(found.advice()), found.expectation(), *filter(None, (found.waiting(), found.repeated()))]


def table(found: Map, encoding: str) -> Any:
    """Return the map as a table of rich."""
    from rich.table import Table
    from rich.text import Text

    shown = Table("", "exercise", "points", "state", title_justify="left", show_edge=False, pad_edge=False)
    shown.columns[2].justify = "right"
    for part in found.parts:
        shown.add_section()
        shown.add_row("", Text(f"Part {part.number}, {part.name}", style="bold"), "", _points(found, part))
        for one in found.of(part):
            style = COLOURS[one.state]
            cells = sign(one, encoding), one.exercise.id, f"{one.exercise.points:g}", one.said
            shown.add_row(*(Text(cell, style=style) for cell in cells))
    return shown


def _points(found: Map, part: Any) -> str:
    checked = found.total(part=part) - found.total(PERSON, UNCHECKED, part=part)
    return f"{round(found.earned(part), 2):g} of {checked:g} points"
