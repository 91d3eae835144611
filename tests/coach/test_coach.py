"""A student's commands in a release: the map, the check of one exercise, hints in steps and the watch."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import AVERAGE, CAUSAL, NAME, RIGHT, Run, write
from .watching import FOOTER, Watching


def test_the_map_says_where_one_stands(run: Run, folder: Path) -> None:
    write(folder, AVERAGE, RIGHT + "\nprint('never seen')")
    said = run("-m", f"{NAME}.check").stdout
    assert re.search(r"moving_average +\S +2 +\S +right", said)
    assert re.search(r"detrend +\S +2 +\S +not written", said)
    assert re.search(r"aliasing +\S +2 +\S +a person reads it", said)
    flat = " ".join(said.split())
    assert "2 of 9 points" in flat
    assert "Next: detrend is not written yet, at filters.py, line" in flat
    assert "Score to be expected: 2 of 18 points; a person reads answers worth 2 more." in flat
    assert "\x1b" not in said  # no terminal, no colours
    again = run("-m", f"{NAME}.check", "part1")
    assert again.returncode == 1
    assert "4 exercises were not run again: their code has not changed." in " ".join(again.stdout.split())
    assert "find_peaks" not in again.stdout
    (folder / NAME / "rhythm.py").write_text((folder / NAME / "rhythm.py").read_text() + "\n# a change\n")
    assert "4 exercises were not run again" in " ".join(run("-m", f"{NAME}.check").stdout.split())
    assert "Do you mean 'detrend'?" in run("-m", f"{NAME}.check", "dettrend").stderr


def test_a_loop_that_never_ends_is_named_and_the_rest_is_checked(folder: Path) -> None:
    write(folder, AVERAGE, "n = 0\nwhile n >= 0:\n    n = n + 1")
    write(folder, "detrend(signal)", "import os\nos._exit(7)")
    program = (
        f"import json\nfrom pathlib import Path\nfrom {NAME}.checks.public import PublicTests\n"
        f"from {NAME}.coach.ask import Asker\nfound = Asker(PublicTests(Path.cwd()), limit=1).map()\n"
        "print(json.dumps({one.exercise.id: one.message for one in found.standings.values()}))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)
    assert said["moving_average"] == "It did not end within 1 seconds: is there a loop that never ends?"
    assert "exit status 7" in said["detrend"]
    assert "NotImplementedError" in said["amplitudes"]
    kept = json.loads((folder / ".standing.json").read_text())["results"]
    assert "moving_average" not in kept
    assert "amplitudes" in kept


def test_hints_come_in_steps(run: Run, folder: Path) -> None:
    write(folder, AVERAGE, CAUSAL)
    steps = run("-m", f"{NAME}.check", "moving_average", "--hint", "3").stdout
    wrong, question, idea = (steps.index(title) for title in ("What is wrong (", "A question (", "The idea ("))
    assert wrong < question < idea
    assert "Perhaps: The window ends at the sample" in steps[wrong:question]
    assert steps[question:idea].count("?") == 1
    program = (
        f"from {NAME}.checks import hint\nfrom pathlib import Path\nhint('moving_average'); hint('moving_average')\n"
        f"path = Path('{NAME}/filters.py'); path.write_text(path.read_text().replace('width + 1', 'width + 2'))\n"
        "hint('moving_average'); hint('moving_average', 3)"
    )
    said = run("-c", program).stdout
    assert re.findall(r"\(step (\d) of 3\)", said) == ["1", "2", "1", "3"]  # another failure begins again


def test_what_the_code_prints_is_shown_and_debuggers_work(run: Run, folder: Path) -> None:
    write(folder, AVERAGE, "print('here', width)\nsecret = 42\nbreakpoint()\nreturn signal[secret * 10**6]")
    session = "p secret\nc\n" + "c\n" * 20
    said = run("-c", f"from {NAME}.checks import check\ncheck('moving_average')", text=session).stdout
    assert "here" in said
    assert "(Pdb) 42" in said
    left = run("-c", f"from {NAME}.checks import check\ncheck('moving_average')", text="q\n")
    assert "CheckFailed: You left the debugger" in left.stderr
    program = (
        f"import os, pdb, sys\nos.environ['PYTHONBREAKPOINT'] = '0'\nfrom {NAME}.checks import check\n"
        "try:\n    check('moving_average')\nexcept Exception as error:\n    sys.last_exc = sys.last_value = error\n"
        "    sys.last_traceback = error.__traceback__\npdb.pm()"
    )
    after = run("-c", program, text="p 'secret is', secret\nq\n").stdout
    assert "('secret is', 42)" in after


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    watch = Watching(folder, NAME)
    yield watch
    watch.kill()


def test_the_watch_follows_the_editor(watching: Watching, folder: Path) -> None:
    said = watching.until(FOOTER)
    assert "moving_average: not written" in said
    assert "h: hint" in said
    write(folder, AVERAGE, CAUSAL + "  # wrong")
    said = watching.until(FOOTER)
    assert "moving_average: wrong" in said
    assert "Perhaps: The window ends at the sample" in said
    assert "Along axis 0" in said or "columns are axis 0" in said
    watching.press("h")
    watching.press("h")
    assert "A question (step 2 of 3)" in watching.until(r"step 2 of 3.*\n")
    write(folder, AVERAGE, "print('looking')\n" + RIGHT)
    said = watching.until(FOOTER)
    assert "moving_average is right." in said
    assert "detrend: not written" in said
    assert "1 of 7 exercises are right." in said
    watching.press("l")
    assert "aliasing" in watching.until(r"Score to be expected")
    assert watching.end() == 0


def test_the_watch_says_what_is_missing(folder: Path, run: Run) -> None:
    (folder / "watchfiles.py").write_text("raise ModuleNotFoundError('no', name='watchfiles')")
    ran = run("-m", f"{NAME}.watch", "--plain")
    assert ran.returncode == 2
    assert ran.stderr == "This needs two packages: run `pip install rich watchfiles`.\n"
