"""Self-contained HTML pages: what every page shares. Nothing is fetched, and what students wrote stays text.

See the modules beside this one for what each page shows.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.checks.pictures import NOT_FINITE
from autograder.sandbox.client import printable
from autograder.verdict import ERROR, FAILED, GRADED, NOT_GRADED, OPEN, PASSED

SEE = re.compile(r"(?P<said>.*?)(?: See (?P<place>[^:\n]{1,200}, lines? [\d, and]{1,40}): (?P<code>[^\n]*))?", re.S)
"""A message of the judge, with the line of the student's code at its end."""
WORDS = {
    PASSED: "passed", GRADED: "graded", FAILED: "not solved", ERROR: "error of the grader", OPEN: "open",
    NOT_GRADED: "not graded",
}  # fmt: skip
CELLS = {
    0: ("same", ""), NOT_FINITE: ("odd", "!"),
    **{level: (f"over-{level}", "+") for level in (1, 2, 3)},
    **{-level: (f"under-{level}", "−") for level in (1, 2, 3)},
}  # fmt: skip
"""A cell's class and sign for each level of a picture of an error."""
MARKS = {PASSED: "✓", GRADED: "✓", FAILED: "✗", ERROR: "!", OPEN: "…", NOT_GRADED: "–"}


def points(value: float) -> str:
    """Return points without needless digits."""
    return f"{round(value, 2):g}"


def counted(number: float, word: str) -> str:
    """Return a number with its word: ``1 point``, ``2 points``."""
    return f"{points(number)} {word}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """Return a share between 0 and 1 as percent."""
    return f"{100 * share:.1f} %"


def message(text: str) -> dict[str, str]:
    """Return what a message says, and the place and the line of the student's code that it names, if it names one."""
    found = SEE.fullmatch(text)
    return {name: value or "" for name, value in found.groupdict().items()} if found else {"said": text}


def ticked(text: str) -> Markup:
    """Return text in which pieces between backticks are code."""
    pieces = re.split(r"`([^`]+)`", printable(text))
    marked = [Markup("<code>{}</code>").format(one) if at % 2 else escape(one) for at, one in enumerate(pieces)]
    return Markup("").join(marked)


def _visible(value: Any) -> Any:
    """Return a value for a page. Text from a submission may hold characters that control a terminal or hide text."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment() -> Environment:
    # Also attributes are escaped; a name that a template misspells is an error and not an empty place.
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_visible,
    )  # fmt: skip
    made.filters |= {"points": points, "counted": counted, "percent": percent, "message": message, "ticked": ticked}
    made.globals |= {"words": WORDS, "marks": MARKS, "cells": CELLS}
    return made


ENVIRONMENT = _environment()
STYLE = ENVIRONMENT.get_template("style.css.jinja").render()
SCRIPT = ENVIRONMENT.get_template("tables.js.jinja").render()


def _allowed(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def render(template: str, *, script: bool = False, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        The name of a file beside this module.
    script : bool
        Whether the page holds the script that sorts and filters its tables.
    values : Any
        What the template asks for.
    """
    policy = f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src {_allowed(STYLE)}"
    if script:
        policy += f"; script-src {_allowed(SCRIPT)}"
    shared = {"policy": Markup(policy), "style": Markup(STYLE), "script": Markup(SCRIPT) if script else ""}
    return ENVIRONMENT.get_template(template).render(**shared, **values)
