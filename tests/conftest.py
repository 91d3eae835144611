"""What tests share: a course of their own in a temporary folder, on the synthetic pictures, and the sandbox's level."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import datasets
from autograder.course import ASSIGNMENT, Course
from autograder.sandbox.installed import is_installed
from autograder.sandbox.remote import best_level, probe

ROOT = Path(__file__).resolve().parent.parent


def needs(framework: str) -> pytest.MarkDecorator:
    """Mark a test that PyTorch or TensorFlow is needed for."""
    extra = {"torch": "pytorch"}.get(framework, framework)
    reason = f"{framework} is not installed: pip install -e .[{extra}]"
    return pytest.mark.skipif(not is_installed(framework), reason=reason)


@pytest.fixture
def reachable(tmp_path: Path) -> Path:
    """A temporary folder that other users reach, such as the one of a runner at level 2."""
    open_to_others(tmp_path)
    return tmp_path


def open_to_others(temporary: Path) -> None:
    """Let other users into a temporary folder: pytest closes its own to them."""
    for folder in (temporary, *temporary.parents):
        if folder == temporary or folder.name.startswith("pytest-"):
            folder.chmod(0o755)


@pytest.fixture
def port() -> Iterator[int]:
    """Where a server of this machine listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def synthetic() -> Path:
    """The synthetic pictures."""
    return datasets.synthetic_root()


@pytest.fixture(scope="session")
def real() -> Path:
    """The real pictures, where they are."""
    shared = ROOT.parent / "shared" / "cifar10" / "make_batches.py"
    given = os.environ.get("CS231N_REAL")
    if given:
        return datasets.locate(given)
    if not shared.exists():
        pytest.skip("the real pictures are not here: set CS231N_REAL to their folder")
    import subprocess
    import sys
    import tempfile

    folder = Path(tempfile.gettempdir()) / "cs231n-real"
    subprocess.run([sys.executable, str(shared), str(folder)], check=True)
    return datasets.locate(folder)


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory, synthetic: Path) -> Course:
    """A course in a folder of its own, on the synthetic pictures: source, committed release, nbgrader's settings."""
    os.environ["CS231N_DATA"] = str(synthetic)
    root = tmp_path_factory.mktemp("course")
    ignored = shutil.ignore_patterns(
        "__pycache__", "models", ".ipynb_checkpoints", ".pytest_cache", "build", "*.so", "*.c"
    )
    for step in ("source", "release"):
        shutil.copytree(ROOT / step / ASSIGNMENT, root / step / ASSIGNMENT, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    keep_what_is_slow_to_make(root, tmp_path_factory)
    return Course(root, synthetic)


def keep_what_is_slow_to_make(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let a course share trained models and built extensions with the others of this test run, in other workers too."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    (root / ".autograder").mkdir(exist_ok=True)
    for name in ("models", "extensions"):
        (shared / name).mkdir(parents=True, exist_ok=True)
        (root / ".autograder" / name).symlink_to(shared / name)


@pytest.fixture(scope="session")
def level() -> int:
    """The best sandbox level of this machine."""
    best, _ = best_level()
    if best < 2:
        pytest.skip("this machine gives neither level 3 nor 2")
    return best


@pytest.fixture(params=[3, 2])
def each_level(request: pytest.FixtureRequest) -> int:
    """Both safe levels in turn."""
    wanted: int = request.param
    missing = probe(wanted)
    if missing:
        pytest.skip(f"level {wanted} is not to be had here: {missing}")
    return wanted
