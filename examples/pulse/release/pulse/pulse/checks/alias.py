"""Import a package under a second name, below another package. Both names give the same modules, not copies.

In a release the students' package holds the tools; in the instructor's checkout they lie in separate folders.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules by their aliases."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def real(self, name: str) -> str:
        """Return the real name of the module that is imported as ``name``, or "" if ``name`` is no alias."""
        for alias, package in self.names.items():
            if f"{name}.".startswith(f"{alias}."):
                return package + name[len(alias) :]
        return ""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if not self.real(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.real(spec.name))
        self._own = module.__spec__, module.__loader__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__, module.__loader__ = self._own  # undo what the import system changed


class _Parents(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty package if an alias lies below a missing package: the judge has no students' package."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(name.startswith(f"{fullname}.") for name in _finder.names):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        pass


_finder, _parents = _Finder(), _Parents()


def alias(name: str, package: str) -> None:
    """Make ``name`` import ``package``, and each name below ``name`` the same name below ``package``."""
    if name == package or _finder.names.get(name) == package:
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
        sys.meta_path.append(_parents)
    for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
        del sys.modules[known]
    _finder.names[name] = package
