"""``python -m PACKAGE.doctor``: what is missing on a machine, and the command that mends it."""

import json
import os
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.desk import doctor, extension, jupyter, packages
from autograder.desk.findings import BETTER, MISSING, OK, Finding
from autograder.desk.wanted import Wanted, read

from ..engine.conftest import NAME
from .conftest import Run


@pytest.fixture
def wanted(folder: Path) -> Wanted:
    return read(folder)


def test_a_complete_folder_can_begin(folder: Path, run: Run) -> None:
    ended = run(folder, "doctor")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("You can begin.\n")
    (folder / NAME / "readings.py").unlink()
    ended = run(folder, "doctor")
    assert ended.returncode == 1
    assert f"missing here: {NAME}/readings.py." in ended.stdout
    assert "checks.update" in ended.stdout


def test_it_works_without_numpy(folder: Path, run: Run, tmp_path: Path) -> None:
    """NumPy may be what is missing, so the doctor must not import it."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('no numpy here')")
    ended = run(folder, "doctor", PYTHONPATH=str(tmp_path))
    assert "Traceback" not in ended.stderr
    assert "You can begin." in ended.stdout


def test_packages_and_versions_are_compared(folder: Path, wanted: Wanted) -> None:
    requirements = '["numpy>=999", "no-such-package", "nor-this-one>=2", "pytest", "tqdm; sys_platform"]'
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\ndependencies = {requirements}\n')
    first = next(iter(packages.findings(folder, wanted)))
    assert first.state == MISSING
    assert "no-such-package, nor-this-one are not installed" in first.what
    assert "and 999 or newer is needed" in first.what
    assert first.cure == "Run: python -m pip install --editable ."


def test_a_framework_is_asked_for_only_where_one_is_used(folder: Path, wanted: Wanted) -> None:
    from dataclasses import replace

    assert not any("framework" in one.what for one in packages.findings(folder, wanted))
    notebooks = tuple(replace(one, framework="no_such_framework") for one in wanted.notebooks)
    using = replace(wanted, frameworks={"no_such_framework": "Nothing"}, notebooks=notebooks)
    found = [one for one in packages.findings(folder, using) if "Nothing" in one.what]
    assert [one.state for one in found] == [BETTER]
    assert "Only part 1 needs it" in found[0].what


def test_the_extension_is_not_built_stale_or_for_another_python(
    folder: Path, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace
    from importlib.machinery import EXTENSION_SUFFIXES

    source = folder / NAME / "quick.pyx"
    source.write_text("x = 1\n")
    having = replace(wanted, extension=f"{NAME}/quick.pyx")

    def found() -> Finding:
        (one,) = extension.findings(folder, having)
        return one

    assert "is not built" in found().what
    assert found().cure.endswith("-m Cython.Build.Cythonize -i weather/quick.pyx")
    monkeypatch.setattr(extension, "has_compiler", lambda: False)
    assert "There is no C compiler. Install" in found().cure
    other = source.with_suffix(".cpython-27-other.so")
    other.touch()
    assert "is built for another Python" in found().what
    built = source.with_suffix(EXTENSION_SUFFIXES[0])
    built.touch()
    assert found().state == OK
    os.utime(built, (1, 1))
    assert "your changes do not count yet" in found().what


def test_a_kernel_of_another_python_is_noticed(wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    for program, state in (("/elsewhere/bin/python", BETTER), (sys.executable, OK), ("python", OK)):
        said = {"argv": [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "x"}
        (kernel / "kernel.json").write_text(json.dumps(said))
        kernels = [one for one in jupyter.findings(wanted) if "kernel" in one.what]
        assert [one.state for one in kernels] == [state], program


def test_findings_are_told_with_what_to_do() -> None:
    found = [
        Finding(OK, "A is fine"),
        Finding(BETTER, "B is slow.", "Run: b"),
        Finding(MISSING, "C is gone.", "Run: c"),
    ]
    lines = doctor.told(found).splitlines()
    assert lines[0] == "ok       A is fine"
    assert lines.index("missing  C is gone.") < lines.index("better   B is slow.")
    assert lines[-1] == "1 thing is missing."


def test_an_old_python_is_told_so(weather: Course) -> None:
    """The command's first lines must be valid in Pythons that cannot read the rest."""
    text = (weather.release / NAME / "doctor.py").read_text()
    before, _, _ = text.partition("from .desk")
    assert "sys.version_info < (3, 11)" in before
    assert 'f"' not in before
