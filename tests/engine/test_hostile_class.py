"""A class with students who attack the grader from the side: its judge, its ports, its temporary folder, its memory.

Each hostile student gets a verdict, each honest one is graded in full, and nothing is left.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.builder import current
from autograder.course import Course
from autograder.grading import record
from autograder.grading.gradebook import books_of
from autograder.sample import students
from autograder.sandbox import cgroup
from autograder.sandbox.cgroup import ControlGroup

from .conftest import NAME, copied

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives levels 3 and 2")]
MEMORY = 5 * 2**29
"""Bytes of memory of the class's control group: 2.5 GB."""
CANARY = "a-canary-in-a-submission"
PLACE = "dask-scratch-space"
"""A name in the folder for temporary files that Dask's processes look into."""
OTHER = 12345
"""The user id of another local user."""
CARELESS = '''

@exercise("to_celsius")
def test_careless(student):
    """The judge survives."""
    harm = as_number("harm", student.readings.harm())
    if harm == 1:
        shared = mmap.mmap(-1, 1500 << 20)  # not data, so that only the kernel ends it
        for _ in range(1500):
            shared.write(b"x" * 2**20)
    if harm == 2:
        os.kill(os.getpid(), signal.SIGKILL)
'''
"""A hidden test that a student can make harm the judge."""
HARMLESS = "\ndef harm():\n    return 0\n"
PLANTED = ("csv", "fractions", "getpass", "html", "imaplib", "mpi4py", "pickletools", "secrets", "sqlite3", "zipfile")
HOG, KILLER = "\ndef harm():\n    return 1\n", "\ndef harm():\n    return 2\n"
HOSTILE = {
    "uses-the-judges-memory": HOG,
    "kills-the-judge": KILLER,
    "eats-memory": HARMLESS + "\ndef to_celsius(readings):\n    kept = []\n    while True:\n        kept.append(bytearray(b'x' * 2**26))\n",
    "eats-memory-at-import": "kept = []\nwhile True:\n    kept.append(bytearray(b'x' * 2**26))\n",
    "fills-the-disk": HARMLESS + "\ndef to_celsius(readings):\n    import tempfile\n    for n in range(10**6):\n        with open(f'{tempfile.gettempdir()}/{n}', 'wb') as file:\n            file.write(bytes(2**23))\n",
    "starts-processes": HARMLESS + "\ndef to_celsius(readings):\n    import os\n    while True:\n        os.fork()\n",
    "starts-threads": HARMLESS + "\ndef to_celsius(readings):\n    import threading, time\n    while True:\n        threading.Thread(target=time.sleep, args=(600,)).start()\n",
    "recurses": HARMLESS + "\ndef to_celsius(readings):\n    import sys\n    sys.setrecursionlimit(10**9)\n    return to_celsius(readings)\n",
    "exits": HARMLESS + "\ndef to_celsius(readings):\n    import os\n    os._exit(0)\n",
    "answers-too-much": HARMLESS + "\ndef to_celsius(readings):\n    return np.ones(6 * 10**7)\n",
    "answers-broadly": HARMLESS + "\ndef to_celsius(readings):\n    return np.ones((60_000, 1))\n",
    "answers-deeply": HARMLESS + "\ndef to_celsius(readings):\n    deep = []\n    for _ in range(100_000):\n        deep = [deep]\n    return deep\n",
    "shouts": HARMLESS + "\ndef to_celsius(readings):\n    raise ValueError('x' * 10**8)\n",
}  # fmt: skip
"""Name of a hostile student to what is appended to the module. It replaces right code that stands before it."""


def school(root: Path) -> Course:
    """Return a course with a careless hidden test."""
    course = copied(root)
    hidden = course.assignment.hidden / "test_readings.py"
    hidden.write_text(
        hidden.read_text().replace("import numpy", "import mmap\nimport os\nimport signal\n\nimport numpy", 1)
        + CARELESS
    )
    current.build(course)
    return course


def hand_in(course: Course, student: str, appended: str = HARMLESS) -> Path:
    folder = course.root / "submitted" / student / NAME
    students.solved(course, folder)
    module = folder / "weather" / "readings.py"
    module.write_text(f"{module.read_text()}{appended}\n# {CANARY} of {student}\n")
    return folder


def processes(of: int) -> Iterator[psutil.Process]:
    try:
        yield from psutil.Process(of).children(recursive=True)
    except psutil.NoSuchProcess:
        return


def ports(process: psutil.Process) -> list[object]:
    """Return the ports on which a process listens."""
    try:
        return [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return a folder for temporary files that everybody may use."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def grade(course: Course, shared: Path, group: ControlGroup | None = None) -> "subprocess.CompletedProcess[str]":
    """Grade the class. Meanwhile look for ports and, as another local user if we are root, for submissions."""
    command = [*(group.entrance if group else ()), sys.executable, "-m", "autograder.cli", "grade", "--no-feedback"]
    search = ["grep", "-rlsF", CANARY, str(shared)]
    environment = {**os.environ, "TMPDIR": str(shared)}
    said, found = course.root / "said", []
    seen: set[psutil.Process] = set()
    with said.open("w") as file:
        grader = subprocess.Popen(command, cwd=course.root, stdout=file, stderr=file, env=environment)
        while grader.poll() is None:
            for process in processes(grader.pid):
                seen.add(process)
                found += ports(process)
            if os.geteuid() == 0:
                other = subprocess.run(
                    search, user=OTHER, group=OTHER, extra_groups=[], capture_output=True, check=False
                )
                found += other.stdout.split()
            time.sleep(0.5)
    _, alive = psutil.wait_procs(seen, timeout=30)
    assert (found, alive) == ([], [])
    assert [path.name for path in shared.iterdir() if path.name != PLACE] == []
    return subprocess.CompletedProcess(command, grader.returncode, said.read_text())


def outcomes(course: Course, names: list[str]) -> dict[str, tuple[float, set[str]]]:
    """Return each student's total, and the outcomes of the exercises that are judged automatically."""
    with books_of(course) as books:
        found = record.of_class(course, books, names)
    automatic = {one.id for part in course.parts for one in part.automatic}
    return {one.student: (one.total, {own.outcome for own in one.exercises if own.id in automatic}) for one in found}


def test_what_a_student_does_to_the_judge_costs_that_student(tmp_path: Path, shared: Path, level: int) -> None:
    """Nothing that another user has put into the folder for temporary files is imported."""
    course = school(tmp_path / "course")
    (shared / PLACE).mkdir()
    for name in PLANTED:
        said = f"open({str(course.root / 'imported')!r}, 'a').write({name!r})\n"
        (shared / PLACE / f"{name}.py").write_text(said)
    for student, appended in {"ann": HARMLESS, "hog": HOG, "kim": KILLER, "zoe": HARMLESS}.items():
        hand_in(course, student, appended)
    ended = grade(course, shared)
    assert ended.returncode == 0, ended.stdout
    assert not (course.root / "imported").exists()
    found = outcomes(course, ["ann", "hog", "kim", "zoe"])
    assert found["ann"] == found["zoe"] == (6.0, {"graded"})
    assert found["kim"] == (0.0, {"error"})
    if cgroup.create(2**30, 64) is not None:
        assert found["hog"] == (0.0, {"failed"})
        assert len(list((course.state / "verdicts").rglob("*.json"))) == 3  # an error is judged again


@pytest.mark.long
def test_a_class_of_twenty_in_little_memory(tmp_path: Path, shared: Path, level: int) -> None:
    """All are in one control group of 2.5 GB, if this machine allows one; else only each child has its limit."""
    course = school(tmp_path / "course")
    honest = [f"honest-{number}" for number in range(20 - len(HOSTILE))]
    for student in honest:
        hand_in(course, student)
    for student, appended in HOSTILE.items():
        hand_in(course, student, appended)
    group = cgroup.create(MEMORY, 4096)
    try:
        ended = grade(course, shared, group)
        peak = _peak(group)
    finally:
        if group is not None:
            group.end()
    print(f"peak memory: {peak / 2**20:.0f} MB" if peak else "no control group here: only each child was limited")
    assert ended.returncode == 0, ended.stdout
    found = outcomes(course, [*honest, *HOSTILE])
    assert {student: found[student] for student in honest} == dict.fromkeys(honest, (6.0, {"graded"}))
    for student in HOSTILE:
        assert found[student][1] <= {"graded", "failed", "error"}, student
        assert found[student][0] < 6, student
    assert found["eats-memory"][1] <= {"failed", "graded"}


def _peak(group: ControlGroup | None) -> int:
    """Return the most bytes that a group has held, or 0."""
    for name in ("memory.peak", "memory.max_usage_in_bytes"):
        if group is not None and (group.folder / name).exists():
            return int((group.folder / name).read_text())
    return 0
