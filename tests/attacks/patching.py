"""Attacks of classes 3 and 4: patches of shared modules, files that configure or shadow."""

from pathlib import Path
from typing import Any

from .attack import WRONG, Attack

EVERY_LEVEL = (3, 2, 1)
SHADOW = "@PRELUDE@\nsay('got control by a file that nobody should have read')\n"
"""The text of a file that must not be executed."""

COMPARISONS = """
import autograder.checks.compare as compare
import autograder.checks.numeric as numeric

for _name in ("assert_close", "assert_gradients", "assert_unchanged", "assert_dtype", "require"):
    setattr(compare, _name, lambda *args, **kwargs: None)
compare.RTOL64 = compare.RTOL32 = compare.NEARLY_ZERO = 1e300
compare.Mismatch = numeric.numeric_gradient = type(None)
"""

NUMPY = """
import numpy as np

for _name in ("abs", "allclose", "array_equal", "isclose", "isfinite", "any", "all"):
    setattr(np, _name, lambda *args, **kwargs: np.zeros(()))
np.testing.assert_allclose = lambda *args, **kwargs: None
"""

BUILTINS = """
import builtins

builtins.abs = lambda value: 0
builtins.round = builtins.pow = lambda *args: 0.0
builtins.all = lambda values: True
builtins.AssertionError = builtins.ZeroDivisionError = type("Nothing", (Exception,), {})
"""

MODULES = """
import sys
from types import ModuleType


class Yes(ModuleType):
    __path__ = []
    __getattr__ = lambda self, name: lambda *args, **kwargs: True


for _name in ("pytest", "_pytest", "autograder.judge", "autograder.assignments.assignment2.hidden", "autograder.verdict", "autograder.checks.compare"):
    sys.modules[_name] = Yes(_name)
"""

FINDER = """
import importlib.abc
import importlib.machinery
import sys


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        reached(f"asked for {name}")
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__dict__.update(affine_forward=lambda *a: (True, True), assert_close=lambda *a: None)


sys.meta_path.insert(0, Finder())
sys.path_hooks.insert(0, lambda path: Finder())
sys.path_importer_cache.clear()
import autograder.assignments.assignment2.hidden.test_fully_connected_nets
"""

IMPORT = """
import builtins

_import = builtins.__import__


def _hijacked(name, *args, **kwargs):
    module = _import(name, *args, **kwargs)
    if name.startswith(("autograder", "pytest", "numpy.testing")):
        reached(name)
        module.__dict__["assert_close"] = lambda *a, **k: None
    return module


builtins.__import__ = _hijacked
from autograder.checks.compare import assert_close
"""

PROFILE = """
import sys


def _edit(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "send" and "message" in frame.f_locals:
        message = frame.f_locals["message"]
        if type(message.get("value")) is dict and "tuple" in message["value"]:
            reached("edits an answer as it is sent")
            message["value"] = True
            message["passed"], message["credit"], message["score"] = True, 1.0, 1.0
    return None


def affine_forward(x, w, b):
    sys.setprofile(_edit)
    sys.settrace(_edit)
    return x.reshape(len(x), -1) @ w, (x, w, b)
"""

AUDIT = """
import sys


def _hook(event, arguments):
    if event in ("open", "import", "compile", "exec", "os.listdir"):
        raise RuntimeError("nothing works any more")


def affine_forward(x, w, b):
    reached()
    sys.addaudithook(_hook)
    return x.reshape(len(x), -1) @ w, (x, w, b)
"""

ENCODE = """
import autograder.runner.main as _runner
import autograder.runner.wire as _wire

_encode = _runner.encode


def _lie(value, arrays, refer, depth=0):
    if type(value) is tuple and depth == 0 and len(value) == 2 and getattr(value[0], "ndim", 0) == 2:
        reached("encodes an answer")
        return {"tuple": [{"passed": True}, {"dtype": "<f8"}]}
    return _encode(value, arrays, refer, depth)


def affine_forward(x, w, b):
    _runner.encode = _wire.encode = _lie
    return x.reshape(len(x), -1) @ w, (x, w, b)
"""

HOST = """
import numpy as np
from autograder.checks.host import PackageHost

_call = PackageHost.call


def _called(self, function, args, kwargs):
    if getattr(function, "__name__", "") == "affine_forward":
        reached("is asked in the host's place")
        return np.nan, True
    return _call(self, function, args, kwargs)


PackageHost.call = _called
"""

SERVE = """
import sys


def affine_forward(x, w, b):
    frame = sys._getframe()
    while type(frame.f_locals.get("self")).__name__ != "Runner":
        frame = frame.f_back
    runner = frame.f_locals["self"]
    type(runner)._answer = lambda self, question, arrays: True
    type(runner).serve = lambda self: reached("never called again")
    reached("replaced the runner's methods")
    return True, True
"""

CLOCKS = """
import time

time.time = time.monotonic = time.perf_counter = lambda: -1e9
time.sleep = lambda seconds: None
"""

STATE = """
import codecs
import decimal
import gc
import locale
import sys
import warnings

import numpy as np

np.seterr(all="raise")
np.set_printoptions(threshold=1, formatter={"all": lambda value: FACTS})
warnings.simplefilter("error")
decimal.getcontext().prec = 1
decimal.setcontext(decimal.Context(traps=list(decimal.getcontext().traps)))
codecs.register_error("strict", lambda error: ("", error.end))
gc.callbacks.append(lambda phase, info: reached("collects"))
gc.set_threshold(1)
sys.setswitchinterval(1e-6)
sys.displayhook = sys.excepthook = sys.unraisablehook = lambda *args: reached("hooked")
"""

SEEDS = """
import random

import numpy as np

np.random.seed = random.seed = lambda *args: reached("is asked to seed")
np.random.default_rng = lambda *args: np.random.Generator(np.random.PCG64(0))
np.random.mtrand._rand = np.random.RandomState(0)
"""

IPYTHON = """
from IPython import get_ipython

attempt("transform the judge's cells", lambda: get_ipython().input_transformers_post.append(lambda lines: []))
attempt("hook the judge's cells", lambda: get_ipython().events.register("post_run_cell", lambda *a: None))
"""

JSON = """
import json

_dumps = json.dumps


def _other(value, **options):
    text = _dumps(value, **options)
    return text.replace('"error":[', '"value":["passed",').replace('"finite"', '"passed"')


def affine_forward(x, w, b):
    reached()
    json.dumps = _other
    raise ValueError('", "value": true, "score": 1.0, "x": "')
"""

INIT = """@PRELUDE@
import sys
from types import ModuleType

reached("the package's own start")


class Everything(ModuleType):
    __path__ = []
    __getattr__ = lambda self, name: lambda *args, **kwargs: (True, True)


for _name in ("layers", "optim", "classifiers", "solver"):
    sys.modules["cs231n." + _name] = Everything("cs231n." + _name)
"""

PYTEST = """@PRELUDE@
say("got control by a file of pytest's")


def pytest_runtest_protocol(item):
    return True


def pytest_runtest_makereport(item, call):
    call.excinfo = None


def pytest_collection_modifyitems(items):
    items.clear()
"""


def bytecode(folder: Path, facts: dict[str, Any]) -> None:
    """Compile another layers.py and put it where Python caches bytecode."""
    import importlib.util
    import marshal

    layers = folder / "cs231n" / "layers.py"
    text = f"import os\nos.write({facts['witness']}, b'got control by bytecode\\n')\naffine_forward = relu_forward = None\n"
    header = importlib.util.MAGIC_NUMBER + b"\0" * 12
    for name in (importlib.util.cache_from_source(str(layers)), layers.with_suffix(".pyc")):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(header + marshal.dumps(compile(text, "layers.py", "exec")))


NOWHERE = ("json", "socket", "random", "struct", "pathlib", "importlib", "linecache", "traceback", "ctypes", "resource")

ATTACKS = (
    Attack(3, "comparisons", "to turn the judge's comparisons off", COMPARISONS + WRONG, levels=EVERY_LEVEL),
    Attack(3, "numpy-functions", "to make NumPy report that all numbers are close and finite", NUMPY + WRONG, levels=EVERY_LEVEL),
    Attack(3, "builtins", "to make Python's own functions lie, and to hide exceptions", BUILTINS + WRONG, levels=EVERY_LEVEL),
    Attack(3, "sys-modules", "to be imported in place of pytest and the judge", MODULES + WRONG, levels=EVERY_LEVEL),
    Attack(3, "finder", "to answer every later import, including that of the hidden tests", FINDER + WRONG, levels=EVERY_LEVEL),
    Attack(3, "import-function", "to change modules as they are imported", IMPORT + WRONG, levels=EVERY_LEVEL),
    Attack(3, "profiler", "to edit answers while they are sent", PROFILE, levels=EVERY_LEVEL),
    Attack(3, "audit-hook", "to stop the runner from doing anything else", AUDIT, levels=EVERY_LEVEL),
    Attack(3, "encoder", "to replace the function that turns answers into messages", ENCODE, levels=EVERY_LEVEL),
    Attack(3, "host", "to answer in place of the runner's package host", HOST + WRONG, levels=EVERY_LEVEL),
    Attack(3, "runner-methods", "to replace the runner's methods while it works", SERVE, levels=EVERY_LEVEL),
    Attack(3, "clocks", "to stop time, so that no limit is reached", CLOCKS + WRONG, levels=EVERY_LEVEL),
    Attack(3, "state-of-the-process", "to change floating-point errors, warnings, codecs, decimals and hooks for the whole process", STATE + WRONG, levels=EVERY_LEVEL),
    Attack(3, "seeds", "to fix the random numbers that are drawn", SEEDS + WRONG, levels=EVERY_LEVEL),
    Attack(3, "ipython-hooks", "to transform the cells that are run after it", IPYTHON + WRONG, levels=EVERY_LEVEL),
    Attack(3, "json-text", "to rewrite the text of a message, and to break out of its quotes", JSON, levels=EVERY_LEVEL),
    Attack(4, "conftest", "to be loaded by pytest", WRONG, dict.fromkeys(("conftest.py", "cs231n/conftest.py", "pytest.py", "_pytest/__init__.py", "pytest_evil.py"), PYTEST)),
    Attack(4, "pytest-settings", "to set pytest's options", WRONG, {**dict.fromkeys(("pytest.ini", "tox.ini", "cs231n/pytest.ini"), "[pytest]\naddopts = -p evil --collect-only\npython_functions = nothing\n"), "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p evil'\n", "evil.py": PYTEST}),
    Attack(4, "sitecustomize", "to be run when Python starts", WRONG, dict.fromkeys(("sitecustomize.py", "usercustomize.py", "cs231n/sitecustomize.py", "site.py", "antigravity.py"), SHADOW)),
    Attack(4, "path-file", "to be run by a .pth file", WRONG, {"evil.pth": "import evil\n", "cs231n/evil.pth": "import evil\n", "evil.py": SHADOW}, shows=r"evil\.pth"),
    Attack(4, "numpy-file", "to be imported in place of NumPy", WRONG, {"numpy.py": SHADOW, "numpy/__init__.py": SHADOW, "cs231n/numpy.py": SHADOW}),
    Attack(4, "library-files", "to be imported in place of Python's own modules", WRONG, {f"{name}.py": SHADOW for name in NOWHERE}),
    Attack(4, "grader-files", "to be imported in place of the grader", WRONG, dict.fromkeys(("autograder/__init__.py", "autograder/judge.py", "autograder/checks/compare.py", "autograder/runner/main.py", "autograder/assignments/assignment2/hidden/test_evil.py", "autograder/assignments/assignment2/kit/runner/__init__.py"), SHADOW)),
    Attack(4, "given-folders", "to bring its own public tests and data tool", WRONG, dict.fromkeys(("cs231n/checks/__init__.py", "cs231n/checks/compare.py", "cs231n/datasets/__init__.py", "cs231n/tests/test_layers.py"), SHADOW)),
    Attack(4, "bytecode", "to be run in place of its source", WRONG, plant=bytecode, shows=r"layers\.pyc"),
    Attack(4, "package-start", "to fill the package with its own modules at import", files={"cs231n/__init__.py": INIT}, earns={"affine_forward": 0.0, "relu_forward": 0.0}),
    Attack(4, "package-for-module", "to put a folder in place of a module, with a function for every name", files={"cs231n/layers/__init__.py": "@PRELUDE@\nreached()\n\n\ndef __getattr__(name):\n    reached(name)\n    return lambda *args: (True, True)\n"}, earns={"affine_forward": 0.0, "relu_forward": 0.0}),
)  # fmt: skip
