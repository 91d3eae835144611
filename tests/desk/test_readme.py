"""The README followed to the letter, as an ordinary user: without a compiler, then with one, then without a network."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assignment2 import ASSIGNED, ASSIGNMENT

from ..conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.long]
COMPILERS = re.compile(r"(?:.*-)?(?:cc|gcc|clang|c99|c89|tcc|c\+\+|g\+\+|clang\+\+)(?:-[\d.]+)?$")
USER = 12_346
PACKAGE = ASSIGNED.package


class Student:
    """A student at a terminal: an ordinary user where the tests run as root, with a home and a folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home / ASSIGNMENT
        self.is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        self.seconds: dict[str, float] = {}
        shutil.copytree(
            ROOT / "release" / ASSIGNMENT, self.folder, ignore=shutil.ignore_patterns("*.so", "__pycache__")
        )
        if self.is_root:
            for path in (home, *home.rglob("*")):
                os.chown(path, USER, USER)

    def path(self, compiler: bool) -> str:
        """Return a search path with the machine's programs, with or without its compilers."""
        if compiler:
            return "/usr/local/bin:/usr/bin:/bin"
        shadow = self.home / "programs"
        if not shadow.exists():
            shadow.mkdir()
            for program in sorted({one for place in ("/usr/bin", "/bin") for one in Path(place).iterdir()}):
                if not COMPILERS.match(program.name) and not (shadow / program.name).is_symlink():
                    (shadow / program.name).symlink_to(program)
        return str(shadow)

    def run(self, commands: str, compiler: bool = True, network: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run lines in a shell in the folder, in the environment that the README has made."""
        activate = "[ -d .venv ] && source .venv/bin/activate\n"
        alone = [] if network else ["unshare", "--net"] if self.is_root else ["unshare", "--user", "--net"]
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if self.is_root else []
        environment = {"PATH": self.path(compiler), "HOME": str(self.home), "LANG": "C.UTF-8"}
        environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        started = time.monotonic()
        ended = subprocess.run(
            [*alone, *as_user, "bash", "-c", activate + commands],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.seconds[commands.splitlines()[-1]] = time.monotonic() - started
        return ended

    @property
    def set_up(self) -> list[str]:
        """The commands of the README's section on setting up, without comments."""
        text = (self.folder / "README.md").read_text(encoding="utf-8")
        block = text.partition("## Set up")[2].partition("```")[2].partition("```")[0]
        return [line.partition("#")[0].strip() for line in block.strip().splitlines()]


@pytest.fixture
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    if sys.platform == "win32":
        pytest.skip("the commands are those for a Unix shell")
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="a-student-"))
    home.chmod(0o755)
    yield Student(home)
    shutil.rmtree(home, ignore_errors=True)


def test_the_readme_leads_to_a_zip_with_and_without_a_compiler_and_offline(student: Student) -> None:
    *before, doctor = student.set_up
    assert doctor == f"python -m {PACKAGE}.doctor"
    ended = student.run("\n".join(before), compiler=False)
    if "No matching distribution" in ended.stderr or "Connection" in ended.stderr:
        pytest.skip("pip reaches no package index")
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert not list((student.folder / PACKAGE).glob("*.so"))

    ended = student.run(doctor, compiler=False)
    assert "There is no C compiler." in ended.stdout
    assert f"Run: python -m {PACKAGE}.datasets" in ended.stdout
    assert ended.returncode == 1, "the pictures are missing"
    assert "Traceback" not in ended.stderr

    if shutil.which("cc", path=student.path(compiler=True)):
        build = re.search(r"Run: (.*Cythonize.*)", student.run(doctor).stdout)
        assert build is not None
        ended = student.run(build[1])
        assert ended.returncode == 0, ended.stderr[-2000:]
        assert "ok       The extension" in student.run(doctor).stdout

    offline = shutil.which("unshare") is not None
    ended = student.run(f"python -m {PACKAGE}.datasets", network=not offline)
    assert not offline or "--synthetic" in ended.stderr
    ended = student.run(f"python -m {PACKAGE}.datasets --synthetic", network=not offline)
    assert ended.returncode == 0, ended.stderr
    ended = student.run(doctor, network=not offline)
    assert ended.returncode == 0, ended.stdout
    assert "are synthetic: accuracies on them are practice" in ended.stdout
    exercise = re.search(r'`check\("(\w+)"\)`', (student.folder / "README.md").read_text(encoding="utf-8"))
    assert exercise is not None
    first = f"from {PACKAGE}.checks import check; check({exercise[1]!r})"
    ended = student.run(f'python -c "{first}"', network=not offline)
    assert "It is not written yet" in ended.stdout
    ended = student.run(f"python -m {PACKAGE}.submit --yes", network=not offline)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (student.folder / f"{ASSIGNMENT}.zip").is_file()
    print({command: round(seconds, 1) for command, seconds in student.seconds.items()})
