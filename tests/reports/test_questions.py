"""Questions about one's own code: the answers are those that a person works out, and no question has two."""

import ast
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from autograder.course import Course
from autograder.judge.session import taken_in
from autograder.reports.questions.calls import Call, calls_of
from autograder.reports.questions.making import (
    FORM,
    OTHER,
    RAISES,
    SAME,
    Asker,
    Question,
    of_class,
)  # fmt: skip
from autograder.reports.questions.quiz import as_text, write_quiz
from autograder.sample import students
from tests.assignment2 import ACCEPTED, ASSIGNMENT

pytestmark = pytest.mark.slow
Calls = dict[str, tuple[Call, ...]]
PROGRAMS: list[tuple[str, str, dict[tuple[Any, ...], Any]]] = [
    # exercise, program, and what is right: the shape of a name after a line, the effect of leaving a line out, the line
    ("affine_forward", """
        def affine_forward(x, w, b):
            out = x @ w
            out = out + b
            return out, (x, w)
    """, {("out", 2): (4, 3), ("out", 3): (4, 3), 2: RAISES, 3: OTHER}),
    ("affine_forward", """
        def affine_forward(x, w, b):
            out = x @ w
            out += b
            mean = out.mean(axis=0)
            scale = mean * 2
            wide = x.reshape(4, 2, 3)
            half = wide[:, 0]
            both = half + out
            return both, (mean, scale)
    """, {("out", 2): (4, 3), ("out", 3): (4, 3), ("wide", 6): (4, 2, 3), ("half", 7): (4, 3), ("both", 8): (4, 3),
          2: RAISES, 3: OTHER, 4: RAISES, 5: RAISES, 6: RAISES, 7: RAISES, 8: RAISES, "line": 4}),
    ("affine_forward", """
        def affine_forward(x, w, b):
            total = 0.0
            for row in x:
                total = total + row.sum()
            total = total * 1.0
            return total, None
    """, {2: RAISES, 4: OTHER, 5: SAME}),
    ("affine_forward", """
        def affine_forward(x, w, b):
            out = x
            out = out @ w
            out = out[0]
            return out, None
    """, {("out", 3): (4, 3), 2: RAISES, 3: FORM, 4: FORM, ("out", 4): (3,)}),
    ("affine_forward", """
        def affine_forward(x, w, b):
            x = x * 1.0
            w = w.T
            out = x.dot(w.T)
            cols = out.T
            return cols, (x,)
    """, {("w", 3): (3, 6), ("out", 4): (4, 3), ("cols", 5): (3, 4), 2: SAME, 3: RAISES, 4: RAISES, 5: RAISES}),
    ("affine_forward", """
        def affine_forward(x, w, b):
            out = x[:, :3] * b
            out = out.sum(axis=1, keepdims=True)
            out = out * x
            out = out - 1
            return out, ()
    """, {("out", 2): (4, 3), ("out", 3): (4, 1), ("out", 5): (4, 6), 2: RAISES, 3: RAISES, 4: FORM, 5: OTHER}),
    ("loss_layers", """
        def softmax_loss(x, y):
            top = x.max(axis=1)
            top = top[:, None]
            shifted = x - top
            odds = np.exp(shifted)
            sums = odds.sum(axis=1)
            loss = np.log(sums).mean()
            return loss, odds
    """, {("top", 3): (6, 1), 2: RAISES, 3: RAISES, 4: RAISES, 5: RAISES, 6: RAISES, 7: RAISES, "line": 7}),
    ("loss_layers", """
        def softmax_loss(x, y):
            x = x + 0
            picked = x[np.arange(6), y]
            picked = picked - picked
            grid = np.outer(picked, y)
            return picked.sum(), grid
    """, {("grid", 5): (6, 6), 2: SAME, 3: RAISES, 4: OTHER, 5: RAISES}),
    ("loss_layers", """
        def softmax_loss(x, y):
            x = x.copy()
            x -= 3
            x[:, 0] = 0
            x = x.ravel()
            return x.sum(), x
    """, {("x", 5): (30,), 2: SAME, 3: OTHER, 4: OTHER, 5: FORM}),
    ("loss_layers", """
        def softmax_loss(x, y):
            flag = True
            if flag:
                x = 2 * x
            flag = False
            return 0.5, x
    """, {2: RAISES, 4: OTHER, 5: SAME}),
    ("sgd_momentum", """
        def sgd_momentum(w, dw, config=None):
            step = dw * config["learning_rate"]
            w = w - step
            long = w.reshape(-1)
            long = long[::2]
            return long, config
    """, {("long", 4): (12,), ("long", 5): (6,), 2: RAISES, 3: OTHER, 4: RAISES, 5: FORM}),
    ("sgd_momentum", """
        def sgd_momentum(w, dw, config=None):
            config["velocity"] = dw
            config["velocity"] = config["velocity"] * 2
            tall = np.vstack([w, dw])
            tall = tall + 0
            return tall, config
    """, {("tall", 4): (6, 4), ("tall", 5): (6, 4), 2: RAISES, 3: OTHER, 4: RAISES, 5: SAME}),
    ("sgd_momentum", """
        def sgd_momentum(w, dw, config=None):
            wide = np.hstack([w, dw, w])
            wide = wide.T
            deep = wide[None]
            deep = deep.max(axis=1)
            return deep, 1
    """, {("wide", 2): (3, 12), ("wide", 3): (12, 3), ("deep", 4): (1, 12, 3), ("deep", 5): (1, 3),
          2: RAISES, 3: FORM, 4: RAISES, 5: FORM}),
    ("sgd_momentum", """
        def sgd_momentum(w, dw, config=None):
            v = np.zeros(4)
            for row in dw:
                v = v + row
            v = v / 3
            return v, config
    """, {("v", 2): (4,), ("v", 4): (4,), ("v", 5): (4,), 2: RAISES, 4: OTHER, 5: OTHER}),
    ("layernorm_forward", """
        def layernorm_forward(x, gamma, beta, ln_param):
            mean = x.mean(axis=1, keepdims=True)
            centred = x - mean
            spread = centred.std(axis=1)
            spread = spread[:, None]
            out = centred / spread
            out = gamma * out
            return out, None
    """, {("mean", 2): (6, 1), ("spread", 4): (6,), ("spread", 5): (6, 1),
          2: RAISES, 3: RAISES, 4: RAISES, 5: RAISES, 6: RAISES, 7: OTHER}),
    ("layernorm_forward", """
        def layernorm_forward(x, gamma, beta, ln_param):
            batch = x.mean(axis=0)
            more = x * 2
            less = x - 1
            both = more + less
            out = both * 1.5
            return out, batch
    """, {2: RAISES, 3: RAISES, 4: RAISES, 5: RAISES, 6: RAISES, "line": 2}),
    ("layernorm_forward", """
        def layernorm_forward(x, gamma, beta, ln_param):
            gram = x.T @ x
            pairs = x @ x.T
            out = pairs @ x
            out *= gamma
            last = out[:, -1]
            return out, (gram, last)
    """, {("gram", 2): (4, 4), ("pairs", 3): (6, 6), ("last", 6): (6,), 2: RAISES, 3: RAISES, 4: RAISES, 5: OTHER,
          6: RAISES, "line": 2}),
    ("dropout_forward", """
        def dropout_forward(x, dropout_param):
            keep = dropout_param["p"]
            mask = np.ones((2, 5))
            mask = mask * keep
            out = x * mask[0]
            out = out / keep
            return out, mask
    """, {("mask", 3): (2, 5), ("mask", 4): (2, 5), 2: RAISES, 3: RAISES, 4: OTHER, 5: RAISES, 6: OTHER}),
    ("dropout_forward", """
        def dropout_forward(x, dropout_param):
            parts = np.split(x, 3)
            first = parts[0]
            stack = np.stack(parts)
            stack = stack.transpose(2, 0, 1)
            return stack, first
    """, {("first", 3): (2, 5), ("stack", 4): (3, 2, 5), ("stack", 5): (5, 3, 2), 2: RAISES, 3: RAISES, 4: RAISES,
          5: FORM}),
    ("dropout_forward", """
        def dropout_forward(x, dropout_param):
            out = x.copy()
            np.negative(out, out=out)
            out.sort()
            ends = out[:, [0, -1]]
            return ends, None
    """, {("ends", 5): (6, 2), 2: RAISES, 3: OTHER, 4: OTHER, 5: RAISES}),
]  # fmt: skip


@pytest.fixture(scope="module")
def calls(course: Course) -> Calls:
    return calls_of(course)


@pytest.fixture(scope="module")
def solved(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "solved"
    students.solved(course, folder, parts=())
    return folder


def asked(course: Course, folder: Path, calls: Calls, level: int, seeds: int, most: int = 1) -> list[Question]:
    """Return the questions that some seeds give."""
    found = []
    with taken_in(folder, course.assignment) as submission:
        for seed in range(seeds):
            found += Asker(course, submission, level, random.Random(seed)).questions(calls, course.parts, most)
    return found


def answer(question: Question) -> tuple[Any, Any]:
    """Return what a question asks for, as the keys above say it, and the choice that it calls right."""
    first, right = question.code[0][0] - 1, question.choices[question.right]
    if shape := re.match(r"What is the shape of `(\w+)` after line (\d+)\?", question.text):
        return (shape[1], int(shape[2]) - first), right
    if left_out := re.match(r"What changes in this call if line (\d+) is left out", question.text):
        return int(left_out[1]) - first, right
    if question.text.startswith("What does "):
        return question.given, right
    line = re.match(r"line (\d+): ", right)
    assert line is not None
    return "line", int(line[1]) - first


def worked_out(program: str, said: str) -> Any:
    """Return the first value of a call that a question names, from the program's own text."""
    calls = re.findall(r"`(\w+\(.*?\))` is called", said)
    names: dict[str, Any] = {"np": np}
    exec(program, names)
    (tree,) = (ast.parse(call, mode="eval") for call in calls)
    found = eval(compile(ast.fix_missing_locations(Arrays().visit(tree)), "call", "eval"), names)
    return found[0] if isinstance(found, tuple) else found


class Arrays(ast.NodeTransformer):
    """Turns the lists of a call into arrays."""

    def visit_List(self, node: ast.List) -> ast.AST:
        return ast.Call(ast.parse("np.array", mode="eval").body, [node], [])


@pytest.mark.parametrize(("exercise", "program", "key"), PROGRAMS, ids=map(str, range(len(PROGRAMS))))
def test_the_right_answers_are_those_of_a_person(
    course: Course, solved: Path, calls: Calls, tmp_path: Path, level: int, exercise: str, program: str,
    key: dict[tuple[Any, ...], Any],
) -> None:  # fmt: skip
    shutil.copytree(solved, tmp_path / "planted")
    module = tmp_path / "planted" / "cs231n" / ("optim.py" if exercise == "sgd_momentum" else "layers.py")
    text = "\n".join(line[8:] for line in program.strip("\n").splitlines())
    module.write_text(f"{module.read_text()}\n\n{text}\n")
    found = dict(map(answer, asked(course, tmp_path / "planted", {exercise: calls[exercise]}, level, 8)))
    assert found
    for call in [what for what in found if isinstance(what, str) and what != "line"]:
        assert np.allclose(ast.literal_eval(found.pop(call)), worked_out(text, call), rtol=5e-3, atol=1e-6)
    right = {what: str(said) for what, said in key.items()}
    assert {what: str(said) for what, said in found.items()} == {what: right.get(what) for what in found}


@pytest.mark.parametrize(
    ("exercise", "formula"),
    [
        ("sgd_momentum", "def sgd_momentum(w, dw, c):\n    return w - c['learning_rate'] * dw"),
        (
            "rmsprop",
            "def rmsprop(w, dw, c):\n    mean = (1 - c['decay_rate']) * dw**2\n"
            "    return w - c['learning_rate'] * dw / (mean**0.5 + 1e-8)",
        ),
        (
            "layernorm_forward",
            "def layernorm_forward(x, g, b, c):\n    x = x - x.mean(1, keepdims=True)\n"
            "    return g * x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5) + b",
        ),
    ],
)
def test_values_are_worked_out_by_hand_and_others_are_far(
    course: Course, solved: Path, calls: Calls, level: int, exercise: str, formula: str
) -> None:
    """The first step from a new state has a short formula. The wrong choices are what known mistakes answer."""
    for question in asked(course, solved, {exercise: calls[exercise]}, level, 4):
        call, right = answer(question)
        expected = worked_out(formula, call)
        assert np.allclose(ast.literal_eval(right), expected, rtol=5e-3, atol=1e-6)
        for choice in question.choices:
            if choice != right:
                value = np.array(ast.literal_eval(choice))
                assert value.shape != expected.shape or np.abs(value - expected).max() > 1e-3 * np.abs(expected).max()


def test_no_question_has_two_right_choices(course: Course, calls: Calls, tmp_path: Path, level: int) -> None:
    """Some solutions define few functions as such: they get fewer questions."""
    kinds: Counter[str] = Counter()
    number = 0
    for solution in [one for one in ACCEPTED if one.modules]:
        students.solved(course, tmp_path / solution.name, parts=())
        solution.apply(tmp_path / solution.name)
        questions = asked(course, tmp_path / solution.name, calls, level, 1, most=4)
        number += len(questions)
        assert len({one.exercise for one in questions}) == len(questions) <= 4
        for one in questions:
            assert len(set(one.choices)) == 4
            kinds[type(answer(one)[0]).__name__] += 1
    assert number >= 40
    assert len(kinds) >= 2


def test_what_is_not_the_students_own_is_not_asked_about(course: Course, tmp_path: Path, level: int) -> None:
    students.blank(course, tmp_path / "blank")
    sheets, without = of_class(course, {"ann": tmp_path / "blank", "bob": tmp_path / "nowhere"}, level, 4)
    assert sheets == {}
    assert set(without) == {"ann", "bob"}


def test_hostile_code_ends_without_questions(course: Course, solved: Path, tmp_path: Path, level: int) -> None:
    for name, text in {"exits": "import os\nos._exit(0)\n", "brackets": "(" * 100_000, "bytes": "\x00"}.items():
        shutil.copytree(solved, tmp_path / name)
        for module in (tmp_path / name / "cs231n").rglob("*.py"):
            module.write_text(text)
    names = ("exits", "brackets", "bytes")
    sheets, without = of_class(course, {name: tmp_path / name for name in names}, level, 4)
    assert (sheets, set(without)) == ({}, set(names))


def test_sheets_key_and_quizzes(course: Course, solved: Path, tmp_path: Path, level: int) -> None:
    shutil.copytree(solved, tmp_path / "submitted" / "ann" / ASSIGNMENT)
    for step in ("source", "release"):
        (tmp_path / step).symlink_to(course.root / step)
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    command = [sys.executable, "-m", "autograder.cli", "questions", "--quiz", str(tmp_path / "quiz")]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert {one.name for one in tmp_path.iterdir()} <= {
        "submitted", "source", "release", "nbgrader_config.py", "quiz", "report", ".autograder", "gradebook.db",
    }  # fmt: skip
    sheet = (tmp_path / "report" / ASSIGNMENT / "questions.html").read_text()
    key = (tmp_path / "report" / ASSIGNMENT / "questions-key.html").read_text()
    assert sheet.count('<div class="card">') == 4
    assert "<strong>" in key
    with zipfile.ZipFile(tmp_path / "quiz" / "ann.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".xml"):
                ElementTree.fromstring(archive.read(name))
        (quiz,) = [
            name
            for name in archive.namelist()
            if "assessment_qti" in name or name.endswith("assessment.xml") or re.search(r"assessment_[^/]*\.xml$", name)
        ][-1:]
        assert archive.read(quiz).count(b"<item ") == 4


def test_what_a_student_wrote_stays_text_in_a_quiz(tmp_path: Path) -> None:
    code = ((1, "def f(x):"), (2, "    ```"), (3, "    # <script>alert(1)</script> ![](http://example.org/a.png)"))
    one = Question(
        "e", "a.py, f", code, "`f` is called with `x` of shape (1,).", "What *is* <b>it</b>?", ("a_1", "b", "c", "d"), 0
    )
    write_quiz([one], "Title", tmp_path / "quiz.zip")
    with zipfile.ZipFile(tmp_path / "quiz.zip") as archive:
        said = " ".join(archive.read(name).decode() for name in archive.namelist())
    assert "<script" not in said
    assert "&lt;script" not in said or "&amp;lt;script" in said
    assert "<img" not in said
    assert "&lt;img" not in said
    assert "*a) " in as_text([one], "Title")
