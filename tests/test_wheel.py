"""The distributed wheel holds only the engine."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_wheel_holds_the_engine_only(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    built_here = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "*.so", "*.c")
    for folder in ("autograder", "datasets"):
        if (ROOT / folder).is_dir():  # the engine's tests also run where the assignment is moved away
            shutil.copytree(ROOT / folder, copy / folder, ignore=built_here)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / file, copy / file)
    program = f"from setuptools.build_meta import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    built = subprocess.run([sys.executable, "-c", program], cwd=copy, capture_output=True, text=True, check=True)
    names = zipfile.ZipFile(tmp_path / built.stdout.strip().splitlines()[-1]).namelist()
    packages = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert packages == {"autograder"}
    assert not any(name.startswith("autograder/assignments/") for name in names)
    templates = ROOT / "autograder" / "template" / "files"
    packed = {name.removeprefix("autograder/template/files/") for name in names if "/template/files/" in name}
    assert packed == {path.relative_to(templates).as_posix() for path in templates.rglob("*") if path.is_file()}
    assert {"autograder/judge/pytest.ini", "autograder/grading/verdict.html.jinja"} <= set(names)
