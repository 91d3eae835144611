"""The attacks on confinement once more as an ordinary user, if the tests run as root: levels work differently then."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ..conftest import ROOT

USER = 12_345
LEVELS = "from autograder.sandbox.client import probe; print(*[level for level in (3, 2) if not probe(level)])"
pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="this is an ordinary user")


def reachable(path: Path) -> bool:
    """Tell whether every user may read the path."""
    path = path.resolve()
    return bool(path.stat().st_mode & 0o004) and all(parent.stat().st_mode & 0o001 for parent in path.parents)


def python() -> str:
    """Return a Python of this version that an ordinary user may run."""
    name = "python{}.{}".format(*sys.version_info)
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        if Path(candidate).exists() and reachable(Path(candidate)):
            return candidate
    pytest.skip(f"there is no {name} that an ordinary user may run")


@pytest.mark.slow
@pytest.mark.long
def test_nothing_gets_out_of_an_ordinary_users_sandbox() -> None:
    packages = Path(str(importlib.util.find_spec("numpy").origin)).parents[1]  # type: ignore[union-attr]
    for path in (ROOT, packages):
        if not reachable(path):
            pytest.skip(f"an ordinary user cannot read {path}")
    home = Path(tempfile.mkdtemp(prefix="ordinary-user-"))
    os.chown(home, USER, USER)
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
    }  # fmt: skip
    quiet = ["-q", "-p", "no:cacheprovider", "-n", "2", "-rs"]  # most attacks wait for a limit

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [python(), *arguments], cwd=ROOT, env=environment, user=USER, group=USER, extra_groups=[],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    try:
        levels = run("-c", LEVELS).stdout.split()
        if not levels:
            pytest.skip("an ordinary user of this machine has neither level 3 nor 2")
        ended = run("-m", "pytest", *quiet, "-m", "confinement", "tests/attacks/test_attacks.py")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed is not None
    assert int(passed[1]) >= 75 * len(levels)
    assert not [level for level in levels if f"level {level} is not available" in ended.stdout], ended.stdout[-3000:]
