"""Functions that are not written yet are told from wrong ones."""

import pytest

from autograder.checks.unwritten import unwritten

YET = {
    "as released": "def f(x):\n    out = None\n    pass\n    cache = (x,)\n    return out, cache\n",
    "several values": "def f(dout, cache):\n    x, w = cache\n    dx, dw = None, None\n    return dx, dw\n",
    "a loss": "def f(x, y):\n    scores = None\n    if y is None:\n        return scores\n    loss, grads = 0.0, {}\n    return loss, grads\n",
    "given lines": "def f(w, config=None):\n    config = config or {}\n    next_w = None\n    return next_w, config\n",
    "a conversion": "def f(x):\n    out = None\n    out = out.astype(x.dtype)\n    return out\n",
    "nothing at all": "def f(x):\n    return None\n",
    "the last of two": "def f(x):\n    return x\n\n\ndef f(x):\n    out = None\n    return out\n",
}
WRITTEN = {
    "one of two": "def f(x):\n    dx, dw = None, None\n    dw = x.sum()\n    return dx, dw\n",
    "no return": "def f(x):\n    out = x + 1\n",
    "in place": "def f(x):\n    grads = {}\n    grads['a'] = x\n    return grads\n",
    "by a method": "def f(x):\n    out = []\n    for one in x:\n        out.append(one)\n    return out\n",
    "by a function": "def f(x):\n    out = 0\n    add(x, out)\n    return out\n",
    "added up": "def f(x):\n    loss = 0.0\n    loss += x\n    return loss\n",
    "in a loop": "def f(x):\n    last = None\n    for last in x:\n        pass\n    return last\n",
    "an empty answer": "def f(x):\n    return {}\n",
    "the last of two": "def f(x):\n    out = None\n    return out\n\n\ndef f(x):\n    return x\n",
    "not Python": "def f(x:\n    return None\n",
}


@pytest.mark.parametrize("case", YET)
def test_not_written_yet(case: str) -> None:
    assert unwritten(YET[case]) == {"f"}


@pytest.mark.parametrize("case", WRITTEN)
def test_written(case: str) -> None:
    assert unwritten(WRITTEN[case]) == set()


def test_methods_are_named_with_their_class() -> None:
    assert unwritten("class Net:\n    def loss(self, x):\n        scores = None\n        return scores\n") == {
        "Net.loss"
    }
