"""Make questions about a student's own functions. Running the code in the sandbox gives the right answers.

Each question has one right choice: the values or shapes differ, a line is asked for only if it alone fits, and to leave
out a line does one of four things that exclude each other.
"""

import ast
import hmac
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder import temporary
from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError, Handle
from autograder.checks.unwritten import unwritten
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.intake.submission import Submission
from autograder.judge.children.child import limited
from autograder.judge.counterexample.wording import shown
from autograder.judge.session import taken_in
from autograder.sandbox import launch, profiles
from autograder.sandbox.client import Remote

from . import small
from .calls import Call, Place, calls_of, filled

MOST_LINES = 45
"""A longer function is not printed on a sheet."""
SECONDS = 5.0
MOST_TRIED = 6
"""Lines of a function that are left out, one at a time, until there is a question."""
SEED = 0
EQUAL, DIFFERENT = 0.0, 1e-3
"""Answers are the same up to the first relative deviation, and other ones from the second on. Between: no question."""
RAISES, SAME, OTHER, FORM = (
    "It raises an error.",
    "It returns the same as before.",
    "It returns other numbers, in arrays of the same shapes.",
    "It returns something of another shape or type.",
)
EFFECTS = (RAISES, SAME, OTHER, FORM)
"""What leaving a line out may do; these exclude each other."""
DIGITS = 3
LETTERS = "abcd"
RAISING = 0.2
"""If leaving out each line raises an error, this share of the questions is asked."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """A question with four choices.

    Attributes
    ----------
    exercise : str
    place : str
        The file and the function.
    code : tuple of (int, str)
        The function's lines with their numbers in the file.
    given : str
        A sentence about the call.
    text : str
    choices : tuple of str
    right : int
        The place of the right choice.
    """

    exercise: str
    place: str
    code: tuple[tuple[int, str], ...]
    given: str
    text: str
    choices: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Function:
    """A function of a student's module.

    Attributes
    ----------
    file : Path
    name : str
    """

    file: Path
    name: str

    @cached_property
    def node(self) -> ast.FunctionDef | None:
        """The last definition of this name in the module."""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        found = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == self.name]
        return found[-1] if found else None

    @cached_property
    def lines(self) -> tuple[tuple[int, str], ...]:
        """The function's lines without its docstring, with their numbers."""
        assert self.node is not None
        text = self.file.read_text(encoding="utf-8").splitlines()
        first = self.node.body[0]
        said = range(first.lineno, (first.end_lineno or first.lineno) + 1) if ast.get_docstring(self.node) else ()
        numbers = range(self.node.lineno, (self.node.end_lineno or self.node.lineno) + 1)
        return tuple(
            (number, text[number - 1]) for number in numbers if number not in said and text[number - 1].strip()
        )

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The statements that give values to variables or call something, each alone in its line."""
        assert self.node is not None
        kinds = (ast.Assign, ast.AugAssign, ast.Expr)
        found = [one for one in ast.walk(self.node) if isinstance(one, kinds) and one.lineno == one.end_lineno]
        own = [one for one in found if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        texts = dict(self.lines)
        return [one for one in own if ast.unparse(one).replace(" ", "") == _bare(texts.get(one.lineno, ""))]


def _bare(line: str) -> str:
    """Return a line without comment, spaces and superfluous brackets, or "" if it holds more than one statement."""
    try:
        tree = ast.parse(line.strip())
    except (SyntaxError, ValueError):
        return ""
    return ast.unparse(tree.body[0]).replace(" ", "") if len(tree.body) == 1 else ""


def of_class(
    course: Course, folders: Mapping[str, Path], level: int, most: int, step: Callable[[], object] = lambda: None
) -> tuple[dict[str, list[Question]], dict[str, str]]:
    """Return each student's questions, and why there are none for some students.

    Parameters
    ----------
    course : Course
    folders : dict
        Maps each student to what the student handed in.
    level : int
        Level of the sandbox.
    most : int
        The most questions for each student.
    step : callable
        Called after each student.
    """
    calls = calls_of(course)
    sheets, without = {}, {}
    for student, folder in folders.items():
        draw = random.Random(hmac.digest(course.secret, f"questions/{student}".encode(), "sha256"))
        try:
            # the files are hostile bytes, which are parsed: that happens in a limited child
            found = list(map(_question, limited(partial(_asked, course, folder, level, draw, calls, most))))
        except AutograderError as error:
            without[student] = str(error)
        else:
            if found:
                sheets[student] = found
            else:
                without[student] = "There is no function of this student's that a question fits."
        step()
    return sheets, without


def _asked(
    course: Course, folder: Path, level: int, draw: random.Random, calls: dict[str, tuple[Call, ...]], most: int
) -> list[dict[str, Any]]:
    with taken_in(folder, course.assignment) as submission:
        found = Asker(course, submission, level, draw).questions(calls, course.parts, most)
    return [asdict(one) for one in found]


def _question(plain: dict[str, Any]) -> Question:
    """Return a question that came as JSON."""
    code = tuple((int(number), str(line)) for number, line in plain["code"])
    return Question(**{**plain, "code": code, "choices": tuple(plain["choices"])})


class Asker:
    """Asks about one submission.

    Parameters
    ----------
    course : Course
    submission : Submission
    level : int
        Level of the sandbox.
    rng : random.Random
    """

    def __init__(self, course: Course, submission: Submission, level: int, rng: random.Random) -> None:
        self._assignment, self._release = course.assignment, course.release
        self._submission, self._level, self._rng = submission, level, rng

    def questions(self, calls: dict[str, tuple[Call, ...]], parts: Sequence[Part], most: int) -> list[Question]:
        """Return at most so many questions, each about another exercise, the kinds in turn.

        Parameters
        ----------
        calls : dict
            The calls of each exercise, as `calls_of` finds them.
        parts : sequence of Part
        most : int
        """
        part_of = {exercise.id: part for part in parts for exercise in part.automatic}
        exercises = [one for one in sorted(calls) if one in part_of]
        self._rng.shuffle(exercises)
        kinds: list[Callable[[Run], Question | None]] = [self._value, self._shape, self._batch, self._without]
        found: list[Question] = []
        for exercise in exercises:
            if len(found) == most:
                break
            run = self._run(exercise, calls[exercise], part_of[exercise])
            if run is None:
                continue
            turn = len(found) % len(kinds)
            question = next(filter(None, (kind(run) for kind in (*kinds[turn:], *kinds[:turn]))), None)
            found += [question] if question else []
        return found

    def _run(self, exercise: str, calls: tuple[Call, ...], part: Part) -> "Run | None":
        """Run the calls on the submission's own function, traced; return None if there is nothing to ask about."""
        *modules, name = calls[-1].target.split(".")
        file = self._submission.folder.joinpath(self._assignment.package, *modules).with_suffix(".py")
        if not file.is_file():
            return None
        try:
            text = file.read_text(encoding="utf-8")
            function = Function(file, name)
            if function.node is None or name in unwritten(text) or len(function.lines) > MOST_LINES:
                return None
            given = Function(self._release.joinpath(self._assignment.package, *modules).with_suffix(".py"), name)
            if given.file.is_file() and given.node is not None and ast.dump(given.node) == ast.dump(function.node):
                return None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        run = Run(exercise, function, calls, part)
        run.answer = self._answer(run, self._submission.folder / self._assignment.package)
        return None if isinstance(run.answer, Nothing | Raised) else run

    def _answer(self, run: "Run", package: Path) -> Any:
        """Return what the calls answer on a package; `Raised` if the last one raises, `Nothing` if nobody can tell."""
        profile = profiles.for_judging(self._assignment, run.part)
        with temporary.folder("questions") as scratch:
            scratch.chmod(0o711)
            folder = scratch / "submission"
            shutil.copytree(package, folder / self._assignment.package)
            remote = Remote(launch.start(self._level, folder, profile), SECONDS)
            try:
                return self._called(run, remote)
            finally:
                remote.close()

    def _called(self, run: "Run", remote: Remote) -> Any:
        answers: list[Any] = []
        for call in run.calls:
            last = call is run.calls[-1]
            try:
                remote.seed(SEED)
                args, kwargs = filled((call.args, call.kwargs), answers)
                answers.append((remote.trace if last else remote.call)(call.target, args, kwargs))
            except CodeError as error:
                return Raised() if last and error.kind == "raised" else Nothing()
            except LookupError:
                return Nothing()
        if not run.trace:
            run.trace.update(remote.traced())
        try:
            return _whole(remote, answers[-1])
        except CodeError:
            return Nothing()

    def _value(self, run: "Run") -> Question | None:
        """Ask what a call with few numbers returns. The wrong choices are what known mistakes make of it."""
        calls = small.small(run.calls, self._rng)
        if not calls:
            return None
        again = Run(run.exercise, run.function, calls, run.part)
        right = small.first_of(self._answer(again, self._submission.folder / self._assignment.package))
        if right is None:
            return None
        wrong = [
            one
            for one in small.mistaken_answers(self._assignment, run.exercise, calls)
            if one.shape != right.shape or _deviation(right, one) > DIFFERENT
        ]
        self._rng.shuffle(wrong)
        texts = dict.fromkeys(shown(one, DIGITS) for one in sorted(wrong, key=lambda one: one.shape != right.shape))
        texts.pop(shown(right, DIGITS), None)
        if len(texts) < 3:
            return None
        text = f"What does `{run.function.name}` return in this call, as its first or only value, to {DIGITS} digits?"
        return self._made(again, text, shown(right, DIGITS), list(texts)[:3], given=small.said(calls))

    def _shape(self, run: "Run") -> Question | None:
        """Ask for the shape of a variable."""
        given = {shape for shape in run.arguments.values() if shape}
        rows = [
            (statement, name, shapes[0])
            for statement in run.function.statements
            for name, shapes in run.trace.get(statement.lineno, {}).items()
            if len(shapes) == 1 and shapes[0] and shapes[0] not in given and name in _stored(statement)
        ]
        self._rng.shuffle(rows)
        for statement, name, shape in rows:
            others = _other_shapes(shape, [*given, *(one for _, _, one in rows)])
            self._rng.shuffle(others)
            if len(others) >= 3:
                text = f"What is the shape of `{name}` after line {statement.lineno}?"
                return self._made(run, text, str(shape), [str(one) for one in others[:3]])
        return None

    def _batch(self, run: "Run") -> Question | None:
        """Ask for the only line that computes, from values with an entry for each example, one without."""
        shapes = [shape for shape in run.arguments.values() if len(shape) > 1]
        size = shapes[0][0] if shapes else 0
        if size < 2 or sum(shape.count(size) for shape in shapes) != sum(shape[0] == size for shape in shapes):
            return None
        known: dict[str, list[Shape]] = {name: [shape] for name, shape in run.arguments.items()}
        for names in run.trace.values():
            for name, found in names.items():
                known.setdefault(name, []).extend(found)
        losing, keeping = [], []
        for statement in run.function.statements:
            stored = [
                shape for name in _stored(statement) for shape in run.trace.get(statement.lineno, {}).get(name, [])
            ]
            loaded = [shape for name in _loaded(statement) for shape in known.get(name, [])]
            if not stored or not loaded:
                continue
            has = any(size in shape for shape in loaded)
            if has and not any(size in shape for shape in stored):
                losing.append(statement)
            elif all(size in shape for shape in stored):
                keeping.append(statement)
        if len(losing) != 1 or len(keeping) < 3:
            return None
        text = (
            f"There are {size} examples. One of these lines computes something that has no entry for each example, "
            "from something that has one. Which line?"
        )
        texts = dict(run.function.lines)
        wrong = self._rng.sample(keeping, 3)
        right, *others = (f"line {one.lineno}: `{texts[one.lineno].strip()}`" for one in (*losing, *wrong))
        return self._made(run, text, right, others)

    def _without(self, run: "Run") -> Question | None:
        """Ask what changes if a line is left out. An error is seldom the answer: most names must have a value."""
        statements = [one for one in run.function.statements if one.lineno in run.trace]
        self._rng.shuffle(statements)
        effects = ((one, _effect(run.answer, self._answer_without(run, one.lineno))) for one in statements[:MOST_TRIED])
        found = [(one, effect) for one, effect in effects if effect]
        chosen = next((pair for pair in found if pair[1] != RAISES), found[0] if found else None)
        if chosen is None or (chosen[1] == RAISES and self._rng.random() > RAISING):
            return None
        line = dict(run.function.lines)[chosen[0].lineno].strip()
        text = f"What changes in this call if line {chosen[0].lineno} is left out: `{line}`?"
        return self._made(run, text, chosen[1], [one for one in EFFECTS if one != chosen[1]], shuffled=False)

    def _answer_without(self, run: "Run", number: int) -> Any:
        """Return what the calls answer if a line of the function does nothing."""
        with temporary.folder("without") as scratch:
            package = scratch / self._assignment.package
            own = self._submission.folder / self._assignment.package
            shutil.copytree(own, package)
            file = package / run.function.file.relative_to(own)
            lines = file.read_text(encoding="utf-8").splitlines()
            line = lines[number - 1]
            lines[number - 1] = f"{line[: len(line) - len(line.lstrip())]}pass"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return self._answer(run, package)

    def _made(
        self, run: "Run", text: str, right: str, wrong: list[str], shuffled: bool = True, given: str = ""
    ) -> Question:
        choices = [right, *wrong] if shuffled else list(EFFECTS)
        if shuffled:
            self._rng.shuffle(choices)
        place = f"{run.function.file.relative_to(self._submission.folder)}, {run.function.name}"
        given = given or run.given()
        return Question(run.exercise, place, run.function.lines, given, text, tuple(choices), choices.index(right))


class Nothing:
    """No answer that can be compared."""


class Raised:
    """No answer, because the function raised an exception."""


@dataclass
class Run:
    """A function of the submission, and what its call answers."""

    exercise: str
    function: Function
    calls: tuple[Call, ...]
    part: Part

    def __post_init__(self) -> None:
        self.answer: Any = None
        self.trace: dict[int, dict[str, list[Shape]]] = {}

    @cached_property
    def arguments(self) -> dict[str, Shape]:
        """The shapes of the arrays among the call's arguments, by the student's names."""
        assert self.function.node is not None
        names = [one.arg for one in self.function.node.args.args]
        given = {**dict(zip(names, self.calls[-1].args, strict=False)), **self.calls[-1].kwargs}
        return {name: one.shape for name, one in given.items() if isinstance(one, np.ndarray)}

    def given(self) -> str:
        """Return a sentence about the call."""
        assert self.function.node is not None
        names = [one.arg for one in self.function.node.args.args]
        said = []
        for name, one in {**dict(zip(names, self.calls[-1].args, strict=False)), **self.calls[-1].kwargs}.items():
            if isinstance(one, np.ndarray):
                said.append(f"`{name}` of shape {one.shape}")
            elif isinstance(one, Place):
                said.append(f"`{name}` from `{self.calls[one.call].function}`")
            else:
                said.append(f"`{name} = {one!r}`")
        before = ""
        if len(self.calls) > 1:
            first = self.calls[0]
            shapes = ", ".join(str(one.shape) for one in first.args if isinstance(one, np.ndarray))
            before = f"`{first.function}` was called with arrays of the shapes {shapes}. "
        return f"{before}`{self.function.name}` is called with {', '.join(said)}."


def _stored(statement: ast.stmt) -> list[str]:
    return [one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]


def _loaded(statement: ast.stmt) -> list[str]:
    named = [one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    return [*named, *(_stored(statement) if isinstance(statement, ast.AugAssign) else [])]


def _other_shapes(shape: Shape, seen: Sequence[Shape]) -> list[Shape]:
    """Return shapes that somebody may take for the right one."""
    changed = [shape[::-1], shape[1:], shape[:-1], (1, *shape), (*shape, 1), (int(np.prod(shape)),), (1, *shape[1:])]
    return [one for one in dict.fromkeys([*seen, *changed]) if one != shape and one]


def _whole(remote: Remote, answer: Any) -> Any:
    """Return an answer with what its handles hold."""
    if isinstance(answer, tuple):
        return tuple(_whole(remote, one) for one in answer)
    return remote.fetch(answer._target) if isinstance(answer, Handle) else answer


def _effect(before: Any, after: Any) -> str:
    """Return which of `EFFECTS` another answer is, or "" if that is not clear."""
    if isinstance(after, Nothing):
        return ""
    if isinstance(after, Raised):
        return RAISES
    one, other = list(_leaves(before)), list(_leaves(after))
    if [form for form, _ in one] != [form for form, _ in other]:
        return FORM
    deviations = [_deviation(mine, theirs) for (_, mine), (_, theirs) in zip(one, other, strict=True)]
    largest = max(deviations, default=EQUAL)
    return SAME if largest == EQUAL else OTHER if largest > DIFFERENT else ""


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the form and the value of each array and number in an answer."""
    if isinstance(value, list | tuple):
        yield f"{place}{len(value)}", None
        for number, one in enumerate(value):
            yield from _leaves(one, f"{place}.{number}")
    elif isinstance(value, dict):
        yield f"{place}{sorted(map(str, value))}", None
        for key, one in value.items():
            yield from _leaves(one, f"{place}.{key}")
    elif isinstance(value, np.ndarray | bool | int | float):
        yield f"{place}:{np.shape(value)}", np.asarray(value, dtype=float)
    else:
        yield f"{place}:{value!r}", None


def _deviation(one: Any, other: Any) -> float:
    if one is None or np.array_equal(one, other, equal_nan=True):
        return EQUAL
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return 1.0
    return float(np.abs(one - other).max() / max(float(np.abs(one).max()), float(np.abs(other).max())))
