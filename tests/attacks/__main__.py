"""Write the table of attacks into docs/threat-model.md: ``python -m tests.attacks``."""

from pathlib import Path

from . import CLASS_SUITE, SUITE
from .attack import CLASSES, Attack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "threat-model.md"
BEGIN, END = "<!-- the attacks: written by python -m tests.attacks -->", "<!-- end of the attacks -->"


def table() -> str:
    """Return the attacks as a Markdown table: class, name, aim, and where each attack runs."""
    lines = [f"{len(SUITE) + len(CLASS_SUITE)} attacks:", "", "| attack | what it tries | run |", "|---|---|---|"]
    for number, title in CLASSES.items():
        lines.append(f"| **{number}. {title}** | | |")
        lines += [_row(attack, where) for attack, where in _all() if attack.kind == number]
    return "\n".join(lines)


def _all() -> list[tuple[Attack, str]]:
    judged = [(attack, ", ".join(f"level {level}" for level in attack.levels)) for attack in SUITE]
    return [*judged, *((attack, "a class in nbgrader") for attack in CLASS_SUITE)]


def _row(attack: Attack, where: str) -> str:
    tries = attack.tries.replace("|", "\\|").replace("<", "&lt;")
    return f"| {attack.name} | {tries} | {where} |"


def page() -> str:
    """Return the text of the page with the current table."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
