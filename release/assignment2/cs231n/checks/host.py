"""The package host: it imports the package under test in this process, finds names and calls functions.

`Local` and the runner use it. It judges nothing, and turns each exception of the code under test into one sentence.
"""

import importlib
import importlib.util
import linecache
import random
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .code_under_test import CodeError, Handle, by_value, deep_value
from .definitions import Definitions
from .encoding import fault_of
from .kit import RunnerKit
from .notebook import framework_of
from .origin import origin
from .replaced import REPLACED
from .unwritten import unwritten


@dataclass(frozen=True)
class Contents:
    """The notebooks and the kit beside the package.

    Attributes
    ----------
    notebooks : tuple of str
        File names of the notebooks whose definitions `PackageHost.definition` returns.
    framework : str
        The framework that the notebooks use, or "".
    computing : tuple of str
        See `Definitions`.
    kit : str
        The package with the assignment's ``Kit``, a `RunnerKit`; or "".
    title : str
        The package's name in messages, by default its import name.
    """

    notebooks: tuple[str, ...] = ()
    framework: str = ""
    computing: tuple[str, ...] = ()
    kit: str = ""
    title: str = ""


class PackageHost:
    """Gives access by name to a package and to a folder of notebooks.

    Parameters
    ----------
    package : str
        The package's import name.
    folder : Path
        The submission's folder, which holds the notebooks.
    contents : Contents
    """

    def __init__(self, package: str, folder: Path, contents: Contents = Contents()) -> None:
        self.package = package
        self._title = contents.title or package
        self.folder = folder
        self.notebooks = contents.notebooks
        self.framework = contents.framework
        self._computing = contents.computing
        self._definitions: dict[tuple[str, ...], Definitions] = {}
        self._exercise = ""
        self._asked: dict[str, tuple[str, ...]] = {}
        make = importlib.import_module(contents.kit).Kit if contents.kit else RunnerKit
        self._kit: RunnerKit = make(self)
        self.namespaces = self._kit.namespaces()

    def lookup(self, path: str) -> Any:
        """Return the value of a dotted name, and import the modules in that name."""
        *modules, last = path.split(".")
        if path.partition(".")[0] in self.namespaces:
            return getattr(self.namespaces[modules[0]](), last)
        module = self._import(modules)
        try:
            return getattr(module, last)
        except AttributeError:
            file = f"{self._title}/{'/'.join(modules)}.py"
            raise CodeError("missing", f"{last} is not defined in {file}.") from None

    def load(self, path: str) -> None:
        """Load a module of the package, a namespace of the kit, or the notebooks' definitions.

        Parameters
        ----------
        path : str
            The module's dotted name below the package, a namespace, or ``notebook``.
        """
        if path == "notebook":
            self._definitions_of(self.notebooks).read()
        elif path in self.namespaces:
            self._kit.prepare(path)
        else:
            self._import(path.split(".") if path else [])

    def begin(self, exercise: str) -> None:
        """Let the definitions in an exercise's grade cell count from now on."""
        self._exercise = exercise
        self._asked = {}

    def is_checked(self) -> bool:
        """Tell whether the framework's notebook has the grade cell of the exercise that was begun."""
        return self._definitions_of(self._for_framework()).has_grade_cell(self._exercise)

    def redefined(self) -> list[tuple[str, int, int]]:
        """Return the names that were asked for since `begin` and are defined in several cells without a grade cell.

        Each comes with the numbers of the first and the last of these cells; the last one counts.
        """
        places = [
            (name, self._definitions_of(notebooks).places(name, self._exercise))
            for name, notebooks in self._asked.items()
        ]
        return [(name, *found) for name, found in places if found is not None]

    def definition(self, name: str) -> Any:
        """Return the value of a name that the notebooks define."""
        return self._defined(name, self.notebooks)

    def definition_in_framework(self, name: str) -> Any:
        """Return the value of a name from the framework's notebook: another notebook may define the same name."""
        return self._defined(name, self._for_framework())

    def read_framework(self) -> None:
        """Read the definitions of the framework's notebook."""
        self._definitions_of(self._for_framework()).read()

    def _for_framework(self) -> tuple[str, ...]:
        return tuple(one for one in self.notebooks if framework_of(self.folder / one)) or self.notebooks

    def _definitions_of(self, notebooks: tuple[str, ...]) -> Definitions:
        return self._definitions.setdefault(notebooks, Definitions(self.folder, notebooks, self._computing))

    def _defined(self, name: str, notebooks: tuple[str, ...]) -> Any:
        self._asked[name] = notebooks
        try:
            return self._definitions_of(notebooks).at(name, self._exercise)
        except KeyError as error:
            said = str(error.args[0])
            raise CodeError("missing", self._with_advice(said, said)) from None

    def unwritten(self, called: list[str]) -> list[str]:
        """Return those of the called functions and methods of the package that are not written yet.

        Parameters
        ----------
        called : list of str
            Dotted names of functions and classes below the package, and names of methods.
        """
        found = []
        for path in dict.fromkeys(name for name in called if "." in name):
            *modules, last = path.split(".")
            file = self.folder.joinpath(self.package, *modules).with_suffix(".py")
            if file.is_file():
                names = unwritten(file.read_text(encoding="utf-8", errors="replace"))
                found += [name for name in sorted(names) if name == last or name in {f"{last}.{one}" for one in called}]
        return found

    def origin(self, path: str, element: int | None, key: str) -> str:
        """Return the place and the text of the line that sets a value which a function returns, or "".

        Parameters
        ----------
        path : str
            The dotted name of a function or of a class's method below the package.
        element : int or None
            The place of the value in the returned tuple.
        key : str
            The value's key in a returned dictionary, or "".
        """
        owner, _, name = path.rpartition(".")
        is_method = owner.rpartition(".")[2][:1].isupper()
        found = origin(getattr(self.lookup(owner), name) if is_method else self.lookup(path), element, key)
        if found is None or not self._is_own(str(found[0])):
            return ""
        file, lines = found
        if len(lines) > 1:
            return f"{file.name}, lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"
        text = linecache.getline(str(file), lines[0]).strip()[:120]
        return f"{file.name}, line {lines[0]}: {text}"

    def seed(self, number: int) -> None:
        """Seed the random generators that students' code uses."""
        np.random.seed(number)
        random.seed(number)
        self._kit.seed(number)

    def remember(self) -> Callable[[], None]:
        """Return a function that restores the current state of all random generators."""
        drawn, also_drawn, put_back = np.random.get_state(), random.getstate(), self._kit.remember()

        def put_all_back() -> None:
            np.random.set_state(drawn)
            random.setstate(also_drawn)
            put_back()

        return put_all_back

    def _import(self, modules: list[str]) -> ModuleType:
        name = ".".join([self.package, *modules])
        try:
            module = importlib.import_module(name)
            places = getattr(module, "__path__", None)  # a student's code may have changed it
            if not modules and places and str(self.folder) not in places:
                places.append(str(self.folder))  # modules of the student's that were handed in beside it
            return module
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
                file = "/".join([self._title, *modules]) + ".py"
                raise CodeError("missing", f"There is no {file} in the submission.") from None
            raise self.explain(error, importing=name) from None
        except Exception as error:
            raise self.explain(error, importing=name) from None

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function; raise an exception of the student's code as a `CodeError`."""
        try:
            return function(*args, **kwargs)
        except CodeError:
            raise
        except Exception as error:
            raise self.explain(error) from None

    def find(self, target: Any, name: str) -> Any:
        """Return an attribute."""
        try:
            return getattr(target, name)
        except AttributeError:
            raise CodeError("missing", f"The {type(target).__name__} has no attribute {name!r}.") from None
        except Exception as error:
            raise self.explain(error) from None

    def item(self, target: Any, key: Any) -> Any:
        """Return an element."""
        try:
            return target[key]
        except (KeyError, IndexError):
            raise CodeError("missing", f"There is no {key!r} in the {type(target).__name__}.") from None
        except Exception as error:
            raise self.explain(error) from None

    def fetch(self, target: Any) -> Any:
        """Return a container of arrays and scalars by value."""
        try:
            return deep_value(target)
        except TypeError as error:
            raise CodeError("type", f"The test cannot read a {type(target).__name__} that {error}.") from None

    def explain(self, error: BaseException, importing: str = "") -> CodeError:
        """Turn an exception of the student's code into one sentence and the line that raised it."""
        if importing and (fault := self._undecoded(error, importing)):
            return CodeError("import", f"Importing {importing} raised {type(error).__name__}: {fault}")
        where = self._own_line(error)
        try:
            text = " ".join(str(error).split())[:500]
        except Exception:
            text = ""
        if isinstance(error, NotImplementedError) and not text:
            return CodeError("unfinished", "It is not written yet: it raises NotImplementedError.", where)
        text = _modernised(text) + self._why_undefined(error)
        kind = "import" if importing else "raised"
        start = f"Importing {importing} raised " if importing else "It raised "
        said = f"{type(error).__name__}{': ' + text if text else ''}"
        return CodeError(kind, self._with_advice(f"{start}{said}", said), where)

    def _undecoded(self, error: BaseException, importing: str) -> str:
        """Return a sentence on the file that Python could not read as text while it imported a module, or ""."""
        if not (isinstance(error, SyntaxError | ValueError) and re.search("null bytes|unicode error", str(error))):
            return ""
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if self._is_own(frame.filename)]
        names = re.findall(r"\w+", (own[-1].line or "") if own else importing)  # of the module whose import failed
        files = sorted((self.folder / self.package).rglob("*.py"), key=lambda file: (file.stem not in names, file))
        return next(filter(None, map(fault_of, files)), "")

    def _with_advice(self, message: str, said: str) -> str:
        """Return a message about an error, with the kit's advice if there is any."""
        advice = self._kit.advice(said)
        return f"{message.rstrip('.')}. {advice}" if advice else message

    def _why_undefined(self, error: BaseException) -> str:
        name = error.name if isinstance(error, NameError) else None
        problems = (definitions.problem(name) for definitions in self._definitions.values()) if name else ()
        return next((f" ({problem})" for problem in problems if problem), "")

    def _is_own(self, file: str) -> bool:
        path = Path(file)
        return path.is_relative_to(self.folder) and not INSTALLED & set(path.relative_to(self.folder).parts)

    def _own_line(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename:
            return f"{Path(error.filename).name}, line {error.lineno}"
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if self._is_own(frame.filename) or _place(frame.filename) != Path(frame.filename).name
        ]
        if not own:
            return ""
        frame = own[-1]
        text = (frame.line or "").strip()[:120]
        return f"{_place(frame.filename)}, line {frame.lineno}, in {frame.name}{': ' + text if text else ''}"


INSTALLED = {"site-packages", "dist-packages"}
"""Folders of installed packages, which may stand in a student's folder as part of a virtual environment."""


def _place(file: str) -> str:
    """Return a file's name, or the notebook and cell that the file name stands for."""
    read = re.fullmatch(r"<(.+) notebook, (cell \d+)>", file)
    if read:
        return f"{read.group(1)}, {read.group(2)}"
    return "a cell of this notebook" if re.search(r"ipykernel_\d+", file) else Path(file).name


def _modernised(text: str) -> str:
    """Replace NumPy's paragraph about a name that NumPy 2 removed by one sentence; return any other text as it is."""
    found = re.search(r"module 'numpy(\.lib)?' has no attribute '(\w+)'", text)
    if found is None:
        found = re.search(r"`np\.(lib\.)?(\w+)` was (?:removed|a deprecated)", text)
    name = f"{'lib.' if found and found.group(1) else ''}{found.group(2)}" if found else ""
    if name not in REPLACED:
        return text
    return f"NumPy 2 no longer has np.{name}: use {REPLACED[name]}."


class Local:
    """A backend for a package in this process: the reference, or a student's package during practice.

    Parameters
    ----------
    host : PackageHost
        The host of the package.
    """

    def __init__(self, host: PackageHost) -> None:
        self.host = host

    def begin(self, exercise: str) -> None:
        self.host.begin(exercise)

    def seed(self, number: int) -> None:
        self.host.seed(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = self.host.lookup(target) if isinstance(target, str) else target
        plain = tuple(_unwrap(value) for value in args)
        return self._give(self.host.call(function, plain, {key: _unwrap(value) for key, value in kwargs.items()}))

    def find(self, target: Any, name: str) -> Any:
        return self._give(self.host.definition(name) if target == "notebook" else self.host.find(target, name))

    def item(self, target: Any, key: Any) -> Any:
        return self._give(self.host.item(target, key))

    def assign(self, target: Any, key: Any, value: Any) -> None:
        target[key] = _unwrap(value)

    def put(self, value: Any) -> Handle:
        value = _unwrap(value)
        return Handle(self, value, type(value).__name__)

    def fetch(self, target: Any) -> Any:
        return self.host.fetch(target)

    def _give(self, value: Any) -> Any:
        return by_value(value, lambda other: Handle(self, other, type(other).__name__))


def _unwrap(value: Any) -> Any:
    if isinstance(value, Handle):
        return value._target
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return type(value)(_unwrap(element) for element in value)
    if isinstance(value, dict):
        return {key: _unwrap(element) for key, element in value.items()}
    return value


def load_package(home: Path, name: str) -> ModuleType:
    """Import the package in folder ``home`` again from disk.

    Parameters
    ----------
    home : Path
        The package's folder; an ``__init__.py`` is optional.
    name : str
        The package's name in ``sys.modules``. Earlier modules of this name and below it are removed.

    Raises
    ------
    CodeError
        If the folder does not exist, or its ``__init__.py`` raises.
    """
    for old in [old for old in sys.modules if old == name or old.startswith(name + ".")]:
        del sys.modules[old]
    importlib.invalidate_caches()
    linecache.checkcache()
    if not home.is_dir():
        raise CodeError("missing", f"There is no folder {home.name} in {home.parent}.")
    init = home / "__init__.py"
    if not init.exists():
        module = ModuleType(name)
        module.__path__ = [str(home)]
        sys.modules[name] = module
        return module
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(home)])
    if spec is None or spec.loader is None:
        raise CodeError("missing", f"{init} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PackageHost(name, home.parent).explain(error, importing=home.name) from None
    return module
