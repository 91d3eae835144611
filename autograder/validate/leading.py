"""Examine the steps of hints: each exercise and each known mistake has its own, and none gives the solution away.

A step must hold no line of a solution, and no expression of the reference with two operators or more. Expressions are
compared as syntax trees, so that spaces and brackets make no difference.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment import Assignment
from autograder.builder.leaks import TELLING
from autograder.builder.strip import reveal, solution_lines
from autograder.course import Course
from autograder.steps import misfits, steps_of

LEAST_OPERATORS = 2
MOST_PIECES = 40
"""Most words, numbers and signs of an expression that is looked for in a step."""
PIECE = re.compile(r"\w+|\*\*|//|[<>=!]=|[^\w\s]")
OPERATORS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp)
SIGNS = frozenset(
    {"+", "-", "*", "/", "**", "//", "%", "@", "<", ">", "==", "<=", ">=", "!=", "&", "|", "and", "or", "not"}
)


def count(assignment: Assignment) -> int:
    """Return the number of steps."""
    return len(list(_texts(assignment)))


def faults(course: Course) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with the steps of an assignment."""
    yield from misfits(course.assignment)
    lines, trees = _secrets(course.source)
    for owner, text in _texts(course.assignment):
        told = next((line for line in lines if line in text), "") or told_expression(text, trees)
        if told:
            yield f"A step of {owner} gives the solution away: {told!r}. Say it in words, or ask a question."


def told_expression(text: str, trees: frozenset[str]) -> str:
    """Return an expression of a text whose syntax tree is among ``trees``, or ""."""
    pieces = [match.group() for match in PIECE.finditer(text)]
    for first in range(len(pieces)):
        for last in range(first + 3, min(first + MOST_PIECES, len(pieces)) + 1):
            part = pieces[first:last]
            if sum(piece in SIGNS for piece in part) >= LEAST_OPERATORS and _tree(" ".join(part)) in trees:
                return " ".join(part)
    return ""


def expressions(source: str) -> Iterator[str]:
    """Yield the syntax tree of each expression in a module that has at least `LEAST_OPERATORS` operators."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr) and _operators(node) >= LEAST_OPERATORS:
            yield ast.dump(node)


def _tree(text: str) -> str:
    try:
        return ast.dump(ast.parse(re.sub(r" ?([.()\[\],]) ?", r"\1", text), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _operators(node: ast.expr) -> int:
    return sum(isinstance(one, OPERATORS) for one in ast.walk(node))


def _texts(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Yield each step with its owner's name."""
    known = steps_of(assignment)
    yield from ((name, text) for name, one in known.exercises.items() for text in one.texts())
    yield from ((one.of[0], text) for one in known.mistakes for text in one.texts())


def _secrets(source: Path) -> tuple[list[str], frozenset[str]]:
    """Return the telling lines of all solutions, and the syntax trees of their expressions."""
    lines: list[str] = []
    trees: set[str] = set()
    for text in _solved(source):
        inside, outside = solution_lines(text)
        lines += [line for line in inside if len(line) >= TELLING and line not in outside]
        try:
            trees.update(expressions(reveal(text)))
        except SyntaxError:  # a cell with lines of IPython
            continue
    return lines, frozenset(trees)


def _solved(source: Path) -> Iterator[str]:
    """Yield the texts that hold solutions: modules, and the code cells of notebooks."""
    for path in sorted(source.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if solution_lines(text)[0]:
            yield text
    for path in sorted(source.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "code" and solution_lines(text)[0]:
                yield text
