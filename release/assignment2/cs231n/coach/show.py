"""Show maps and outcomes where the student works: a page in a notebook, a table in a terminal, else plain lines."""

import sys
from typing import Any

from cs231n.checks.check import Checked, CheckFailed
from cs231n.checks.public import PublicTests

from . import page, text
from .ask import Asker
from .result import CoachError
from .standing import Map, part_named, unknown

ADVICE = "`pip install rich` shows this as a table."


class Shown:
    """Something with a text for terminals and a page for notebooks."""

    def __init__(self, said: str, html: str) -> None:
        self._said, self._html = said, html

    def __repr__(self) -> str:
        return self._said

    def _repr_html_(self) -> str:
        return self._html


def show_map(public: PublicTests, name: str = "") -> None:
    """Show where the student stands, in all parts or in one.

    Raises
    ------
    CheckFailed
        If the name is neither an exercise nor a part, or the checks cannot be run.
    """
    part = part_named(name, public.facts) if name else None
    if name and part is None:
        raise CheckFailed(unknown(name, public.facts))
    if not public.facts.parts:
        raise CheckFailed("The map is part of a release: build it, and work in its folder.")
    try:
        found = Asker(public).map(part)
    except CoachError as error:
        raise CheckFailed(str(error)) from None
    if not _displayed(Shown("\n".join(text.lines(found)), page.of_map(public, found))):
        print_map(found)


def show_checked(public: PublicTests, done: Checked) -> bool:
    """Show the outcome of an exercise in a notebook. Return whether there is one."""
    return bool(done.failures) and _displayed(Shown(done.text(), page.of_checked(public, done)))


def print_map(found: Map, console: Any = None) -> None:
    """Print the map: a table if rich is installed, else lines."""
    try:
        from rich.console import Console
    except ImportError:
        print("\n".join([*text.lines(found), ADVICE]))
        return
    console = console or Console()
    console.print(text.table(found, console.encoding))
    console.print()
    for line in text.summary(found):
        console.print(line, markup=False, highlight=False)


def _displayed(shown: Shown) -> bool:
    """Display something in the running notebook. Return whether there is one."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return False
    from IPython.display import display

    display(shown)
    return True
