"""Fixtures that tests share: a course in a temporary folder, on the synthetic pictures, and the sandbox's level."""

import os
import re
import shutil
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from autograder.course import Course
from autograder.sandbox.client import best_level, probe
from autograder.sandbox.levels import available
from autograder.sandbox.profiles import is_installed

ROOT = Path(__file__).resolve().parent.parent
HAS_ASSIGNMENT = (ROOT / "autograder" / "assignments" / "assignment2").is_dir()
"""Whether assignment 2 exists. Without it only the engine's own tests run."""
ITS_OWN = (
    "attacks", "builder", "checks/test_check.py", "coach/test_evening.py", "checks/test_saving.py", "checks/test_students_pytest.py", "datasets",
    "fuzz", "grading", "judge", "mistaken", "sandbox/test_confinement.py", "sandbox/test_execute.py", "sandbox/test_extension.py",
    "source", "test_cli.py", "test_documentation.py", "test_interrupt.py", "validate",
)  # fmt: skip
"""Tests that need assignment 2."""
collect_ignore = [] if HAS_ASSIGNMENT else list(ITS_OWN)
# An example, or its generation, may take long on a busy machine.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("any machine")


QUICK = (
    "tests/checks", "tests/intake", "tests/judge/test_inputs.py", "tests/runner", "tests/sandbox/test_levels.py",
    "tests/sandbox/test_starvation.py", "tests/source", "tests/test_cli.py", "tests/test_contracts.py",
    "tests/test_verdict.py",
)  # fmt: skip
"""Files and folders whose tests `make quick` runs, except slow tests; quick tests elsewhere have the mark `quick`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for CI: a test may be skipped only for a listed reason."""
    parser.addoption("--skips", type=Path, help="A list of allowed skips; any other skip fails the run.")


def pytest_configure(config: pytest.Config) -> None:
    """Check skips if ``--skips`` is given; pytest-xdist's workers report to the process that started them."""
    listed = config.getoption("--skips")
    if listed is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips(tomllib.loads(listed.read_text(encoding="utf-8"))["skip"]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark quick tests, and mark tests as long that use another sandbox level than the best one."""
    best = next((level for level in (3, 2, 1) if not available(level)), 1)
    for item in items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if given.get("each_level", given.get("level", best)) != best:
            item.add_marker(pytest.mark.long)
        elif item.nodeid.startswith(QUICK) and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.quick)


class Skips:
    """A pytest plugin that fails the run if a test was skipped for a reason that is not listed.

    Parameters
    ----------
    allowed : list of dict
        Each has ``reason``, a regular expression for pytest's whole reason, and ``why`` the skip is allowed.
    """

    def __init__(self, allowed: list[dict[str, str]]) -> None:
        self._allowed = allowed
        self._others: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if not any(re.fullmatch(one["reason"], reason) for one in self._allowed):
                self._others[report.nodeid] = reason

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._others and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for test, reason in self._others.items():
            terminalreporter.write_line(f"{test} was skipped, and its reason is not listed: {reason}", red=True)


def needs(framework: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test if this framework (PyTorch or TensorFlow) is not installed."""
    from tests.assignment2 import ASSIGNED

    extra = {"torch": "pytorch"}.get(framework, framework)
    reason = f"{framework} is not installed: pip install -e .[{extra}]"
    part = next(one for part in ASSIGNED.parts for one in part.alternatives if one.framework == framework)
    return pytest.mark.skipif(not is_installed(ASSIGNED, part), reason=reason)


@pytest.fixture
def reachable(tmp_path: Path) -> Path:
    """Return a temporary folder that other users can reach, such as the user of a runner at level 2."""
    open_to_others(tmp_path)
    return tmp_path


def open_to_others(temporary: Path) -> None:
    """Let other users into a temporary folder, because pytest makes its folders private."""
    for folder in (temporary, *temporary.parents):
        if folder == temporary or folder.name.startswith("pytest-"):
            folder.chmod(0o755)


@pytest.fixture
def port() -> Iterator[int]:
    """Yield a port on which a server of this machine listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def synthetic() -> Path:
    """Return the folder of the synthetic pictures."""
    import datasets

    return datasets.synthetic_root()


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of the real pictures, or skip the test if there are none."""
    import datasets

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
    """Return a course in a temporary folder, on the synthetic pictures: source, committed release, nbgrader's settings."""
    from tests.assignment2 import ASSIGNMENT

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
    """Let a course share trained models and built extensions with all courses of this test run, in other workers too."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    (root / ".autograder").mkdir(exist_ok=True)
    for name in ("models", "extensions"):
        (shared / name).mkdir(parents=True, exist_ok=True)
        (root / ".autograder" / name).symlink_to(shared / name)


@pytest.fixture(scope="session")
def level() -> int:
    """Return the best sandbox level of this machine."""
    best, _ = best_level()
    if best < 2:
        pytest.skip("this machine has neither level 3 nor 2")
    return best


@pytest.fixture(params=[3, 2])
def each_level(request: pytest.FixtureRequest) -> int:
    """Return each safe level in turn: 3, then 2."""
    wanted: int = request.param
    missing = probe(wanted)
    if missing:
        pytest.skip(f"level {wanted} is not available here: {missing}")
    return wanted
