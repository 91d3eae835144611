"""``python -m PACKAGE.submit``: says what is missing, packs what the course wants, and writes the zip to hand in.

It changes nothing of the work. Exit status: 0 if it was packed or handed in, 1 if it cannot be, 2 if something is not
right and nobody agreed to hand it in all the same.
"""

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import checked, packing
from .exchange import exchange, hand_in
from .troubles import Trouble, listed, troubles
from .wanted import DESCRIPTION, Wanted, points_of, read


def main(arguments: Sequence[str] | None = None, folder: Path | None = None) -> int:
    """Run the command. Return its exit status."""
    folder = folder or Path(__file__).resolve().parents[2]
    given = _parser().parse_args(arguments)
    try:
        wanted = read(folder)
    except (OSError, ValueError, KeyError, TypeError):
        print(f"{folder / DESCRIPTION} is missing or damaged: unpack the assignment again.", file=sys.stderr)
        return 1
    try:
        return _submit(folder, wanted, given)
    except OSError as error:
        print(f"It cannot be packed ({error}).", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was handed in.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="submit", description="Say what is missing, and pack what the course wants.")
    parser.add_argument("--yes", action="store_true", help="Pack it although something is not right. Asks nothing.")
    parser.add_argument("--without-checks", action="store_true", help="Do not run the checks.")
    parser.add_argument("--to", type=Path, help="The zip file to write. Default: NAME.zip in this folder.")
    parser.add_argument("--zip", action="store_true", help="Write the zip file even if nbgrader has an exchange here.")
    return parser


def _submit(folder: Path, wanted: Wanted, given: argparse.Namespace) -> int:
    files = packing.chosen(folder, wanted)
    if not files:
        print(f"{folder} holds nothing of this assignment to hand in.", file=sys.stderr)
        return 1
    sizes = {name: path.stat().st_size for name, path in files.items()}
    found = list(troubles(folder, wanted, sizes))
    passed: list[str] = []
    if not given.without_checks:
        known = {exercise for one in found for exercise in one.exercises}
        found += [
            one for one in _checks(folder, wanted, passed) if not one.exercises or not known >= set(one.exercises)
        ]
    _say(wanted, found, "the checks were not run" if given.without_checks else "all checks pass")
    at_risk = any(one.exercises or one.serious for one in found)
    if at_risk and not given.yes and not _agreed():
        return 2
    contents = {name: path.read_bytes() for name, path in files.items() if sizes[name] <= wanted.limits[path.suffix]}
    return _hand_over(folder, wanted, given, contents, passed, [one.what for one in found])


def _checks(folder: Path, wanted: Wanted, passed: list[str]) -> Iterator[Trouble]:
    """Run the checks. Yield what does not pass; add the other exercises to ``passed``."""
    here: list[str] = []
    for number, notebooks in wanted.parts.items():
        frameworks = [one.framework for one in notebooks if one.framework]
        automatic = [one.id for one in notebooks[0].exercises if not one.manual]
        if frameworks and not any(importlib.util.find_spec(name) for name in frameworks):
            names = " nor ".join(wanted.frameworks[name] for name in frameworks)
            yield Trouble(f"Part {number} is not checked here, because neither {names} is installed.")
        else:
            here += automatic
    done = 0

    def tell(exercise: str) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\rchecking {done} of {len(here)}: {exercise:40}", end="", file=sys.stderr, flush=True)

    failed = checked.failures(folder, here, tell)
    if sys.stderr.isatty():
        print(f"\r{'':70}\r", end="", file=sys.stderr)
    passed += [one for one in here if one not in failed]
    for why in dict.fromkeys(failed.values()):
        same = tuple(one for one in failed if failed[one] == why)
        yield Trouble(f"{listed(same)}: {why}", same)


def _say(wanted: Wanted, found: Sequence[Trouble], checks: str) -> None:
    print(f"{wanted.title}\n")
    for one in found:
        cost = f"  [{points_of(wanted, one.exercises)}]" if one.exercises else ""
        print(f"  - {one.what}{cost}")
    at_risk = {exercise for one in found for exercise in one.exercises}
    total = points_of(wanted, list(wanted.points))
    if at_risk:
        print(f"\nAt risk are {points_of(wanted, sorted(at_risk))} of {total}.")
    elif any(one.serious for one in found):
        print("\nThis may cost points.")
    elif found:
        print("\nNone of this costs points.")
    else:
        print(f"Nothing is missing, and {checks} ({total}).")


def _agreed() -> bool:
    """Ask whether to pack it all the same. Without a terminal nobody can answer."""
    if not sys.stdin.isatty():
        print("\nNothing was packed. To pack it all the same, add --yes.")
        return False
    try:
        answer = input("\nPack it all the same? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in ("y", "yes"):
        return True
    print("Nothing was packed.")
    return False


def _hand_over(
    folder: Path,
    wanted: Wanted,
    given: argparse.Namespace,
    contents: dict[str, bytes],
    passed: Sequence[str],
    said: Sequence[str],
) -> int:
    receipt = packing.receipt(wanted, contents, passed, said)
    digest = packing.digest_of(contents)
    if not given.zip and given.to is None and exchange(folder) is not None:
        problem = hand_in(folder, wanted.assignment)
        if problem:
            print(f"{problem} To write a zip file instead, add --zip.", file=sys.stderr)
            return 1
        print("\nHanded in through nbgrader's exchange.")
        return 0
    path = given.to or folder / f"{wanted.assignment}.zip"
    whole = packing.packed({**contents, packing.RECEIPT: receipt.encode()})
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_bytes(whole)
    temporary.replace(path)
    print(f"\n{path} is ready: {len(contents)} files, {len(whole) / 2**20:.1f} MB. Hand in this file.")
    print(f"Its digest is {digest[:12]}; {packing.RECEIPT} in it lists what was packed.")
    return 0
