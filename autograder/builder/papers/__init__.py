"""What students and their tools read first: README.md, AGENTS.md and the description of a development container.

They are made from templates and the assignment's facts. What lies in the source counts: a whole file, and in README.md
each section.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2

from autograder.checks.notebook import id_of, nbgrader_of, read_cells
from autograder.course import Course

FILES = Path(__file__).with_name("files")
README = Path("README.md")
SECTION = re.compile(r"^## +(.+?)\s*$", re.M)


def files(course: Course) -> Iterator[tuple[Path, str]]:
    """Yield each file's name, relative to the release, and its text."""
    facts = _facts(course)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(FILES)), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    for template in sorted(FILES.rglob("*.jinja")):
        name = template.relative_to(FILES).with_suffix("")
        text = environment.get_template(template.relative_to(FILES).as_posix()).render(facts)
        own = course.source / name
        if name == README:
            yield name, joined(own.read_text(encoding="utf-8") if own.is_file() else "", text)
        elif not own.is_file():
            yield name, text


def _facts(course: Course) -> dict[str, object]:
    assignment = course.assignment
    alternatives = [one for part in assignment.parts for one in part.alternatives]
    first = alternatives[0].notebook
    checked = [id_of(cell) for cell in read_cells(course.source / first) if not nbgrader_of(cell).get("solution", True)]
    return {
        "title": assignment.settings.title,
        "name": assignment.name,
        "package": assignment.package,
        "notebooks": alternatives,
        "points": {one.notebook: sum(exercise.points for exercise in one.exercises) for one in alternatives},
        "has_answers": any(exercise.manual for part in assignment.parts for exercise in part.exercises),
        "first": first,
        "exercise": next((one for one in checked if one), ""),
        "models": [one.model for one in alternatives if one.model],
        "extension": assignment.settings.extension.source if assignment.settings.extension else "",
        "frameworks": [one.title for one in assignment.settings.frameworks.values()],
        "installable": (course.source / "pyproject.toml").is_file(),
        "quick": assignment.settings.quick_variable,
    }


def joined(own: str, generated: str) -> str:
    """Return the course's README with the generated sections that it does not have itself.

    Parameters
    ----------
    own : str
        The course's text: what stands before its first ``##`` opens the README, sections of the same heading replace
        generated ones, and its other sections come last.
    generated : str
    """
    opening, sections = _split(own)
    default, made = _split(generated)
    order = {**{heading: sections.get(heading, text) for heading, text in made.items()}, **sections}
    return "\n\n".join([(opening or default).strip(), *(text.strip() for text in order.values())]) + "\n"


def _split(text: str) -> tuple[str, dict[str, str]]:
    """Return the text before the first section, and each section with its heading."""
    found = list(SECTION.finditer(text))
    starts = [*(one.start() for one in found), len(text)]
    sections = {one[1]: text[one.start() : end] for one, end in zip(found, starts[1:], strict=True)}
    return text[: found[0].start()] if found else text, sections
