"""A Dask cluster judges a class over TLS, with keys that the documented commands make. Without TLS it is refused."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.builder import current
from autograder.course import Course
from autograder.judge.children.cluster import Cluster, ClusterError
from autograder.judge.children.task import Task
from autograder.sample import students

from ..conftest import ROOT
from .conftest import NAME, copied

DOCS = ROOT / "docs" / "cluster.md"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with one hand-in and with keys."""
    course = copied(tmp_path_factory.mktemp("course"))
    current.build(course)
    students.solved(course, course.root / "submitted" / "one" / NAME)
    make_keys(course.root)
    return course


def make_keys(folder: Path) -> Path:
    """Run the documented commands."""
    block = re.search(r"```sh\n(.*?)```", DOCS.read_text(), re.S)
    assert block is not None
    subprocess.run(["sh", "-ec", block[1]], cwd=folder, check=True, capture_output=True)
    return folder / ".autograder" / "cluster"


def grade(course: Course, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "autograder.cli", "grade", "--no-feedback", *options]
    return subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_without_tls_it_is_refused_in_one_sentence(school: Course) -> None:
    ended = grade(school, "--scheduler", "tcp://127.0.0.1:8786")
    assert ended.returncode == 1
    assert ended.stderr.startswith("tcp://127.0.0.1:8786 is not reached over TLS")
    assert len(ended.stderr.splitlines()) == 1


def test_keys_must_be_there_and_private(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"ca\.pem, cert\.pem, key\.pem missing in"):
        Cluster("tls://x:1", tmp_path).require_safe()
    keys = make_keys(tmp_path)
    Cluster("tls://x:1", keys).require_safe()
    (keys / "key.pem").chmod(0o640)
    with pytest.raises(ClusterError, match="chmod 600"):
        Cluster("tls://x:1", keys).require_safe()
    Cluster("tcp://x:1", tmp_path, insecure=True).require_safe()


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("safe", [True, False])
def test_a_cluster_judges_and_one_process_writes(school: Course, tmp_path: Path, level: int, safe: bool) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    keys = school.state / "cluster"
    files = {role: str(keys / name) for role, name in (("cert", "cert.pem"), ("key", "key.pem"))}
    known = {f"tls_{who}_{what}": path for who in ("scheduler", "worker", "client") for what, path in files.items()}
    security = (
        distributed.Security(require_encryption=True, tls_ca_file=str(keys / "ca.pem"), **known) if safe else None
    )
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path), security=security,
        protocol="tls" if safe else "tcp",
    )  # fmt: skip
    with cluster:
        address = cluster.scheduler_address
        if safe:
            (tmp_path / "other").mkdir()
            with pytest.raises(ClusterError, match="cannot be reached"):
                Cluster(address, make_keys(tmp_path / "other")).pool(1).ask(Task("builtins:dict"))
        for path in (school.state / "verdicts").rglob("*.json"):
            path.unlink()
        ended = grade(school, "--scheduler", address, *([] if safe else ["--allow-insecure-scheduler"]))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (kept,) = [json.loads(path.read_text()) for path in (school.state / "verdicts").rglob("*.json")]
    assert kept["verdict"]["sandbox_level"] == level
    assert "6 of 7" in ended.stdout
