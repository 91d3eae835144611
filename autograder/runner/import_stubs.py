"""Harmless stubs for modules that students import for their own use and that a runner does not have.

``import matplotlib.pyplot as plt`` at the top of a module costs no points. A package that would solve the exercise can
be imported, but any use of it fails. The stubs are not a defence: a runner cannot import a package that is not mounted.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

PASSIVE = (
    "matplotlib",
    "tqdm",
    "IPython",
    "ipywidgets",
    "imageio",
    "PIL",
    "cv2",
    "seaborn",
    "pandas",
    "sklearn",
    "h5py",
)
"""Packages for looking at data. Graded code may import them; any use fails with one sentence."""
PYTHON_2 = ("past", "future", "six")
"""Helpers of code that also runs under Python 2, such as the files of 2018."""


class Stub:
    """A name of a missing module. It works as a decorator or progress bar; any other use raises ``ImportError``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self) -> NoReturn:
        raise ImportError(f"{self._name} is not available while grading: this exercise is about NumPy.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and callable(args[0]) and not kwargs:
            return args[0]  # used as a decorator
        if self._name.startswith("tqdm") and args:
            return args[0]  # used as a progress bar
        return self._refuse()

    def __getattr__(self, name: str) -> "Stub":
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"{self._name}.{name}")


class _Module(ModuleType):
    __path__: list[str] = []  # noqa: RUF012 (what makes a module a package)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self._names:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def install(names: tuple[str, ...]) -> None:
    """Put stubs for ``names`` before the real modules, which may be installed but unreadable."""
    sys.meta_path.insert(0, _Finder(tuple(name for name in names if name not in PYTHON_2)))
    _python_2(names)


def _python_2(names: tuple[str, ...]) -> None:
    """Provide modules for ``from past.builtins import xrange`` and similar imports."""
    past = ModuleType("past")
    past.__path__ = []
    builtins = ModuleType("past.builtins")
    builtins.__dict__.update(xrange=range, range=range, basestring=str, unicode=str, long=int, raw_input=input)
    future = ModuleType("future")
    future.__path__ = []
    library = ModuleType("future.standard_library")
    library.__dict__["install_aliases"] = lambda: None
    future.__dict__["standard_library"] = library
    past.__dict__["builtins"] = builtins
    six = ModuleType("six")
    six.__path__ = []
    moves = ModuleType("six.moves")
    moves.__dict__.update(xrange=range, range=range, zip=zip, map=map)
    six.__dict__.update(moves=moves, iteritems=lambda mapping: iter(mapping.items()))
    for module in (past, builtins, future, library, six, moves):
        if module.__name__.partition(".")[0] in names:
            sys.modules.setdefault(module.__name__, module)
