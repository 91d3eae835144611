"""The line that sets a returned value: in functions as students write them."""

import importlib.util
import operator
from pathlib import Path
from types import ModuleType

import pytest

from autograder.checks.origin import origin

MODULE = """
import functools

def plain(x):
    dx = x
    dw = x + 1
    dw += 2
    return dx, dw

def in_place(x):
    dx, dw = x * 0, x * 0
    for i in range(3):
        dw[i] += 1
        dx[i] = 2
    return dx.reshape(x.shape), dw.astype(x.dtype)

def modes(x, mode):
    out = None
    if mode == "train":
        out = x
        out = out * 2
    elif mode == "test":
        out = x + 1
    return out, None

def direct(x):
    return x + 1, (x, x)

def alone(x):
    y = x + 1
    return y

def many(x, mode):
    if mode == 1:
        y = 1
    elif mode == 2:
        y = 2
    elif mode == 3:
        y = 4
    else:
        y = 3
    return y

def inner(x):
    y = x
    def helper(x):
        y = 3
        return y
    return y

def given(x):
    return x

def wrapped(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call

@wrapped
def decorated(x):
    y = x
    return y

def plain_again(x): return x
plain_again = 3

class Net:
    def loss(self, X):
        grads = {}
        grads["W1"] = 1
        for i in range(2, 4):
            grads[f"W{i}"], grads[f"b{i}"] = 1, 2
        return 0, grads
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    path = tmp_path_factory.mktemp("origin") / "written.py"
    path.write_text(MODULE)
    spec = importlib.util.spec_from_file_location("written", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "element", "key", "texts"),
    [
        ("plain", 0, "", ["    dx = x"]),
        ("plain", 1, "", ["    dw += 2"]),
        ("in_place", 0, "", ["        dx[i] = 2"]),
        ("in_place", 1, "", ["        dw[i] += 1"]),
        ("modes", 0, "", ["        out = out * 2", "        out = x + 1"]),
        ("direct", 0, "", ["    return x + 1, (x, x)"]),
        ("alone", None, "", ["    y = x + 1"]),
        ("inner", None, "", ["    y = x"]),
        ("given", None, "", ["    return x"]),
        ("decorated", None, "", ["    y = x"]),
        ("Net.loss", None, "W1", ['        grads["W1"] = 1']),
        ("Net.loss", None, "W3", ['            grads[f"W{i}"], grads[f"b{i}"] = 1, 2']),
        ("Net.loss", None, "b2", ['            grads[f"W{i}"], grads[f"b{i}"] = 1, 2']),
    ],
)
def test_the_line(module: ModuleType, name: str, element: int | None, key: str, texts: list[str]) -> None:
    found = origin(operator.attrgetter(name)(module), element, key)
    assert found is not None
    file, lines = found
    written = file.read_text().splitlines()
    assert [written[line - 1] for line in lines] == texts


@pytest.mark.parametrize(
    ("name", "element", "key"),
    [("many", None, ""), ("plain", 5, ""), ("alone", 0, ""), ("Net.loss", None, "gamma1"), ("Net", None, "W1")],
)
def test_what_is_not_known_is_not_named(module: ModuleType, name: str, element: int | None, key: str) -> None:
    assert origin(operator.attrgetter(name)(module), element, key) is None


@pytest.mark.parametrize("value", [3, len, Path, lambda x: x])
def test_other_values_have_no_line(value: object) -> None:
    assert origin(value, None, "y") is None
