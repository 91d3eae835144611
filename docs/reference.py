"""Write ``commands.md`` and ``configuration.md`` from the code, when it is run. A test keeps them current."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import msgspec

from autograder import assignment

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/reference.py from the code. Change the code, then run it again. -->"
TABLES = {
    "The file": assignment.Settings,
    "[seconds]": assignment.Seconds,
    "[extension]": assignment.Extension,
    "[frameworks.NAME]": assignment.Framework,
}
"""Each table of ``assignment.toml``, and the class that holds it."""
ATTRIBUTE = re.compile(r"^(\w+(?:, \w+)*) : (.+)$")


def commands() -> str:
    """Return the page about the commands, from their own help."""
    command = [sys.executable, "-m", "typer", "autograder.cli", "utils", "docs", "--name", "autograder"]
    said = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=True).stdout
    options = re.sub(r"\*\*Commands\*\*:\n.*?(?=\n## )", "", said.partition("**Usage**:")[2], flags=re.S)
    text = f"# Commands\n\n{NOTE}\n\nWith `--help`, each command says the same about itself.\n\n**Usage**:{options}"
    return re.sub(r"\n{3,}", "\n\n", text.replace("&#x27;", "'").replace("&quot;", '"')).rstrip() + "\n"


def configuration() -> str:
    """Return the page about ``assignment.toml``, from the docstrings of the classes that hold it."""
    lines = [
        "# Configuration",
        "",
        NOTE,
        "",
        "The keys of `assignment.toml`. `docs/assignments.md` explains them with examples.",
        "",
    ]
    for title, held in TABLES.items():
        lines += [f"## {title}", "", "| key | type | default | meaning |", "|---|---|---|---|"]
        defaults = {field.encode_name: field for field in msgspec.structs.fields(held)}
        for name, kind, meaning in described(held):
            field = defaults[name]
            default = "required" if field.required else _default(field)
            lines.append(f"| `{name}` | {kind} | {default} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def described(held: type) -> list[tuple[str, str, str]]:
    """Return the name, the type and the meaning of each attribute in a NumPy-style docstring."""
    text = (inspect.getdoc(held) or "").partition("Attributes\n----------\n")[2]
    found: list[tuple[str, str, str]] = []
    names: list[str] = []
    for line in text.splitlines():
        begins = ATTRIBUTE.match(line)
        if begins:
            names = begins[1].split(", ")
            found += [(name, begins[2].replace("|", "or"), "") for name in names]
        elif names and line.startswith("    "):
            found[-len(names) :] = [(*row[:2], f"{row[2]} {line.strip()}".strip()) for row in found[-len(names) :]]
    return [(name, kind, meaning.replace("``", "`")) for name, kind, meaning in found]


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()  # type: ignore[operator]
    if isinstance(value, msgspec.Struct):
        return "see below"
    return "none" if value in (None, "", (), {}) else f"`{list(value) if isinstance(value, tuple) else value}`"


PAGES = {"commands.md": commands, "configuration.md": configuration}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")
