"""README.md, AGENTS.md and the container's description: generated, with the course's own words first."""

import json
from pathlib import Path

from autograder.builder import papers
from autograder.course import Course

from ..engine.conftest import copied


def made(course: Course) -> dict[str, str]:
    return {name.as_posix(): text for name, text in papers.files(course)}


def test_a_courses_own_sections_replace_generated_ones() -> None:
    generated = "# Default\n\n## Set up\n\ngenerated\n\n## Check\n\ngenerated\n"
    own = "# Mine\n\nHello.\n\n## Pictures\n\nmine\n\n## Check\n\nmine\n"
    assert papers.joined(own, generated) == (
        "# Mine\n\nHello.\n\n## Set up\n\ngenerated\n\n## Check\n\nmine\n\n## Pictures\n\nmine\n"
    )
    assert papers.joined("", generated) == generated


def test_every_course_gets_them_and_may_write_its_own(tmp_path: Path) -> None:
    course = copied(tmp_path)
    generated = made(course)
    assert set(generated) == {"README.md", "AGENTS.md", ".devcontainer/devcontainer.json"}
    assert '`check("to_celsius")`' in generated["README.md"]
    assert "python -m weather.submit" in generated["README.md"]
    assert "pip install numpy" in generated["README.md"]  # it has no pyproject.toml
    assert "C compiler" not in generated["README.md"]
    assert json.loads(generated[".devcontainer/devcontainer.json"])["name"] == course.assignment.settings.title
    (course.source / "AGENTS.md").write_text("Do as you like.\n")
    assert "AGENTS.md" not in made(course)  # the builder copies the course's own file
