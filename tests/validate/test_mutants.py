"""Mutants: their places, their names, their results, and the report about mutants that survive."""

import dataclasses
import zlib
from pathlib import Path

import pytest

from autograder.builder.strip import solution_lines
from autograder.cells import code_cells
from autograder.course import Course
from autograder.validate.mutants import (
    ENDED,
    LIST,
    Fate,
    Mutant,
    exercises_of_cells,
    judge,
    known,
    mutants,
    mutants_of,
    own_exercises,
    problems,
)
from autograder.validate.operators import changes
from tests.assignment2 import ASSIGNED

from ..conftest import needs

pytestmark = pytest.mark.xdist_group("mutants")

MODULE = """
import numpy as np


def scale(x, factor):
    offset = 1 + 2
    ### BEGIN SOLUTION
    out = x * factor
    out = x * factor
    ### END SOLUTION
    return out + offset


class Net:
    def loss(self, x):
        ### BEGIN SOLUTION
        for i in range(len(x)):
            x[i] -= 1
        ### END SOLUTION
        return x


class ConvNet:
    def loss(self, x):
        ### BEGIN SOLUTION
        return x - 1
        ### END SOLUTION
"""


SAMPLED, SAMPLED_OF_NOTEBOOKS = 6, 24
"""Of so many mutants, one is judged at every commit; ``autograder validate --mutants`` judges all."""


@pytest.fixture(scope="module")
def every(course: Course) -> list[Mutant]:
    """Return all mutants of the reference."""
    return mutants(course)


@pytest.fixture(scope="module")
def of_package(every: list[Mutant]) -> list[Mutant]:
    """Return the mutants of the package."""
    return [mutant for mutant in every if not mutant.cell]


def one(every: list[Mutant], function: str, after: str) -> Mutant:
    """Return the mutant of a function with this changed line."""
    return next(mutant for mutant in every if mutant.function == function and mutant.after == after)


def test_solutions_alone_are_mutated(course: Course, every: list[Mutant]) -> None:
    for file, cell in {(mutant.file, mutant.cell) for mutant in every}:
        if cell:
            text = code_cells(course.source / file)[cell]
        else:
            text = (course.source / course.assignment.package / file).read_text(encoding="utf-8")
        inside, _ = solution_lines(text)
        for mutant in every:
            if (mutant.file, mutant.cell) == (file, cell):
                assert mutant.before in inside
                assert text.split("\n")[mutant.line - 1].strip() == mutant.before


def test_every_function_with_a_solution_has_mutants(of_package: list[Mutant]) -> None:
    files = {"layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py"}
    assert {mutant.file for mutant in of_package} == files
    assert {"adam", "conv_backward_naive", "TwoLayerNet.loss", "ThreeLayerConvNet.__init__"} <= {
        mutant.function for mutant in of_package
    }


ALTERNATIVES = [pytest.param(number, marks=needs(name), id=name) for number, name in enumerate(("torch", "tensorflow"))]


@pytest.mark.parametrize("number", ALTERNATIVES)
def test_cells_of_notebooks_have_mutants(course: Course, every: list[Mutant], number: int) -> None:
    """Only cells whose exercise has quick tests: the challenge may be any net."""
    part = course.parts[4].alternatives[number]
    assert exercises_of_cells(course, part) == {
        "barebones_code": "barebones_convnet", "module_code": "module_convnet", "sequential_code": "sequential_convnet",
    }  # fmt: skip
    own = [mutant for mutant in every if mutant.file == part.notebook]
    functions = {"three_layer_convnet", "init_convnet", "training_step", "sequential_convnet"}
    assert functions <= {mutant.function for mutant in own}
    removed = [mutant for mutant in own if mutant.operator == "call removed"]
    assert any(mutant.before.count("relu") > mutant.after.count("relu") for mutant in removed)


@pytest.mark.long
@pytest.mark.parametrize("number", ALTERNATIVES)
def test_a_mutant_of_a_cell_is_judged(course: Course, every: list[Mutant], number: int) -> None:
    notebook = course.parts[4].alternatives[number].notebook
    own = [mutant for mutant in every if mutant.file == notebook and mutant.function == "training_step"]
    chosen = [next(one for one in own if one.operator == "other sign"), next(one for one in own if "pass" in one.after)]
    assert [fate.noticed for fate in judge(course, chosen)] == [("barebones_convnet",)] * 2
    with pytest.raises(ValueError, match=f"of {notebook} is "):
        dataclasses.replace(chosen[0], line=1).apply(course.source / course.assignment.package)


def test_keys_are_unique_and_stay_when_lines_move(every: list[Mutant]) -> None:
    keys = [mutant.key for mutant in every]
    assert len(set(keys)) == len(keys)
    moved = mutants_of("# a new first line\n\n" + MODULE, "layers.py")
    here = mutants_of(MODULE, "layers.py")
    assert [mutant.key for mutant in moved] == [mutant.key for mutant in here]
    assert [mutant.line - 2 for mutant in moved] == [mutant.line for mutant in here]


def test_equal_lines_are_told_apart() -> None:
    twice = [mutant for mutant in mutants_of(MODULE, "layers.py") if mutant.after == "out = x / factor"]
    assert [mutant.occurrence for mutant in twice] == [1, 2]
    assert twice[1].key == twice[0].key + " (2)"


def test_what_each_student_designs_is_left_alone() -> None:
    own = ASSIGNED.settings.own_design
    assert {mutant.function for mutant in mutants_of(MODULE, "layers.py", own)} == {"scale", "Net.loss"}


@pytest.mark.parametrize(
    ("line", "operator", "after"),
    [
        ("out = x * w", "ReplaceBinaryOperator_Mul_Div", "out = x / w"),
        ("out = x[0]", "NumberReplacer", "out = x[1]"),
        ("for i in x:", "ZeroIterationForLoop", "for i in []:"),
        ("if a < b:", "ReplaceComparisonOperator_Lt_GtE", "if a >= b:"),
        ("out = f(x, copy=False)", "ReplaceFalseWithTrue", "out = f(x, copy=True)"),
        ("out = x * w", "statement removed", "pass"),
        ("out = x * w", "other sign", "out = -(x * w)"),
        ("out += x", "assigned otherwise", "out = x"),
        ("out = x * w", "one operand alone", "out = (w)"),
        ("out = x @ w", "matrix product", "out = (w) @ (x)"),
        ("if a:", "condition", "if True:"),
        ("out = x.sum(axis=(0, 2))", "argument or element removed", "out = x.sum()"),
        ("out = x.sum(axis=(0, 2, 3))", "argument or element removed", "out = x.sum(axis=(2, 3))"),
        ("out = x.transpose(0, 2, 1)", "neighbours swapped", "out = x.transpose(2, 0, 1)"),
        ("out = x[a : a + b]", "slice left open", "out = x[ : a + b]"),
        ("out = np.sqrt(x)", "call removed", "out = (x)"),
        ("out = x.sum(axis=0)", "attribute", "out = x.mean(axis=0)"),
        ("out = x.T", "attribute", "out = x"),
        ('out = x["m"]', "other text", 'out = x["another m"]'),
    ],
)
def test_operators(line: str, operator: str, after: str) -> None:
    assert (operator, 0, after) in list(changes(line + "\n    pass" if line.endswith(":") else line))


def test_a_mutant_of_another_text_is_not_applied(every: list[Mutant], tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("\n" * 1000)
    with pytest.raises(ValueError, match="is '', not"):
        one(every, "relu_forward", "out = np.minimum(x, 0)").apply(tmp_path)


def test_a_function_of_an_imported_module_becomes_its_argument() -> None:
    line = "out = F.relu(x)"
    assert ("call removed", 0, "out = F") in list(changes(line))
    found = [after for operator, _, after in changes(line, frozenset({"F"})) if operator == "call removed"]
    assert found == ["out = (x)"]


def test_exercises_of_a_function(course: Course) -> None:
    assert own_exercises(course, "batchnorm_backward") == {"batchnorm_backward"}
    assert own_exercises(course, "ThreeLayerConvNet.loss") == {"three_layer_convnet"}
    nets = own_exercises(course, "FullyConnectedNet.loss")
    assert nets == {"fully_connected_net"} | {f"fully_connected_net_{k}" for k in ("batchnorm", "layernorm", "dropout")}


def test_fates(course: Course, every: list[Mutant]) -> None:
    right = one(every, "relu_forward", "out = np.maximum(0, x)")
    wrong = one(every, "relu_forward", "out = np.minimum(x, 0)")
    endless = dataclasses.replace(wrong, after="while True: pass")
    told: list[Fate] = []
    fates = judge(course, [right, wrong, endless], progress=told.append, seconds=5)
    assert fates == told == [Fate(right, (None, None, None)), Fate(wrong, ("relu_forward",)), Fate(endless, (ENDED,))]
    assert [fate.survived for fate in fates] == [True, False, False]


def test_sentences(every: list[Mutant]) -> None:
    first, second, third, fourth, fifth = every[:5]
    caught, missed = "affine_forward", None
    fates = [
        Fate(first, (missed, missed, missed)),
        Fate(second, (missed, caught, missed)),
        Fate(third, (missed, missed, missed)),
        Fate(fourth, (caught,)),
        Fate(fifth, (caught,)),
    ]
    listed = {third.key: "It is the same.", fourth.key: "It is the same.", "layers.py, gone": "It is the same."}
    unlisted, by_chance, gone, noticed = problems(fates, listed)
    assert f"{first.function}: `{first.after}` instead of `{first.before}` is not noticed by any test: add" in unlisted
    assert unlisted.endswith(f"list it with a reason in {LIST} as '{first.key}'.")
    assert f"`{second.after}` instead of `{second.before}` is noticed with some seeds and not with others" in by_chance
    assert gone == f"layers.py, gone: this mutant no longer exists; remove it from {LIST}."
    assert noticed == f"{fourth.key}: a test now notices this mutant; remove it from {LIST}."


def test_the_list_is_of_mutants_that_exist(every: list[Mutant]) -> None:
    listed = known(ASSIGNED)
    assert set(listed) <= {mutant.key for mutant in every}
    assert all(reason.endswith(".") for reason in listed.values())


@pytest.mark.long
def test_each_mutant_is_noticed_or_listed(course: Course, every: list[Mutant]) -> None:
    """A sample: all of them take ten minutes and more."""
    share = {False: SAMPLED, True: SAMPLED_OF_NOTEBOOKS}
    chosen = [one for one in every if zlib.crc32(one.key.encode()) % share[bool(one.cell)] == 0]
    fates = judge(course, chosen, workers=2)
    listed = set(known(ASSIGNED)) & {mutant.key for mutant in chosen}
    assert {fate.mutant.key for fate in fates if fate.survived} == listed
    ended = sum(ENDED in fate.noticed for fate in fates)
    assert ended < len(fates) / 10, "a test should notice most mutants, not a time limit"
