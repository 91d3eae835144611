"""Names that Python and NumPy have dropped, for the submission's own code: its author's versions still had them.

A submission that uses one is judged as if the name were still there, and the verdict says so. Only built-in names and
methods are there for all code.
"""

import builtins
import collections
import collections.abc
import functools
import gc
import importlib
import io
import itertools
import math
import pickle
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder.checks.replaced import REPLACED

MODULES = {
    "cPickle": pickle,
    "Queue": queue,
    "__builtin__": builtins,
    "StringIO": io,
    "cStringIO": io,
    "imp": importlib,
}
"""Modules under other names, and the modules with their content."""
TYPES = {"long": int, "unicode": str, "basestring": str}
"""Built-in types of Python 2."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "xrange": range,
    "raw_input": input,
    "unichr": chr,
    "reduce": functools.reduce,
    "cmp": lambda one, other: (one > other) - (one < other),
}
"""Built-in functions of Python 2."""
ATTRIBUTES: dict[ModuleType, dict[str, Any]] = {
    itertools: {"izip": zip, "imap": map, "ifilter": filter, "izip_longest": itertools.zip_longest},
    time: {"clock": time.perf_counter},
    collections: {name: getattr(collections.abc, name) for name in collections.abc.__all__},
    sys: {"maxint": sys.maxsize},
}
"""Attributes of modules of the standard library."""
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    dict: {
        "iteritems": lambda self: iter(self.items()),
        "iterkeys": lambda self: iter(self.keys()),
        "itervalues": lambda self: iter(self.values()),
        "has_key": lambda self, key: key in self,
    },
    np.ndarray: {
        "ptp": lambda self, *args, **kwargs: np.ptp(self, *args, **kwargs),
        "itemset": lambda self, *args: self.__setitem__(args[0] if len(args) == 2 else (..., *args[:-1]), args[-1]),
    },
}
"""Methods of built-in types."""
SPECIAL: dict[str, Any] = {
    "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype=dtype),
    "asscalar": lambda a: a.item(),
    "math": math,
    "msort": lambda a: np.sort(a, axis=0),
    "NINF": -np.inf,
}
"""Names of NumPy that no single other name replaces."""


REPLACEMENTS = {
    **{f"np.{name}": text for name, text in REPLACED.items()},
    "np.reshape(newshape=...)": "np.reshape(shape=...)",
    **{name: original.__name__ for name, original in TYPES.items()},
    "xrange": "range",
    "raw_input": "input",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "cmp": "< and >",
    "itertools.izip": "zip",
    "itertools.imap": "map",
    "itertools.ifilter": "filter",
    "itertools.izip_longest": "itertools.zip_longest",
    "time.clock": "time.perf_counter",
    "sys.maxint": "sys.maxsize",
    **{f"collections.{name}": f"collections.abc.{name}" for name in collections.abc.__all__},
    "dict.iteritems": "items",
    "dict.iterkeys": "keys",
    "dict.itervalues": "values",
    "dict.has_key": "in",
    "ndarray.ptp": "np.ptp",
    "ndarray.itemset": "an assignment to an element",
}
"""Each name as `OlderNames.used` shows it, and what to write instead."""


class OlderNames:
    """Provides the old names to code in some folders, and keeps the names that this code used.

    Parameters
    ----------
    folders : tuple of Path
        Where the submission's files are.

    Attributes
    ----------
    used : set of str
    """

    def __init__(self, *folders: Path) -> None:
        self.used: set[str] = set()
        self._folders = tuple(str(folder) for folder in folders)

    def restore(self) -> None:
        """Provide the names in this process from now on."""
        for name, module in MODULES.items():
            if name not in sys.stdlib_module_names:
                sys.modules[name] = module
        for name, replacement in FUNCTIONS.items():
            setattr(builtins, name, self._noted(name, replacement))
        for name, original in TYPES.items():
            setattr(builtins, name, _OldType(name, (), {"original": original, "used": self.used}))
        for module, attributes in ATTRIBUTES.items():
            self._provide(module, module.__name__, attributes)
        of_numpy = {name: SPECIAL.get(name) or _found(text) for name, text in REPLACED.items() if "." not in name}
        self._provide(np, "np", of_numpy)
        self._provide(np.lib, "np.lib", {"pad": np.pad})
        self._accept_newshape()
        for owner, methods in METHODS.items():
            for name, method in methods.items():
                if name not in vars(owner):
                    _attach(owner, name, self._noted(f"{owner.__name__}.{name}", method))
        sys._clear_type_cache()  # Python may remember that a type has no such method

    def _noted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.used.add(name)
            return function(*args, **kwargs)

        return noted

    def _provide(self, module: ModuleType, shown: str, attributes: dict[str, Any]) -> None:
        before = vars(module).get("__getattr__")

        def find(name: str) -> Any:
            if name in attributes and self._is_own(sys._getframe(1).f_code.co_filename):
                self.used.add(f"{shown}.{name}")
                return attributes[name]
            if before is not None:
                return before(name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        vars(module)["__getattr__"] = find

    def _is_own(self, file: str) -> bool:
        return file.startswith(self._folders) or " notebook, cell " in file or "<ipython-input" in file

    def _accept_newshape(self) -> None:
        usual = np.reshape

        @functools.wraps(usual)
        def reshape(a: Any, *args: Any, **kwargs: Any) -> Any:
            if "newshape" in kwargs and not args:
                self.used.add("np.reshape(newshape=...)")
                args = (kwargs.pop("newshape"),)
            return usual(a, *args, **kwargs)

        vars(np)["reshape"] = reshape


class _OldType(type):
    """The class of a type of Python 2, which makes and recognises objects of a type of today."""

    original: type
    used: set[str]

    def __call__(cls, *args: Any) -> Any:
        cls.used.add(cls.__name__)
        return cls.original(*args)

    def __instancecheck__(cls, instance: object) -> bool:
        cls.used.add(cls.__name__)
        return isinstance(instance, cls.original)


def _found(text: str) -> Any:
    """Return what a text such as ``np.prod`` or ``int`` names."""
    *modules, name = text.split(".")
    return getattr(np if modules else builtins, name)


def _attach(owner: type, name: str, function: Callable[..., Any]) -> None:
    """Give a built-in type a method. Only its dictionary can be changed, which the garbage collector finds."""
    (methods,) = (found for found in gc.get_referents(vars(owner)) if isinstance(found, dict))
    methods[name] = function
