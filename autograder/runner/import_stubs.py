"""Harmless stubs for modules that students import for their own use and that a runner does not have.

``import matplotlib.pyplot as plt`` or ``import skimage`` at the top of a module costs no points: only a use of the
package fails. So does a use of a package that would solve the exercise. The stubs are not a defence: a runner cannot
import a package that is not mounted.
"""

import ast
import importlib.abc
import importlib.machinery
import linecache
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from autograder.runner.older import FUNCTIONS, TYPES

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


DEBUGGERS = (".set_trace", ".embed", ".iex")
"""Ends of the names of functions that stop a program for its author."""


class Stub:
    """A name of a missing module. It works as a decorator or progress bar; any other use raises ``ImportError``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self) -> NoReturn:
        raise ImportError(f"{self._name} is not available while grading: this exercise is about NumPy.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._name.endswith(DEBUGGERS):
            return None
        if self._name.startswith("tqdm"):
            return Progress(self._name.rpartition(".")[2], args, kwargs)
        if len(args) == 1 and callable(args[0]) and not kwargs:
            return args[0]  # used as a decorator
        return self._refuse()

    def __getattr__(self, name: str) -> "Stub":
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"{self._name}.{name}")


class Progress:
    """A progress bar that shows nothing: it gives the elements, and every other method does nothing.

    Parameters
    ----------
    kind : str
        The function's name: ``tqdm``, ``trange``, ``tnrange``, ...
    args, kwargs : tuple, dict
        Its arguments.
    """

    def __init__(self, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if kind in ("trange", "tnrange"):
            self._elements: Any = range(*args)
        else:
            self._elements = args[0] if args else kwargs.get("iterable", ())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements)

    def __len__(self) -> int:
        return len(self._elements)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing


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
        if not self.provides(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def provides(self, fullname: str) -> bool:
        """Tell whether the module gets a stub."""
        return fullname.partition(".")[0] in self._names

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _LastFinder(_Finder):
    """Provides the absent packages that the submission imports, unless it says what to do without them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(())
        self._folder = folder

    def provides(self, fullname: str) -> bool:
        package, _, inner = fullname.partition(".")
        if inner:
            return isinstance(sys.modules.get(package), _Module)
        if any((home / file).exists() for home in self._homes() for file in (package, f"{package}.py")):
            return False  # a module of the submission's own, which this import cannot find
        importer = _importer()
        return importer is not None and self._is_own(importer) and not _is_prepared(importer)

    def _homes(self) -> Iterator[Path]:
        yield self._folder
        yield from (path for path in self._folder.iterdir() if path.is_dir())

    def _is_own(self, frame: FrameType) -> bool:
        file = frame.f_code.co_filename
        return file.startswith(str(self._folder)) or " notebook, cell " in file


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def _importer() -> FrameType | None:
    """Return the frame of the code whose import is under way."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return frame


def _is_prepared(frame: FrameType) -> bool:
    """Tell whether the line that a frame executes is in a ``try`` that handles a failing import."""
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try))
    return any(
        node.body[0].lineno <= frame.f_lineno <= (node.body[-1].end_lineno or 0)
        and any(_handles_imports(handler.type) for handler in node.handlers)
        for node in tries
    )


def _handles_imports(exceptions: ast.expr | None) -> bool:
    if exceptions is None:
        return True
    names = {node.id for node in ast.walk(exceptions) if isinstance(node, ast.Name)}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class _WithoutStops(importlib.abc.MetaPathFinder):
    """Lets ``pdb.set_trace()``, which somebody left in, do nothing."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if fullname == "pdb" else None
        if spec is not None and spec.loader is not None:
            usual = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                usual(module)
                vars(module)["set_trace"] = _nothing

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def install(names: tuple[str, ...], folder: Path) -> None:
    """Put stubs for ``names`` before the real modules, which may be installed but unreadable.

    Other packages that the submission in ``folder`` imports get a stub if they are absent.
    """
    sys.meta_path.insert(0, _Finder(tuple(name for name in names if name not in PYTHON_2)))
    sys.meta_path.insert(0, _WithoutStops())
    sys.breakpointhook = _nothing
    if "pdb" in sys.modules:
        vars(sys.modules["pdb"])["set_trace"] = _nothing
    _python_2(names)
    sys.meta_path.append(_LastFinder(folder))


def _python_2(names: tuple[str, ...]) -> None:
    """Provide modules for ``from past.builtins import xrange`` and similar imports."""
    past = ModuleType("past")
    past.__path__ = []
    builtins = ModuleType("past.builtins")
    builtins.__dict__.update({**FUNCTIONS, **TYPES, "range": range})
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
