"""A kind of import rule that import-linter lacks: what a package may import, all else being forbidden.

For ``lint-imports``, which reads the rules in ``pyproject.toml``. The standard library is always allowed.
"""

import sys
from typing import Any

from importlinter import Contract, ContractCheck, fields, output


class AllowedContract(Contract):  # type: ignore[misc]
    """The modules of ``source`` import nothing but what is ``allowed``, installed packages included.

    Attributes
    ----------
    source : str
        A package; its modules may import each other.
    allowed : list of str
        Packages, ours and others.
    besides : list of str
        What single modules may import too: ``package.module -> other``.
    """

    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())
    besides = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        """Look at every import of every module."""
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
        """Say each import that is not allowed."""
        for sentence in check.metadata["wrong"]:
            output.print_error(sentence)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
