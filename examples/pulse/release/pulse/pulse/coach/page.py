"""The map and the outcome of an exercise as a piece of HTML: no script, no other file, in light and in dark.

Colours are never the only sign. A step of a hint is opened by a click, or by the keyboard.
"""

from collections.abc import Iterable, Sequence
from html import escape

from pulse.checks.check import Checked
from pulse.checks.pictures import LEGEND, NOT_FINITE, Picture
from pulse.checks.public import Failure, PublicTests

from .standing import OPEN, PERSON, RIGHT, UNCHECKED, UNWRITTEN, WAITS, WRONG, Map, Standing
from .steps import TITLES, later_steps
from .text import SIGNS, short, summary

PILLS = {
    RIGHT: "#1a6b30",
    WRONG: "#a4262c",
    UNWRITTEN: "#5c5c5c",
    WAITS: "#1d5c99",
    OPEN: "#8a5a00",
    PERSON: "#6b3f8f",
    UNCHECKED: "#5c5c5c",
}
"""The background of each state's sign; white on it can be read on every page."""
LEVELS = {
    0: "#5c5c5c",
    1: "#8a5a00",
    2: "#a34100",
    3: "#a4262c",
    -1: "#2b6a9e",
    -2: "#1d5c99",
    -3: "#123f6d",
    NOT_FINITE: "#000000",
}
STYLE = """
.coach { max-width: 44em; font-size: 0.95em; line-height: 1.45; color: inherit; }
.coach.coach.coach table { border-collapse: collapse; table-layout: auto; width: 100%; margin: 0.3em 0;
  color: inherit; }
.coach.coach.coach tr { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); background: none; }
.coach.coach.coach th, .coach.coach.coach td { text-align: left; vertical-align: top; padding: 0.2em 0.5em 0.2em 0;
  background: none; border: 0; overflow-wrap: anywhere; white-space: normal; color: inherit; font-weight: normal; }
.coach.coach.coach .points { text-align: right; white-space: nowrap; padding-right: 0; width: 3em; }
.coach summary { cursor: pointer; padding: 0.3em 0; }
.coach .hint summary { display: inline-block; border: 1px solid currentColor; border-radius: 0.4em;
  padding: 0.1em 0.7em; margin: 0.3em 0; }
.coach .pill { color: #ffffff; border-radius: 0.4em; padding: 0 0.5em; display: inline-block; }
.coach .scroll { overflow-x: auto; }
.coach.coach.coach table.cells { width: auto; border-collapse: separate; border-spacing: 1px; }
.coach.coach.coach table.cells tr { border: 0; }
.coach.coach.coach table.cells td { color: #ffffff; padding: 0; min-width: 1.5em; height: 1.5em; text-align: center;
  vertical-align: middle; font-family: monospace; }
"""
"""The notebook's own rules for tables are strong; repeating the class makes these stronger."""


def of_map(public: PublicTests, found: Map) -> str:
    """Return the page of a map. The part of the next exercise is open."""
    following = found.next
    title = short(found.advice())
    if following is not None and following.state == WRONG:  # its message follows
        title = f"Next: {following.exercise.id} is wrong"
    pieces = [f"<p><strong>{_text(title)}</strong></p>"]
    if following is not None and following.result is not None and following.result.first is not None:
        first = following.result.first
        name = following.exercise.id
        unwritten = following.state == UNWRITTEN  # then the line above says all
        pieces.append(_steps(later_steps(public, name, first)) if unwritten else _failure(public, name, first))
    for part in found.parts:
        checked = found.total(part=part) - found.total(PERSON, UNCHECKED, part=part)
        is_open = " open" if len(found.parts) == 1 or (following and following.part == part.number) else ""
        title = f"Part {part.number}, {part.name}: {round(found.earned(part), 2):g} of {checked:g} points"
        rows = "".join(map(_row, found.of(part)))
        head = (
            "<tr><th scope='col'>State</th><th scope='col'>Exercise</th><th scope='col' class='points'>Points</th></tr>"
        )
        pieces.append(f"<details{is_open}><summary>{_text(title)}</summary><table>{head}{rows}</table></details>")
    pieces += [f"<p>{_text(line)}</p>" for line in summary(found)[1:]]
    return _page(pieces)


def of_checked(public: PublicTests, done: Checked) -> str:
    """Return the page of an exercise whose checks did not all pass."""
    pieces = [f"<p><strong>{_text(done.summary)}</strong></p>"]
    for test, failure in done.failures:
        pieces.append(f"<p>{_pill(WRONG)} {_text(test.title)}</p>")
        cause = done.causes.get(test.name, "")
        if cause:
            pieces.append(f"<p>It runs on {_text(cause)}, whose own checks do not pass yet: look there first.</p>")
        pieces.append(_failure(public, done.exercise, failure))
    return _page(pieces)


def _page(pieces: Iterable[str]) -> str:
    return f"<div class='coach'><style>{STYLE}</style>{''.join(pieces)}</div>"


def _row(one: Standing) -> str:
    waits = f" for {_text(one.waits_for)}" if one.waits_for else ""
    return (
        f"<tr><td>{_pill(one.state)}{waits}</td><td>{_text(one.exercise.id)}</td>"
        f"<td class='points'>{one.exercise.points:g}</td></tr>"
    )


def _pill(state: str) -> str:
    return f"<span class='pill' style='background: {PILLS[state]}'>{SIGNS[state]} {_text(state)}</span>"  # type: ignore[index]


def _failure(public: PublicTests, exercise: str, failure: Failure) -> str:
    """Return what is wrong and where, with pictures, and the later steps behind one another."""
    pieces = [f"<p>{_text(failure.message)}</p>"]
    pieces += [f"<p>At <code>{_text(failure.where)}</code></p>"] if failure.where else []
    pieces += map(_picture, failure.pictures)
    pieces += [f"<p>Perhaps: {_text(failure.hint)}</p>"] if failure.hint else []
    return "".join([*pieces, _steps(later_steps(public, exercise, failure))])


def _steps(steps: Sequence[str], number: int = 1) -> str:
    """Return the steps, each inside the one before: none is seen before the last one is opened."""
    if not steps:
        return ""
    title = TITLES[number] if number < len(TITLES) else "More"
    inner = _steps(steps[1:], number + 1)
    return f"<details class='hint'><summary>Hint: {title.lower()}</summary><p>{_text(steps[0])}</p>{inner}</details>"


def _picture(picture: Picture) -> str:
    """Return a picture as a table of coloured signs."""
    rows = "".join(
        "<tr>" + "".join(f"<td style='background: {LEVELS[cell]}'>{_cell(cell)}</td>" for cell in row) + "</tr>"
        for row in picture.cells
    )
    places = "".join(f"<p>{_text(place)}</p>" for place in picture.places)
    title = f"{_text(picture.title)} ({_text(LEGEND)})"
    label = _text(f"Where {picture.name} is wrong")
    table = f"<table class='cells' role='img' aria-label='{label}'>{rows}</table>"
    return f"<p>{title}</p><div class='scroll' tabindex='0' role='group' aria-label='{label}'>{table}</div>{places}"


def _cell(level: int) -> str:
    if level == NOT_FINITE:
        return "!"
    return "" if level == 0 else "+" if level > 0 else "−"


def _text(said: str) -> str:
    return escape(said, quote=True).replace("\n", "<br>")
