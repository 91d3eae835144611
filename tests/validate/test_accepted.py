"""The library of accepted solutions: several for every exercise, and the core tests accept all of them."""

import ast
import contextlib
import importlib
import io
import itertools
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from autograder.catalogue import Accepted, copy_package
from autograder.cells import code_cells
from autograder.checks.host import load_package
from autograder.course import Course
from autograder.judge.plugin import claimed
from autograder.validate.trusted import ReferenceCopy, parts_in_numpy
from tests.assignment2 import ACCEPTED, ASSIGNED

PACKAGE = ASSIGNED.package
OPTIONAL = {"ConvNet"}
"""Names that the source solves, but that are no exercises."""
LEAST = 3
LEAST_OF_NOTEBOOK = 8
OF_MODULES = [solution for solution in ACCEPTED if solution.modules]
EACH = pytest.mark.parametrize("solution", OF_MODULES, ids=lambda solution: solution.name)
OF_NOTEBOOKS = [(solution, notebook) for solution in ACCEPTED for notebook in solution.answered]
EACH_OF_NOTEBOOKS = pytest.mark.parametrize(
    ("solution", "notebook"), OF_NOTEBOOKS, ids=lambda one: getattr(one, "name", None)
)


def solved(package: Path) -> Iterator[str]:
    """Yield functions and classes of the source with a solution region, and the sandwich layers, which are given."""
    for path in package.rglob("*.py"):
        lines = path.read_text().splitlines()
        for node in ast.parse("\n".join(lines)).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in OPTIONAL:
                region = any("### BEGIN SOLUTION" in line for line in lines[node.lineno : node.end_lineno])
                if region or path.name == "layer_utils.py":
                    yield node.name


def test_each_exercise_is_solved_in_several_hands(course: Course) -> None:
    wanted = set(solved(course.source / PACKAGE))
    assert {"affine_forward", "adam", "ThreeLayerConvNet", "conv_bn_relu_backward"} <= wanted
    count = Counter(itertools.chain.from_iterable(solution.defines() for solution in ACCEPTED))
    assert {name: count[name] for name in wanted if count[name] < LEAST} == {}


def test_solutions_are_independent(course: Course) -> None:
    """No two solutions, and no solution and the reference, share the code of a function longer than two statements."""
    hands: dict[str, dict[str, str]] = {}
    for solution in ACCEPTED:
        own = [*solution.modules, *(f"{notebook.removesuffix('.ipynb')}.py" for notebook in solution.answered)]
        hands[solution.name] = bodies(solution.folder / path for path in own)
    hands["the reference"] = bodies((course.source / PACKAGE).rglob("*.py"))
    same = [
        f"{name} of {one} and {other}"
        for one, other in itertools.combinations(hands, 2)
        for name in hands[one].keys() & hands[other].keys()
        if hands[one][name] == hands[other][name]
    ]
    assert same == []


def bodies(paths: Iterator[Path]) -> dict[str, str]:
    """Return the code of each function and method with more than two statements, without its docstring."""
    found = {}
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(inner, ast.FunctionDef):
                    documented = ast.get_docstring(inner) is not None
                    statements = inner.body[1:] if documented else inner.body
                    name = inner.name if inner is node else f"{node.name}.{inner.name}"
                    if len(statements) > 2:
                        found[name] = "\n".join(ast.unparse(statement) for statement in statements)
    return found


@EACH
def test_solution_is_described_and_complete(solution: Accepted, course: Course) -> None:
    assert solution.title
    assert "\n" not in solution.title
    for path in solution.modules:
        assert (course.source / PACKAGE / path).exists(), f"{path} does not replace any file"
        assert ast.get_docstring(ast.parse((solution.folder / path).read_text())), f"{path} has no docstring"


def test_notebooks_are_solved_in_many_hands() -> None:
    count = Counter(notebook for _, notebook in OF_NOTEBOOKS)
    assert {"PyTorch.ipynb", "TensorFlow.ipynb"} <= set(count)
    assert {notebook: number for notebook, number in count.items() if number < LEAST_OF_NOTEBOOK} == {}


@EACH_OF_NOTEBOOKS
def test_each_solves_every_exercise_of_its_notebook(
    solution: Accepted, notebook: str, course: Course, tmp_path: Path
) -> None:
    assert solution.title
    cells = solution.cells(notebook)
    assert {"barebones_code", "module_code", "sequential_code", "challenge_model"} <= cells.keys()
    shutil.copy(course.source / notebook, tmp_path)
    solution.apply(tmp_path)
    changed = code_cells(tmp_path / notebook)
    assert changed == code_cells(course.source / notebook) | cells


def test_apply_puts_every_definition_last(tmp_path: Path, course: Course) -> None:
    solution = ACCEPTED[0]
    for path in solution.modules:
        target = tmp_path / PACKAGE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("import numpy as np\n\n\ndef affine_forward():\n    'of the reference'\n")
    solution.apply(tmp_path)
    changed = (tmp_path / PACKAGE / "layers.py").read_text()
    assert changed.startswith("import numpy as np\n")
    assert changed.endswith((solution.folder / "layers.py").read_text())
    last = [node for node in ast.parse(changed).body if getattr(node, "name", "") == "affine_forward"][-1]
    assert ast.get_docstring(last) != "of the reference"


def sandwiches(package: str) -> dict[str, list[np.ndarray]]:
    """Return output and gradients of each sandwich layer of an imported package."""
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(2, 3, 6, 4)), rng.normal(size=(5, 3, 3, 3)), rng.normal(size=5)
    gamma, beta = rng.uniform(1, 2, size=5), rng.normal(size=5)
    conv, pool = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    arguments = {
        "affine_relu": (x, rng.normal(size=(72, 5)), b),
        "conv_relu": (x, w, b, conv),
        "conv_bn_relu": (x, w, b, gamma, beta, conv, {"mode": "train"}),
        "conv_relu_pool": (x, w, b, conv, pool),
    }
    layers, results = importlib.import_module(f"{package}.layer_utils"), {}
    with contextlib.redirect_stdout(io.StringIO()):
        for name, given in arguments.items():
            given = [value.copy() for value in given]
            out, cache = getattr(layers, f"{name}_forward")(*given)
            out = np.array(out)
            dout = np.random.default_rng(2).normal(size=out.shape)
            results[name] = [out, *getattr(layers, f"{name}_backward")(dout, cache)]
    return results


@EACH
def test_sandwich_layers_are_those_of_the_reference(solution: Accepted, course: Course, tmp_path: Path) -> None:
    """No hidden test calls all of them, so this test compares them."""
    found = []
    for name in ("accepted_reference", "accepted_solution"):
        copy_package(course.source / PACKAGE, tmp_path / name / PACKAGE)
        (tmp_path / name / PACKAGE / "__init__.py").write_text("")
        if name == "accepted_solution":
            solution.apply(tmp_path / name)
        load_package(tmp_path / name / PACKAGE, name)
        found.append(sandwiches(name))
    rtol = 1e-4 if solution.name == "float32" else 1e-8
    for name, right in found[0].items():
        for expected, actual in zip(right, found[1][name], strict=True):
            np.testing.assert_allclose(np.squeeze(actual), np.squeeze(expected), rtol=rtol, atol=rtol, err_msg=name)


@EACH
@pytest.mark.xdist_group("accepted")
def test_every_core_test_passes(course: Course, solution: Accepted) -> None:
    """Every edge test passes too, unless the solution's docstring says that it neglects special cases."""
    with ReferenceCopy(course, solution.apply) as trusted:
        results = [
            result
            for part in parts_in_numpy(course)
            for result in trusted.results(part, lambda test: claimed(test).kind in ("core", "edge"), "0")
        ]
    assert sum(result.kind == "core" for result in results) > 80
    refused = [result for result in results if result.outcome != "passed"]
    assert [(one.name, one.message) for one in refused if one.kind == "core" or not solution.neglects] == []
    assert not solution.neglects or refused, "All tests pass: remove the neglected cases from the docstring."
