"""Tests of the test suite itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only one worker runs the tests")
@pytest.mark.xdist_group("itself")
def test_groups_stay_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist finds a group by its name in the node id; without it, every model would be trained twice."""
    assert request.node.nodeid.endswith("@itself")


SKIPPED = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="Windows only")
def test_listed(): pass
"""
OTHER = """
@pytest.mark.parametrize("n", range(2))
def test_not_listed(n): pytest.skip(f"no {n} here")
"""


@pytest.mark.parametrize("workers", [[], pytest.param(["-n", "1"], marks=pytest.mark.long)], ids=["alone", "xdist"])
@pytest.mark.parametrize("others", [0, 1])
def test_a_skip_that_is_not_listed_fails_the_run(tmp_path: Path, others: int, workers: list[str]) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPED + others * OTHER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "skips.toml").write_text('[[skip]]\nreason = "Windows only"\nwhy = "This is not Windows."\n')
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(tmp_path / "pytest.ini"), *workers]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    ended = subprocess.run(
        [*command, f"--skips={tmp_path / 'skips.toml'}", str(tmp_path)], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == (1 if others else 0), ended.stdout + ended.stderr
    assert ("its reason is not listed: no 0 here" in ended.stdout) == bool(others)
