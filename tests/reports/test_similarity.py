"""Similar solutions: planted copies come first, independent solutions are not listed, and hostile code does no harm."""

import ast
import builtins
import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.reports import similarity
from autograder.reports.similarity import Pair, SimilarityError
from autograder.sample import students
from tests.assignment2 import ACCEPTED, ASSIGNMENT

pytestmark = pytest.mark.slow
COPIED = ("einsum", "matrices", "loops")
"""Accepted solutions that somebody copies."""


class Disguise(ast.NodeTransformer):
    """Renames what a function computes, and turns the order of functions around."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self._own = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        self.generic_visit(node)
        functions = [one for one in node.body if isinstance(one, ast.FunctionDef)]
        others = [one for one in node.body if not isinstance(one, ast.FunctionDef)]
        node.body = [*others, *reversed(functions)]
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self._own and not hasattr(builtins, node.id) and not keyword.iskeyword(node.id):
            node.id = self._names.setdefault(node.id, f"value_{len(self._names)}")
        return node


def disguised(folder: Path) -> None:
    """Disguise the modules of a copied solution."""
    for path in (folder / "cs231n").rglob("*.py"):
        path.write_text(ast.unparse(Disguise().visit(ast.parse(path.read_text()))))


@pytest.fixture(scope="module")
def folders(course: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a class: each accepted solution of the modules, three disguised copies, the reference twice, a blank one."""
    root = tmp_path_factory.mktemp("alike")
    made: dict[str, Path] = {}
    for one in [solution for solution in ACCEPTED if solution.modules]:
        made[one.name] = root / one.name
        students.solved(course, made[one.name], parts=())
        one.apply(made[one.name])
    for name in COPIED:
        made[f"copy of {name}"] = root / f"copy of {name}"
        shutil.copytree(made[name], made[f"copy of {name}"])
        disguised(made[f"copy of {name}"])
    for name in ("first", "second"):
        made[name] = root / name
        students.solved(course, made[name], parts=())
    made["blank"] = root / "blank"
    students.blank(course, made["blank"])
    return made


@pytest.fixture(scope="module")
def pairs(course: Course, folders: dict[str, Path]) -> list[Pair]:
    found, unread = similarity.of_class(course, folders, {}, 50)
    assert unread == {}
    return found


def test_planted_copies_are_listed_and_nothing_else(pairs: list[Pair]) -> None:
    """What accepted solutions share is the reference's, and the blank release is nobody's."""
    assert {frozenset(one.students) for one in pairs} == {frozenset((name, f"copy of {name}")) for name in COPIED}
    assert min(one.share for one in pairs) > 0.9


def test_independent_solutions_stay_far_below_the_threshold(
    course: Course, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "SIMILAR", 0.0)
    own = {name: folder for name, folder in folders.items() if not name.startswith("copy")}
    found, _ = similarity.of_class(course, own, {}, 1000)
    assert found  # two of them share something
    assert max(one.share for one in found) < 0.2


def test_a_copy_of_last_years_solution_is_found(course: Course, folders: dict[str, Path]) -> None:
    """Pairs of last year's are not this year's business."""
    earlier = {f"2025/{name}": folders[name] for name in (*COPIED, "copy of loops")}
    found, _ = similarity.of_class(course, {"late": folders["copy of einsum"]}, earlier, 50)
    assert [set(one.students) for one in found] == [{"late", "2025/einsum"}]


def test_functions_with_something_in_common_are_shown(
    pairs: list[Pair], course: Course, folders: dict[str, Path]
) -> None:
    released = similarity.pieces(course.release, course.assignment)
    for one in pairs:
        for student, side in zip(one.students, one.sides, strict=True):
            own = similarity.own_code(folders[student], course.assignment, released).split("\n\n# ")
            shown = "".join(piece for piece, _ in side).removeprefix("# ").strip().split("\n\n# ")
            assert set(shown) < {text.removeprefix("# ").strip() for text in own}
            assert "affine_forward" in {re.split(r", |\n", text)[1] for text in shown}
            assert sum(len(piece) for piece, marked in side if marked) / sum(len(piece) for piece, _ in side) > 0.3


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "x = '" + "\\" * 100_000, "def f(:\n" * 1000, "\x00", "a" * 300_000, "f" + "()" * 50_000],
    ids=["brackets", "string", "syntax", "zero", "name", "calls"],
)
def test_hostile_code_costs_nobody_else(course: Course, folders: dict[str, Path], tmp_path: Path, text: str) -> None:
    shutil.copytree(folders["loops"], tmp_path / "hostile")
    (tmp_path / "hostile" / "cs231n" / "layers.py").write_text(text)
    class_of_three = {"hostile": tmp_path / "hostile", **{one: folders[one] for one in ("loops", "copy of loops")}}
    found, unread = similarity.of_class(course, class_of_three, {}, 50)
    assert ("loops", "copy of loops") in [one.students for one in found]
    assert set(unread) <= {"hostile"}


def test_the_command_writes_the_page(course: Course, folders: dict[str, Path], tmp_path: Path) -> None:
    for name in ("einsum", "copy of einsum", "loops"):
        handed_in = tmp_path / "submitted" / name.replace(" ", "-") / ASSIGNMENT
        shutil.copytree(folders[name], handed_in)
    for step in ("source", "release"):
        (tmp_path / step).symlink_to(course.root / step)
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    command = [sys.executable, "-m", "autograder.cli", "similarity"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "1 of 3 pairs are on" in ended.stdout
    page = (tmp_path / "report" / ASSIGNMENT / "similarity.html").read_text()
    assert "copy-of-einsum and einsum" in page
    assert "<mark>" in page


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    with pytest.raises(SimilarityError, match="There is no hand-in in"):
        similarity.of_another_class(tmp_path / "nowhere", ASSIGNMENT)
    (tmp_path / "ada").mkdir()
    (tmp_path / "bob.zip").touch()
    (tmp_path / "cy" / ASSIGNMENT).mkdir(parents=True)
    assert similarity.of_another_class(tmp_path, ASSIGNMENT) == {
        f"{tmp_path.name}/ada": tmp_path / "ada",
        f"{tmp_path.name}/bob": tmp_path / "bob.zip",
        f"{tmp_path.name}/cy": tmp_path / "cy" / ASSIGNMENT,
    }
