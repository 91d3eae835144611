"""Attacks of class 12 on the judge's own memory and time: answers that swell where the judge computes with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import PRELUDE, Attack

RELU = {"relu_forward": 1.0}
"""An honest exercise beside the hostile one: it keeps its points."""
MEGABYTES = 160
"""What the judge may need for a hostile part: five times the room of a test's answers, for the test and for the runs that
explain its failure."""


def behind(module: str, code: str) -> Callable[[Path, dict[str, Any]], None]:
    """Return how to append code to a module of the package."""

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        path = folder / "cs231n" / module
        start = PRELUDE.replace("@FACTS@", repr(facts)).replace("@WITNESS@", str(facts["witness"]))
        path.write_text(f"{path.read_text(encoding='utf-8')}\nimport numpy as np\n{start}\n{code}", encoding="utf-8")

    return plant


def swelling(name: str, tries: str, module: str, code: str, earns: dict[str, float], shows: str) -> Attack:
    """Return an attack whose answers need little memory in the runner, and much in a careless judge."""
    return Attack(12, name, tries, plant=behind(module, code), earns=earns, shows=shows, memory=MEGABYTES)


def layer(name: str, tries: str, answer: str, shows: str) -> Attack:
    """Return an attack by a layer whose answer is an expression."""
    code = f"\ndef affine_forward(*given):\n    reached()\n    return {answer}\n"
    return swelling(name, tries, "layers.py", code, {"affine_forward": 0.0, **RELU}, shows)


def history(name: str, tries: str, code: str, shows: str, earned: float = 0.75) -> Attack:
    """Return an attack by a Solver that changes its histories after an honest training."""
    start = "\n_train = Solver.train\n\n\ndef train(self):\n    reached()\n    _train(self)\n"
    text = f"{start}    {code}\n\n\nSolver.train = train\n"
    return swelling(name, tries, "solver.py", text, {"solver": earned, **RELU}, shows)


ATTACKS = (
    history("losses-against-losses", "to have a column of losses compared with a row, which is millions of times as large",
            "self.loss_history = [np.zeros((2**14, 1), np.int8), *[0.0] * 16, np.zeros((1, 2**14), np.int8)]",
            "loss_history has 32784 entries"),
    history("accuracies-against-accuracies", "to have the largest of some columns and rows looked for",
            "self.val_acc_history = [np.zeros((2**14, 1), np.int8), np.zeros((1, 2**14), np.int8)] * 2",
            "val_acc_history has 65536 entries", 0.5),
    history("histories-without-end", "to have lists of a hundred thousand lists read",
            "self.loss_history = [[[0.0] * 9] * 9] * 900; self.val_acc_history = {str(n): {} for n in range(90_000)}",
            "each element of loss_history is a list", 0.5),
    history("nested-histories", "to exhaust the stack of a judge that reads lists in dictionaries",
            "self.loss_history = (lambda f: f(f, 400))(lambda f, n: [{'a': f(f, n - 1)}] if n else 0)", "nested too deeply"),
    history("scores-in-columns", "to have scores of one picture compared with the labels of twenty",
            "self.model.loss = lambda *given: np.broadcast_to(np.int8(0), (2**20, 1, 20))", "scores has shape"),
    layer("column-for-a-row", "to have a column compared with rows", "np.zeros((2**22, 1), np.int8), None", "out has shape"),
    layer("largest-message", "to have more received than the judge has room for", "np.zeros(2**26, np.int8), None", "is too large: it needs 64 MB"),
    layer("thousand-pieces", "to have the pieces of a large answer received one by one",
          "tuple(np.zeros(2**18, np.int8) for _ in range(200))", "is too large: it needs 50 MB"),
    swelling("for-a-number", "to return a large array where one number is expected", "layers.py", """
def softmax_loss(x, y):
    reached()
    return np.zeros(2**24, np.int8), x
""", {"loss_layers": 0.4, **RELU}, "the loss has shape"),
    layer("megabytes-of-text", "to have texts of four megabytes searched and shown", "'<' * (4 * 2**20 - 100), 'a' * 2", "is too large"),
    layer("long-number", "to have a number of a hundred thousand digits converted", "10**100_000, None", "out has shape"),
    swelling("seven-kept-answers", "to have seven answers of a quarter of a gigabyte kept at a time", "fast_layers.py", """
_right = conv_forward_fast


def conv_forward_fast(x, *given):
    reached()
    return np.zeros(2**28, np.int8) if len(x) == 6 else _right(x, *given)[0], _right(x, *given)[1]
""", {"conv_extension": 0.9833}, "is too large"),
)  # fmt: skip
