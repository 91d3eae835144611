"""Single changes to a few lines of Python: cosmic-ray's operators, and operators that it lacks.

The functions take text and yield changes. See ``mutants`` for choosing and judging mutants.
"""

import ast
import functools
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from parso.tree import NodeOrLeaf

LEFT_OUT = ("RemoveDecorator", "VariableReplacer", "VariableInserter")
"""Operators of cosmic-ray that are not used: the code has no decorators, and the other two are random."""
BLANK = re.compile(r"(?<=[(\[]) +|(?<=\S) (?= )|(?<=[(\[]-) (?=\d)|(?<=, -) (?=\d)")
"""Blanks to remove: cosmic-ray puts one before a number."""
ALIKE = {
    "sum": "mean", "mean": "sum", "max": "min", "maximum": "minimum", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "rand": "randn", "randn": "rand", "sqrt": "square",
}  # fmt: skip
"""Functions that people confuse."""
PASS = " pass"

Change = tuple[str, int, str]
"""An operator, the number of a line from 0, and the new line without indentation."""


def changes(code: str, imported: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Yield every change of one line that changes the meaning of the code, each meaning once.

    Parameters
    ----------
    code : str
    imported : frozenset of str
        Names of imported modules besides NumPy. A call of their functions becomes its first argument.
    """
    lines = code.split("\n")
    for first, last in _statements(ast.parse(code)):
        statement = textwrap.dedent("\n".join(lines[first:last]))
        if statement.endswith(":"):
            statement += PASS
        seen = {ast.dump(ast.parse(statement))}
        for operator, number, after in itertools.chain(_of_cosmic_ray(statement), _of_our_own(statement, imported)):
            own = statement.split("\n")
            try:
                meaning = ast.dump(ast.parse("\n".join([*own[:number], after, *own[number + 1 :]])))
            except SyntaxError:
                continue
            if meaning not in seen:
                seen.add(meaning)
                yield operator, first + number, after.strip().removesuffix(PASS)


def _statements(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Yield each statement's first line and the line after its end, from 0; of a compound statement, its header."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            yield node.lineno - 1, body[0].lineno - 1 if body else node.end_lineno or node.lineno


@functools.cache
def _operators() -> list[tuple[str, Any]]:
    """Return cosmic-ray's operators with their short names."""
    names = [(name.split("/")[1], name) for name in operator_names()]
    return [(short, get_operator(name)()) for short, name in names if short not in LEFT_OUT]


def _of_cosmic_ray(code: str) -> Iterator[Change]:
    lines, nodes = code.split("\n"), list(_walk(get_ast(code)))
    for name, operator in _operators():
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            changed = mutate_code(code, operator, occurrence).split("\n")
            pairs = enumerate(zip(lines, changed, strict=True))
            ((number, after),) = [(number, after) for number, (old, after) in pairs if old != after]
            yield name, number, BLANK.sub("", after)


def _walk(node: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _walk(child)


def _of_our_own(code: str, imported: frozenset[str]) -> Iterator[Change]:
    lines = code.split("\n")
    removed = functools.partial(_call_removed, imported=imported)
    operators: dict[str, Callable[[ast.AST, list[str]], Edits]] = {**OPERATORS, "call removed": removed}
    for node in _nodes(ast.parse(code)):
        for operator, edits in operators.items():
            for first, last, text in edits(node, lines):
                (row, start), (end_row, end) = first, last
                if row == end_row:
                    line = lines[row - 1]
                    yield operator, row - 1, line[:start] + text + line[end:]


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a tree's nodes, except those inside f-strings: their positions differ between versions of Python."""
    yield node
    if not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _nodes(child)


Place = tuple[int, int]
Edits = Iterator[tuple[Place, Place, str]]
"""Edits of a text: the start, the end, and the new text."""


def _start(node: ast.expr | ast.stmt | ast.keyword) -> Place:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.stmt | ast.keyword) -> Place:
    return node.end_lineno or 0, node.end_col_offset or 0


def _text(node: ast.expr | ast.stmt | ast.keyword, lines: list[str]) -> str:
    return lines[node.lineno - 1][node.col_offset : node.end_col_offset]


def _statement_removed(node: ast.AST, _: list[str]) -> Edits:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
        yield _start(node), _end(node), "pass"


def _sign(node: ast.AST, lines: list[str]) -> Edits:
    if isinstance(node, ast.Assign | ast.AugAssign) and not isinstance(node.value, ast.Tuple):
        yield _start(node.value), _end(node.value), f"-({_text(node.value, lines)})"


def _assigned_otherwise(node: ast.AST, _: list[str]) -> Edits:
    if isinstance(node, ast.AugAssign):
        for operator in (" = ", " -= ", " *= "):
            yield _end(node.target), _start(node.value), operator


def _operand_alone(node: ast.AST, lines: list[str]) -> Edits:
    if isinstance(node, ast.BinOp | ast.BoolOp):
        for operand in (node.left, node.right) if isinstance(node, ast.BinOp) else node.values:
            yield _start(node), _end(node), f"({_text(operand, lines)})"


def _matrix_product(node: ast.AST, lines: list[str]) -> Edits:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield _start(node), _end(node), f"({_text(node.right, lines)}) @ ({_text(node.left, lines)})"
        yield _start(node), _end(node), f"({_text(node.left, lines)}) * ({_text(node.right, lines)})"


def _condition(node: ast.AST, _: list[str]) -> Edits:
    if isinstance(node, ast.If | ast.IfExp):
        yield _start(node.test), _end(node.test), "True"
        yield _start(node.test), _end(node.test), "False"


def _row(node: ast.AST) -> Sequence[ast.expr | ast.keyword]:
    """Return the elements that commas separate: arguments of a call, or elements of a tuple or list."""
    if isinstance(node, ast.Call):
        return [*node.args, *node.keywords]
    return node.elts if isinstance(node, ast.Tuple | ast.List) else ()


def _one_removed(node: ast.AST, _: list[str]) -> Edits:
    row = _row(node)
    for number, one in enumerate(row):
        if number:
            yield _end(row[number - 1]), _end(one), ""
        else:
            yield _start(one), _start(row[1]) if len(row) > 1 else _end(one), ""


def _swapped(node: ast.AST, lines: list[str]) -> Edits:
    row = [one for one in _row(node) if not isinstance(one, ast.keyword)]
    for one, other in itertools.pairwise(row):
        between = lines[one.lineno - 1][one.end_col_offset : other.col_offset]
        yield _start(one), _end(other), _text(other, lines) + between + _text(one, lines)


def _slice_open(node: ast.AST, _: list[str]) -> Edits:
    if isinstance(node, ast.Slice):
        for bound in (node.lower, node.upper):
            if bound is not None:
                yield _start(bound), _end(bound), ""


def _call_removed(node: ast.AST, lines: list[str], imported: frozenset[str] = frozenset()) -> Edits:
    if isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        of_module = owner is not None and ast.unparse(owner).partition(".")[0] in imported
        if owner is not None and not of_module and _text(owner, lines) not in ("np", "np.random", "self"):
            yield _start(node), _end(node), _text(owner, lines)
        elif node.args:
            yield _start(node), _end(node), f"({_text(node.args[0], lines)})"


def _attribute(node: ast.AST, lines: list[str]) -> Edits:
    if isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield _start(node), _end(node), _text(node.value, lines)
        elif node.attr in ALIKE:
            yield _end(node.value), _end(node), f".{ALIKE[node.attr]}"


def _other_text(node: ast.AST, _: list[str]) -> Edits:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _start(node), _end(node), f'"another {node.value}"'


OPERATORS: dict[str, Callable[[ast.AST, list[str]], Edits]] = {
    "statement removed": _statement_removed,
    "other sign": _sign,
    "assigned otherwise": _assigned_otherwise,
    "one operand alone": _operand_alone,
    "matrix product": _matrix_product,
    "condition": _condition,
    "argument or element removed": _one_removed,
    "neighbours swapped": _swapped,
    "slice left open": _slice_open,
    "call removed": _call_removed,
    "attribute": _attribute,
    "other text": _other_text,
}
"""Operators that cosmic-ray lacks."""
