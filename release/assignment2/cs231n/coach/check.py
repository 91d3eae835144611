"""``python -m PACKAGE.check``: where you stand, in a terminal; with the name of an exercise, what is wrong with it."""

import argparse
import sys
from collections.abc import Sequence

from cs231n.checks.check import CheckFailed, check, own_folder
from cs231n.checks.facts import facts_of
from cs231n.checks.public import PublicTests

from .ask import Asker
from .result import CoachError
from .show import print_map
from .standing import part_named
from .steps import hint


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 0 if all that was asked for is right, else 1; 2 if it cannot run."""
    package = facts_of(own_folder()).package
    parser = argparse.ArgumentParser(prog=f"python -m {package}.check", description=__doc__.partition(": ")[2])
    parser.add_argument("name", nargs="?", default="", help="an exercise, or a part such as part2; default: everything")
    parser.add_argument("--hint", type=int, metavar="STEP", help="show the first STEP steps of the hint")
    parser.add_argument("--again", action="store_true", help="run also what has not changed since the last check")
    given = parser.parse_args(arguments)
    public = PublicTests(own_folder())
    part = part_named(given.name, public.facts)
    try:
        if given.hint and part is None:
            for step in range(1, given.hint + 1):
                hint(given.name, step)
            return 0
        if given.name and part is None:
            check(given.name)
            return 0
        found = Asker(public).map(part, given.again)
    except (CheckFailed, CoachError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, CoachError) else 1
    except KeyboardInterrupt:
        return 130
    print_map(found)
    return 0 if found.next is None else 1
