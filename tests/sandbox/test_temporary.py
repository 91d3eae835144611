"""Temporary folders: private, and swept when nobody holds them any more."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder import temporary

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks, and private folders")
KILLED = """
import os, signal, sys
from autograder import temporary
folder = temporary.lasting_folder("submission")
(folder / "deep" / "er").mkdir(parents=True)
(folder / "deep" / "file").write_text("x")
(folder / "link").symlink_to("/usr")
(folder / "deep").chmod(0)
if sys.argv[1] == "forks" and os.fork() == 0:
    os.write(1, f"{temporary.home()}\\n".encode())
    signal.pause()
os.write(1, f"{temporary.home()}\\n".encode())  # at once: the other process writes too
os.kill(os.getpid(), signal.SIGKILL)
"""


def made_and_killed(how: str) -> tuple[Path, "subprocess.Popen[str]"]:
    """Return the folder of a process that was killed, and the process."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, how], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    made = Path(process.stdout.readline().strip())
    process.wait()
    return made, process


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(temporary, "_homes", {})
    return tmp_path


@pytest.mark.quick
def test_what_a_killed_process_left_is_swept(place: Path) -> None:
    left, _ = made_and_killed("alone")
    assert left.is_dir()
    with temporary.folder("submission") as mine:
        assert not left.exists()
        assert mine.parent.stat().st_mode & 0o007 == 0
        assert mine.parent.stat().st_uid == os.geteuid()
    assert not mine.exists()
    assert list(place.iterdir()) == [mine.parent]


def test_what_a_living_process_holds_stays(place: Path) -> None:
    left, _ = made_and_killed("forks")
    (child,) = [int(name) for name in os.listdir("/proc") if name.isdigit() and holds(int(name), left)]
    try:
        temporary.sweep()
        assert left.is_dir()
    finally:
        os.kill(child, signal.SIGKILL)


def holds(process: int, folder: Path) -> bool:
    held = []
    with contextlib.suppress(OSError):
        for one in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):  # it has just been closed
                held.append(os.readlink(one))
    return str(folder) in held


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has files of others")
def test_folders_of_others_and_links_stay(place: Path) -> None:
    theirs, link = place / f"{temporary.PREFIX}theirs", place / f"{temporary.PREFIX}link"
    (theirs / "folder").mkdir(parents=True)
    link.symlink_to(theirs)
    os.chown(theirs, 12_345, 12_345)
    temporary.sweep()
    assert (theirs / "folder").is_dir()
    assert link.is_symlink()
