"""Make the pictures of README.md from a graded class: ``python docs/pictures.py COURSE STUDENT``.

COURSE is a folder in which ``autograder grade`` has run. It needs Chromium.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup
from PIL import Image
from rich.console import Console
from rich.text import Text

from autograder.course import Course, find_course
from autograder.grading import record
from autograder.grading.gradebook import books_of
from autograder.reports.dashboard import dashboard
from autograder.reports.decide import records_of
from autograder.reports.student import student_page

HERE = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 900, 1150


def main(root: Path, student: str) -> None:
    """Write the pictures into the folder ``pictures`` beside this file."""
    course = find_course(root)
    HERE.mkdir(exist_ok=True)
    with books_of(course) as books:
        (own,) = record.of_class(course, books, [student], detailed=True)
    shot(what_is_not_right(student_page(own, course.assignment.settings.title)), HERE / "feedback.png")
    shot(
        dashboard(records_of(course), course.assignment.settings.title, course.assignment.name), HERE / "dashboard.png"
    )
    draw_map(course, student, HERE / "map.svg")


def what_is_not_right(page: str) -> str:
    """Return a student's page without the exercises that are solved or open."""
    soup = BeautifulSoup(page, "html.parser")
    for card in soup.select("article"):
        score = card.select_one(".score")
        if score is not None and not score.text.strip().endswith("not solved"):
            card.decompose()
    for section in soup.select("section"):
        if not section.select("article"):
            section.decompose()
    return str(soup)


def shot(page: str, target: Path) -> None:
    """Take a picture of a page, with few colours so that the file is small."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium here: install it.")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "page.html")
        path.write_text(page, encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}")
        command = [chromium, *flags, f"--user-data-dir={scratch}/profile", f"--screenshot={scratch}/shot.png"]
        subprocess.run([*command, path.as_uri()], check=True, capture_output=True)
        with Image.open(Path(scratch, "shot.png")) as image:
            image.convert("RGB").quantize(64).save(target, optimize=True)


def draw_map(course: Course, student: str, target: Path) -> None:
    """Draw the map that the student's terminal shows, of the first part."""
    folder = course.root / "submitted" / student / course.assignment.name
    command = [sys.executable, "-m", f"{course.assignment.package}.check"]
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "78"}
    said = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout
    lines = said.splitlines()
    until = next(number for number, line in enumerate(lines) if "Part 2" in line) - 1
    console = Console(record=True, width=66, file=io.StringIO())
    console.print(Text.from_ansi("\n".join(lines[:until])))
    drawn = console.export_svg(title=f"python -m {course.assignment.package}.check")
    target.write_text(re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", drawn, flags=re.S))  # which names other hosts


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
