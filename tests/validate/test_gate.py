"""The gate passes the present course, and names the problem if any one part of the course is broken."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from autograder import cli, temporary
from autograder.builder.release import ReleaseError
from autograder.catalogue import MistakeError
from autograder.checks.exercise import Claim
from autograder.course import Course
from autograder.grading import engine
from autograder.judge import session
from autograder.judge.plugin import claimed
from autograder.sample.train import trained_model
from autograder.sandbox.profiles import is_installed
from autograder.validate import calibration, gate, inventory, leading, mutants, weak
from autograder.validate.degenerate import KINDS
from autograder.validate.gate import Examined, Task
from autograder.validate.notebooks import breaks_off
from autograder.validate.trusted import ReferenceCopy, parts_in_numpy
from autograder.verdict import ERROR, FAILED, TestResult
from tests.assignment2 import ACCEPTED, ASSIGNED, ASSIGNMENT, CATALOGUE

from ..conftest import keep_what_is_slow_to_make, needs

KNOWN = {mistake.key: mistake for mistake in CATALOGUE}


@pytest.fixture
def copied(course: Course, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a copy of the course that a test may break."""
    for step in ("source", "release"):
        shutil.copytree(course.root / step, tmp_path / step)
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    keep_what_is_slow_to_make(tmp_path, tmp_path_factory)
    return Course(tmp_path, course.data)


HIDDEN_1 = ASSIGNED.hidden / "test_fully_connected_nets.py"
"""The hidden tests of part 1, which are not in the copied course."""


def rename(course: Course, old: str, new: str) -> None:
    """Give a grade cell of the source another id."""
    for path in course.source.glob("*.ipynb"):
        path.write_text(path.read_text().replace(json.dumps(old), json.dumps(new)))


def without(monkeypatch: pytest.MonkeyPatch, unwanted: Callable[[pytest.Function], bool]) -> None:
    """Remove hidden tests that are ``unwanted``."""
    all_of = session.collect_all
    monkeypatch.setattr(session, "collect_all", lambda *asked: [test for test in all_of(*asked) if not unwanted(test)])
    monkeypatch.setattr(inventory, "collect_all", session.collect_all)


@pytest.mark.slow
@pytest.mark.xdist_group("verdicts")
@pytest.mark.long
def test_the_course_is_sound(course: Course) -> None:
    """CI checks this at every commit: reference, blank release, accepted solutions, mistakes, notebooks, release."""
    command = [sys.executable, "-m", "autograder.cli", "validate", "--data", str(course.data)]
    ended = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("exercises", "release", "leaks", "notebooks", "reference", "blank", "accepted", "mistakes"):
        assert gate.TITLES[name][:40] in ended.stdout


def test_what_is_wrong_is_said_and_ends_the_command(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_course", lambda data: course)
    monkeypatch.setattr(engine, "require_level", lambda: 3)
    monkeypatch.setattr(
        gate, "examine", lambda *_: [Examined("exercises", 41), Examined("mistakes", 7, ["Add a test."])]
    )
    monkeypatch.setattr(cli, "out", Console(highlight=False, width=140))  # a fixed width, independent of the terminal
    with pytest.raises(SystemExit) as ended:
        cli.validate(seeds=1, workers=1)
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.err.strip() == "Add a test."
    rows = [line.split("│")[1:-1] for line in printed.out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row[1:]] for row in rows] == [["41", "0", "0.0"], ["7", "1", "0.0"]]


def says(course: Course, *sentences: str) -> list[str]:
    return list(sentences)


def divides(course: Course) -> list[str]:
    raise ZeroDivisionError("by nought")


def leaks(course: Course) -> list[str]:
    """Raise the error that the builder raises if a release leaks."""
    raise ReleaseError("The release leaks.")


def dies(course: Course) -> list[str]:
    os._exit(9)


@pytest.mark.long
def test_what_cannot_be_looked_at_is_wrong_too(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other checks still run, and the same sentence appears only once."""
    given = [
        Task("mistakes", dies),  # its process dies, and the other tasks go on
        Task("release", leaks),
        Task("accepted", divides, of="loops, seed 0"),
        Task("accepted", says, ("Mend the test.",)),
        Task("accepted", says, ("Mend the test.",)),
        Task("exercises", says, things=41),
    ]
    monkeypatch.setattr(gate, "tasks", lambda *_: given)
    told: list[tuple[int, int]] = []
    found = gate.examine(course, 3, workers=1, step=lambda *counts: told.append(counts))
    assert [(one.name, one.things, one.wrong) for one in found] == [
        ("files", 1, []),
        ("exercises", 41, []),
        ("release", 1, ["The release leaks."]),
        (
            "accepted",
            3,
            [
                "accepted (loops, seed 0) could not be examined: ZeroDivisionError: by nought",
                "Mend the test.",
            ],
        ),
        ("mistakes", 1, found[-1].wrong),
    ]
    assert [sentence[:60] for sentence in found[-1].wrong] == [
        "mistakes could not be examined to the end: a process died. W"
    ]
    assert told == [(number, 6) for number in range(1, 7)]


def test_everything_is_looked_at(course: Course) -> None:
    found = list(gate.tasks(course, 3, seeds=2))
    things = {name: sum(task.things for task in found if task.name == name) for name in gate.TITLES}
    notebooks = sum(is_installed(course.assignment, one) for part in course.parts for one in part.alternatives)
    assert notebooks + len(gate.left_out(course)) == 6
    here = {one.notebook for part in course.parts for one in part.alternatives if is_installed(ASSIGNED, one)}
    forms = sum(notebook in here for solution in ACCEPTED for notebook in solution.answered)
    mistakes = sum(not mistake.in_notebook or mistake.file in here for mistake in CATALOGUE)
    assert things == {
        "files": 0,
        "exercises": sum(len(part.automatic) for part in course.parts),
        "unfilled": 1,
        "points": sum(len(part.exercises) for part in course.parts),
        "hints": len(CATALOGUE),
        "steps": leading.count(course.assignment),
        "release": 1,
        "leaks": 1,
        "notebooks": notebooks,
        "reference": notebooks,
        "blank": notebooks,
        "accepted": 2 * sum(bool(solution.modules) for solution in ACCEPTED) + forms,
        "mistakes": mistakes,
        "luck": mistakes,
        "degenerate": len(KINDS)
        * sum(len(one.automatic) for part in course.parts for one in part.alternatives if one.notebook in here),
        "forms": notebooks,
        "inputs": len(parts_in_numpy(course)),
        "mutants": 0,
        "attacks": 0,
    }


def test_hidden_tests_that_cannot_be_imported(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence names them, the same for every check that needs them."""
    (tmp_path / "test_dropout.py").write_text("import nowhere\n")
    monkeypatch.setattr(session, "hidden_file", lambda *_: tmp_path / "test_dropout.py")
    session.collect_all.cache_clear()
    try:
        wrong, _ = gate._look(course, Task("exercises", inventory.incomplete))
    finally:
        session.collect_all.cache_clear()
    (sentence,) = wrong
    assert sentence.startswith("The hidden tests of FullyConnectedNets cannot be collected: ")


def test_an_exercise_without_hidden_tests(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, lambda test: claimed(test).exercise == "adam")
    (sentence,) = inventory.incomplete(course)
    assert sentence == f"adam has no hidden test that earns its points: add one to {HIDDEN_1}."


def test_an_exercise_with_too_few_known_mistakes(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    few = lambda assignment, exercise: CATALOGUE[: 2 if exercise == "adam" else 9]  # noqa: E731
    monkeypatch.setattr(inventory, "mistakes_in", few)
    (sentence,) = inventory.incomplete(course)
    file = course.assignment.folder / "mistakes" / "fully_connected_nets.py"
    assert sentence == f"adam has 2 known mistakes and needs 3: add some to {file}."


def test_an_exercise_with_another_id(copied: Course) -> None:
    rename(copied, "rmsprop", "rms_prop")
    found = list(inventory.incomplete(copied))
    assert f"rms_prop has no hidden test that earns its points: add one to {HIDDEN_1}." in found
    assert any("rmsprop, which no grade cell has: give a cell this grade_id" in sentence for sentence in found)
    assert any(sentence.startswith("The public test ") and "claims rmsprop" in sentence for sentence in found)
    assert any(sentence.startswith("The known mistake rmsprop/") for sentence in found)


def test_a_test_that_needs_an_exercise_with_another_id(copied: Course) -> None:
    """It could no longer name the cause, and the gate would no longer allow a mistake of that exercise to fail it."""
    rename(copied, "affine_forward", "affine")
    found = list(inventory.incomplete(copied))
    for part in parts_in_numpy(copied):
        name = session.hidden_file(copied.assignment, part)
        assert f"{name}: tests need affine_forward, which no grade cell has: correct the name." in found


def test_an_exercise_without_points_or_public_test(copied: Course) -> None:
    path = copied.source / "Dropout.ipynb"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "dropout_forward":
            cell["metadata"]["nbgrader"]["points"] = 0
    path.write_text(json.dumps(content))
    for tests in (copied.source / "tests").glob("test_*.py"):
        tests.write_text(tests.read_text().replace('@exercise("dropout_forward"', '@exercise("dropout_backward"'))
    assert list(inventory.incomplete(copied)) == [
        "dropout_forward has no public test: add one to source/assignment2/tests, for check() to run."
    ]
    assert list(weak.points_differ(copied)) == [
        "Dropout.ipynb: dropout_forward has no points. Set them in its grade cell."
    ]


def test_a_mistake_that_no_test_catches(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake = KNOWN["sgd_momentum/sign"]
    assert calibration.mistake_passes(course, mistake, 3) == []
    without(monkeypatch, lambda test: claimed(test).exercise == "sgd_momentum")
    (sentence,) = calibration.mistake_passes(course, mistake, 3)
    assert sentence.startswith("sgd_momentum/sign passes all tests of sgd_momentum")


def test_a_mistake_that_is_not_named(course: Course) -> None:
    """The catalogue's hint differs from the hint that the tests find."""
    mistake = dataclasses.replace(KNOWN["sgd_momentum/sign"], explanation="Something else.")
    (sentence,) = calibration.mistake_passes(course, mistake, 3)
    assert "sgd_momentum/sign is caught by" in sentence
    assert "but not named: the hint is that of sgd_momentum/sign. Add a test on which these mistakes" in sentence


def test_a_mistake_that_answers_otherwise_each_time(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = TestResult("momentum_steps", "Some steps", "core", FAILED, "w is wrong.")
    monkeypatch.setattr(calibration, "_failed", lambda *_: [(Claim("sgd_momentum"), failed)])
    (sentence,) = calibration.mistake_passes(course, KNOWN["sgd_momentum/sign"], 3)
    assert "is caught by momentum_steps but not named: no test of sgd_momentum gets the same answers" in sentence


def leave_in(notebook: Path, *sources: str) -> None:
    """Reduce a notebook to code cells with these sources."""
    content = json.loads(notebook.read_text())
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"][: len(sources)]
    content["cells"] = [{**cell, "source": source} for cell, source in zip(cells, sources, strict=True)]
    notebook.write_text(json.dumps(content))


@pytest.mark.long
@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("number / 0", "Dropout.ipynb does not run in quick mode (Cell 1):"),
        ("number / 1", "Dropout.ipynb runs without errors but does not save models/part3.npz."),
    ],
)
def test_a_notebook_that_does_not_end_well(copied: Course, last: str, said: str) -> None:
    leave_in(copied.source / "Dropout.ipynb", "number = 1", last)
    (wrong,) = breaks_off(copied, copied.parts[2])
    assert wrong.startswith(said)


@pytest.mark.long
def test_the_model_that_a_notebook_trains_is_kept(copied: Course) -> None:
    saved = "from pathlib import Path; Path('models').mkdir(); Path('models/part3.npz').write_text('a model')"
    leave_in(copied.source / "Dropout.ipynb", saved)
    assert breaks_off(copied, copied.parts[2]) == []
    assert trained_model(copied, copied.parts[2], quick=True).read_text() == "a model"


def test_a_mistake_on_which_its_own_test_breaks_off(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a mistake does not count as caught: a student who makes it would wait for a person."""
    broken = TestResult("momentum_steps", "Some steps", "core", ERROR, "This test could not be carried out.")
    monkeypatch.setattr(calibration, "_failed", lambda *_: [(Claim("sgd_momentum"), broken)])
    fault, missed = calibration.mistake_passes(course, KNOWN["sgd_momentum/sign"], 3)
    assert fault.startswith(
        "momentum_steps ends in an error on sgd_momentum/sign, which is the test's own fault: fix the test."
    )
    assert missed.startswith("sgd_momentum/sign passes all tests of sgd_momentum")


def test_a_mistake_of_no_exercise(course: Course) -> None:
    mistake = dataclasses.replace(KNOWN["conv_extension/stride_ignored"], exercise="gone")
    (sentence,) = calibration.mistake_passes(course, mistake, 3)
    assert sentence == ("gone/stride_ignored cannot be judged: no automatic exercise has the id gone.")


def test_a_mistake_that_does_not_fit_the_source(course: Course) -> None:
    mistake = dataclasses.replace(KNOWN["sgd_momentum/sign"], changes=(("no such line", ""),))
    (sentence,) = calibration.mistake_passes(course, mistake, 3)
    assert "'no such line' occurs 0 times in optim.py; it must occur once." in sentence


def test_a_mistake_that_costs_an_unrelated_exercise(course: Course) -> None:
    """The test puts a mistake of ReLU into the lines of the affine layer."""
    mistake = dataclasses.replace(KNOWN["affine_backward/db_mean"], exercise="relu_backward")
    found = calibration.mistake_passes(course, mistake, 3)
    assert any(
        "also fails affine_backward: the test affine_backward_rows must name relu_backward" in one for one in found
    )


def test_a_mistake_in_what_is_compiled(course: Course, level: int) -> None:
    for mistake in CATALOGUE:
        if mistake.file.endswith(".pyx"):
            assert calibration.mistake_passes(course, mistake, level) == []


def test_correct_code_that_is_refused(course: Course, tmp_path: Path) -> None:
    """The gate tells the author of a solution which test refuses it."""
    solution = dataclasses.replace(ACCEPTED[0], folder=tmp_path)
    (tmp_path / "layers.py").write_text("def relu_forward(x):\n    return x, x\n")
    found = calibration.accepted_loses(course, solution, 7)
    assert any(
        f"The accepted solution '{solution.name}' fails relu_forward_rows (seed 7): out is wrong" in one
        for one in found
    )


def test_without_a_framework_its_notebook_is_left_out(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "is_installed", lambda assignment, part: not part.framework)
    monkeypatch.setattr(mutants, "is_installed", gate.is_installed)
    found = list(gate.tasks(course, 3))
    assert not any("_part5" in task.of or "convnet/t" in task.of for task in found)
    assert {len(task.arguments) for task in found if task.name == "accepted"} == {2}
    assert [sentence.partition(" was not")[0] for sentence in gate.left_out(course)] == ["PyTorch", "TensorFlow"]
    assert not any(mutant.cell for mutant in mutants.mutants(course))
    assert not any(key.startswith(("PyTorch", "TensorFlow")) for key in mutants.known(ASSIGNED))


INSTALLED = [pytest.param(number, marks=needs(name), id=name) for number, name in enumerate(("torch", "tensorflow"))]


@pytest.mark.parametrize("number", INSTALLED)
def test_cells_that_are_refused(course: Course, tmp_path: Path, level: int, number: int) -> None:
    """The gate says which test refuses the cells of an accepted solution, and which cell is not there."""
    part = course.parts[4].alternatives[number]
    (tmp_path / f"{part.name}.py").write_text("# %% sequential_code\ndef sequential_convnet(*sizes):\n    return 3\n")
    solution = dataclasses.replace(ACCEPTED[0], folder=tmp_path)
    (few,) = [one for one in part.exercises if one.id == "sequential_convnet"]
    found = calibration.notebook_loses(course, solution, dataclasses.replace(part, exercises=(few,)), level)
    assert len(found) == 5
    start = f"The accepted solution {solution.name!r} of {part.notebook} fails sequential_scores: "
    assert any(one.startswith(f"{start}sequential_convnet returns a int, not a net") for one in found)
    (tmp_path / f"{part.name}.py").write_text("# %% gone\npass\n")
    (sentence,) = calibration.notebook_loses(course, solution, part, level)
    assert "has no code cell gone" in sentence


@pytest.mark.long
@pytest.mark.parametrize("number", INSTALLED)
def test_a_mistake_in_a_notebook(course: Course, monkeypatch: pytest.MonkeyPatch, level: int, number: int) -> None:
    notebook = course.parts[4].alternatives[number].notebook
    named = next(one for one in CATALOGUE if one.file == notebook and one.named)
    unnamed = next(one for one in CATALOGUE if one.file == notebook and not one.named)
    (sentence,) = calibration.mistake_passes(course, dataclasses.replace(named, explanation="Something else."), level)
    assert f"but not named: the hint is that of {named.key}. " in sentence
    (sentence, *_) = calibration.mistake_passes(course, dataclasses.replace(named, named=False), level)
    assert f"{named.key} is not to be named, and " in sentence
    (sentence,) = calibration.mistake_passes(course, dataclasses.replace(unnamed, named=True), level)
    assert sentence.endswith("the hints are []. Let a test give the explanation, or set named=False.")
    elsewhere = dataclasses.replace(named, file="Gone.ipynb")
    assert calibration.mistake_passes(course, elsewhere, level) == [
        f"{named.key}: {named.exercise} is in no notebook Gone.ipynb."
    ]
    assert calibration.mistake_slips(course, elsewhere) == []
    assert calibration.mistake_slips(course, named) == []
    monkeypatch.setattr(ReferenceCopy, "credit", lambda self, part, test, backend, seed: 1.0 if seed == "1" else 0.0)
    (sentence,) = calibration.mistake_slips(course, named)
    assert "passes all tests of barebones_convnet with the inputs of 1 of 2 submissions" in sentence


@pytest.mark.long
def test_a_release_that_is_out_of_date(copied: Course) -> None:
    path = copied.release / "cs231n" / "optim.py"
    path.write_text(path.read_text() + "\n# changed by hand\n")
    (copied.release / "tests" / "test_dropout.py").unlink()
    (task,) = [task for task in gate.tasks(copied, 3) if task.name == "release"]
    assert gate._look(copied, task)[0] == [
        "tests/test_dropout.py is missing in the release. Run `autograder build`, and commit the changes.",
        "cs231n/optim.py in the release is out of date. Run `autograder build`, and commit the changes.",
    ]


def test_a_solution_region_that_is_gone(copied: Course, level: int) -> None:
    """The release then holds the solution, so the untouched release earns points."""
    path = copied.source / "cs231n" / "optim.py"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        "".join(line for line in lines if "### BEGIN SOLUTION" not in line and "### END SOLUTION" not in line)
    )
    shutil.copy(path, copied.release / "cs231n" / "optim.py")
    part = next(part for part in copied.parts if any(one.id == "adam" for one in part.automatic))
    few = dataclasses.replace(part, exercises=tuple(one for one in part.automatic if one.id == "adam"))
    (sentence,) = calibration.blank_earns(copied, few, level)
    assert sentence.startswith("A blank release gets 1 points for adam: is its solution region missing")


def test_the_reference_itself_must_pass(copied: Course, level: int) -> None:
    with (copied.source / "cs231n" / "optim.py").open("a") as optim:
        optim.write("\n\ndef rmsprop(w, dw, config=None):\n    return w * np.random.rand(), config or {}\n")
    part = copied.parts[0]
    few = dataclasses.replace(part, exercises=tuple(one for one in part.automatic if one.id == "rmsprop"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            calibration.students, "complete", lambda course, folder, parts: calibration.students.solved(course, folder)
        )
        (sentence,) = calibration.reference_lacks(copied, few, level)
    assert sentence.startswith("The reference gets 0")


def test_variants_leave_nothing_behind(course: Course) -> None:
    before, modules = Path.cwd(), set(sys.modules)
    with ReferenceCopy(course) as trusted:
        results = trusted.results(course.parts[0], lambda test: claimed(test).exercise == "solver")
    assert {result.outcome for result in results} == {"passed"}
    assert Path.cwd() == before
    assert not trusted.folder.exists()
    assert not {name for name in set(sys.modules) - modules if name.startswith("autograder_copy")}


def test_variants_that_cannot_be_made_leave_nothing_behind(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(folder: Path) -> None:
        raise MistakeError("It does not fit.")

    before = Path.cwd()
    monkeypatch.setattr(temporary, "home", lambda: tmp_path)
    with pytest.raises(MistakeError), ReferenceCopy(course, change):
        pass
    assert list(tmp_path.iterdir()) == []
    assert Path.cwd() == before


def test_mutants_that_cannot_be_judged(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate still reports its other findings."""

    def judge(*_: object) -> None:
        raise RuntimeError("The reference fails a test of adam (seed 'first'): fix that first.")

    monkeypatch.setattr(mutants, "mutants", lambda course: [])
    monkeypatch.setattr(mutants, "judge", judge)
    assert gate.examine_mutants(course, 1).wrong == [
        "The mutants could not be judged. The reference fails a test of adam (seed 'first'): fix that first."
    ]


def test_the_attack_suite_is_looked_for(course: Course) -> None:
    assert gate.examine_attacks(course) == Examined(
        "attacks",
        0,
        [f"{course.root / 'tests' / 'attacks'} is not there: the attack suite is in the course's repository."],
    )


def test_the_attack_suites_failures_are_told(tmp_path: Path) -> None:
    (tmp_path / "source" / ASSIGNMENT).mkdir(parents=True)
    suite = tmp_path / "tests" / "attacks"
    suite.mkdir(parents=True)
    (suite / "test_some.py").write_text("def test_one(): pass\ndef test_two(): assert 1 == 2\n")
    found = gate.examine_attacks(Course(tmp_path))
    assert found.things == 2
    assert [sentence.split(" - ")[0] for sentence in found.wrong] == ["FAILED tests/attacks/test_some.py::test_two"]


@pytest.mark.long
def test_attacks_that_are_all_skipped_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")  # a user's own settings must not matter
    suite = tmp_path / "tests" / "attacks"
    suite.mkdir(parents=True)
    (suite / "test_some.py").write_text("import pytest\n\n\ndef test_one():\n    pytest.skip('no sandbox')\n")
    (sentence,) = gate.examine_attacks(Course(tmp_path)).wrong
    assert sentence.startswith("The attack suite skipped every attack: `autograder doctor`")
