"""The import rule that import-linter lacks: it fails on forbidden imports, installed packages included."""

from types import SimpleNamespace

import pytest

from .contracts import AllowedContract

IMPORTS = {
    "ours.wire": {"json", "numpy", "ours.other", "helper"},
    "ours.other": {"os.path", "matplotlib.pyplot"},
    "apart.wire": {"scipy"},
}


def wrong(**more: set[str]) -> list[str]:
    imports = {**IMPORTS, **{name.replace("_", "."): found for name, found in more.items()}}
    graph = SimpleNamespace(modules=set(imports), find_modules_directly_imported_by=lambda name: imports[name])
    rules = {
        "source": "ours", "allowed": ["numpy", "helper"], "besides": ["ours.other -> matplotlib"], "name": "a rule",
    }  # fmt: skip
    contract = AllowedContract(name="a rule", session_options={}, contract_options=rules)
    found: list[str] = contract.check(graph, verbose=False).metadata["wrong"]
    return found


def test_what_is_allowed_is_kept() -> None:
    assert wrong() == []


@pytest.mark.parametrize("other", ["scipy", "matplotlib", "oursish", "numpyish", "apart.wire"])
def test_anything_else_is_broken(other: str) -> None:
    assert wrong(ours_wire={"json", other}) == [f"ours.wire imports {other}"]
