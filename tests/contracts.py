"""A kind of import rule that import-linter lacks: a list of allowed imports for a package; all others are forbidden.

``lint-imports`` reads the rules in ``pyproject.toml``. The standard library is always allowed.
"""

import sys
from typing import Any

from importlinter import Contract, ContractCheck, fields, output


class AllowedContract(Contract):  # type: ignore[misc]
    """A rule: the modules of ``source`` import only packages in ``allowed``; the rule covers installed packages too.

    Attributes
    ----------
    source : str
        A package; its modules may import each other.
    allowed : list of str
        Packages of this repository, and installed packages.
    besides : list of str
        More imports that single modules may use: ``package.module -> other``.
    """

    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())
    besides = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        """Check every import of every module."""
        wrong = []
        for module in sorted(one for one in graph.modules if _is_in(one, self.source)):
            more = [rule.partition(" -> ")[2] for rule in self.besides or () if rule.partition(" -> ")[0] == module]
            allowed = (self.source, *self.allowed, *more)
            for found in sorted(graph.find_modules_directly_imported_by(module)):
                known = found.partition(".")[0] in sys.stdlib_module_names
                if not known and not any(_is_in(found, one) for one in allowed):
                    wrong.append(f"{module} imports {found}")
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not allowed."""
        for sentence in check.metadata["wrong"]:
            output.print_error(sentence)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
