"""A folder is replaced in one step: after an error or a kill it is the old one or the new one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder import files
from autograder.files import swapped_folder

pytestmark = pytest.mark.quick


def fill(folder: Path, text: str) -> None:
    for number in range(20):
        (folder / f"{number}.txt").write_text(text)


def content(folder: Path) -> set[str]:
    texts = [path.read_text() for path in folder.iterdir()]
    assert len(texts) == 20
    return set(texts)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "course [2026]" / "release"
    home.mkdir(parents=True)
    fill(home, "old")
    return home


def replace(home: Path, text: str = "new") -> None:
    with swapped_folder(home) as fresh:
        fill(fresh, text)


@pytest.fixture(params=["one step", "two steps"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Also work where the system cannot exchange two folders."""
    if request.param == "two steps":
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    return str(request.param)


def alone(home: Path) -> bool:
    return [path.name for path in home.parent.iterdir()] == [home.name]


@pytest.mark.usefixtures("steps")
def test_a_new_folder_replaces_the_old_one(home: Path) -> None:
    replace(home)
    assert content(home) == {"new"}
    assert alone(home)


def test_a_first_folder(tmp_path: Path) -> None:
    replace(tmp_path / "course" / "release")
    assert content(tmp_path / "course" / "release") == {"new"}


def test_after_an_error_the_old_folder_is_there(home: Path) -> None:
    with pytest.raises(KeyboardInterrupt), swapped_folder(home) as fresh:
        (fresh / "0.txt").write_text("new")
        raise KeyboardInterrupt
    assert content(home) == {"old"}
    assert alone(home)


def test_a_stop_between_the_two_steps_brings_the_old_folder_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    usual = Path.rename

    def stopped(self: Path, target: Path) -> Path:
        if target == home and self.name != files.OLD:
            raise KeyboardInterrupt
        return usual(self, target)

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        replace(home)
    assert content(home) == {"old"}
    assert alone(home)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("existed", [True, False])
def test_what_follows_fails_and_the_old_folder_returns(home: Path, existed: bool) -> None:
    target = home if existed else home.parent / "other"

    def broken() -> None:
        assert content(target) == {"new"}
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), swapped_folder(target, then=broken) as fresh:
        fill(fresh, "new")
    assert content(home) == {"old"}
    assert (home.parent / "other").exists() is False
    assert alone(home)


def test_the_folder_of_a_living_process_is_left_alone(home: Path) -> None:
    with swapped_folder(home) as first:
        replace(home, "second")
        fill(first, "first")
    assert content(home) == {"first"}
    assert alone(home)


def test_an_old_folder_that_a_kill_left_aside_returns(home: Path) -> None:
    """This is the moment between the two steps, where the system cannot exchange two folders."""
    left = home.parent / ".x1.new-release"
    (left / "release").mkdir(parents=True)
    home.rename(left / "old")
    other = home.parent / ".x2.new-other-release"
    other.mkdir()
    with pytest.raises(KeyboardInterrupt), swapped_folder(home):
        assert content(home) == {"old"}
        raise KeyboardInterrupt
    assert sorted(path.name for path in home.parent.iterdir()) == [other.name, home.name]


def test_a_folder_elsewhere_is_used_while_it_is_filled(home: Path, tmp_path: Path) -> None:
    with swapped_folder(home, tmp_path / "state") as fresh:
        assert fresh.is_relative_to(tmp_path / "state")
        fill(fresh, "new")
    assert content(home) == {"new"}
    assert list((tmp_path / "state").iterdir()) == []


PROGRAM = """
import sys
from pathlib import Path
from autograder.files import swapped_folder
home = Path(sys.argv[1])
for round in range(100000):
    with swapped_folder(home) as fresh:
        for number in range(20):
            (fresh / f"{number}.txt").write_text(str(round))
    if round == 3:
        print("begun", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_kill_at_any_moment_leaves_a_whole_folder(home: Path) -> None:
    for number in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home)], stdout=subprocess.PIPE, env={**os.environ}
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.001 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert len(content(home)) == 1
    replace(home)
    assert alone(home)
