"""The commands, options, targets and files in the documents exist, and the students' commands work."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from autograder import cli
from autograder.course import Course

from .conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""The tutorial names files of a course that its reader makes; ``tests/template`` follows it."""
COMMANDS: Any = typer.main.get_command(cli.app)


def code(page: Path) -> str:
    """Return all code of a page: blocks, and words between backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Path) -> None:
    for line in re.findall(r"^(?:\.venv/bin/)?autograder ([^#\n]*)", code(page), re.M):
        name, *rest = re.sub(r"[\[\](),]", " ", line).split()
        given = {word for word in [name, *rest] if word.startswith("--")}
        if not name.startswith("-"):
            assert name in COMMANDS.commands, f"{page.name}: autograder {line}"
        options = {
            option
            for one in COMMANDS.commands.get(name, COMMANDS).params
            for option in (*one.opts, *one.secondary_opts)
        }
        assert name == "data" or given <= options, f"{page.name}: autograder {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for target in re.findall(r"^make (\w+)", code(page), re.M):
        assert target in targets, f"{page.name}: make {target}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "tutorial.md"], ids=lambda page: page.name)
def test_files_exist(page: Path) -> None:
    for name in re.findall(r"(?<![\w./*-])((?:autograder|tests|docs|datasets|benchmarks|\.ci)/[\w./-]*\w)", code(page)):
        assert (ROOT / name).exists(), f"{page.name}: {name}"


@pytest.mark.slow
def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    """A link to a page or a heading that is not there is a warning."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--nitpicky", "--quiet", "docs", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for page in (ROOT / "docs").glob("*.md"):
        assert (tmp_path / f"{page.stem}.html").exists()


@pytest.mark.slow
def test_the_reference_is_that_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    reference = importlib.import_module("reference")
    for name, make in reference.PAGES.items():
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert text == make(), f"docs/{name} is old: run `python docs/reference.py`."
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", (ROOT / "docs" / "configuration.md").read_text(), re.M)
    assert {"package", "frameworks", "learning"} <= {name for name, _ in rows}
    assert all(meaning.strip() for _, meaning in rows)


@pytest.mark.long
@pytest.mark.slow
def test_what_students_type_works(course: Course, tmp_path: Path) -> None:
    """The test leaves out commands that download, and commands that do not end by themselves."""
    folder = tmp_path / "assignment2"
    shutil.copytree(course.release, folder)
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## For students")[2]
    block = re.findall(r"```\w*\n(.*?)```", section, re.S)[0]
    modules = re.findall(r"^python -m (\S+)", block, re.M)
    assert len(modules) >= 2
    for module in modules:
        ended = subprocess.run(
            [sys.executable, "-m", module, "--help"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = {line.split()[0] for line in tested.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))}
    assert outcomes == {"FAILED"}, tested.stdout  # the student has not solved anything yet
