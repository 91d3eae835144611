"""The pages: what a student wrote stays text, nothing is fetched, a screen reader finds its way."""

import csv
import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.reports.dashboard import dashboard
from autograder.reports.decide import records_of
from autograder.reports.leaderboard import leaderboard
from autograder.reports.page import message
from autograder.reports.rows import COLUMNS, rows, write_csv
from autograder.reports.similarity import Pair, similarity
from autograder.reports.student import student_page
from autograder.verdict import FAILED

from .made import HOSTILE

pytestmark = pytest.mark.slow
ELEMENTS = ("img", "iframe", "object", "embed", "link", "base", "form", "video", "audio", "source")


@pytest.fixture(scope="module")
def pages(planted: tuple[Course, object]) -> dict[str, str]:
    records = records_of(planted[0])
    hostile = next(one for one in records if one.student == "s001")
    names = {one.student: HOSTILE for one in records}
    pair = Pair((HOSTILE, "bob"), 0.9, 300, (((f"x = '{HOSTILE}'\n", True), ("y = 1\n", False)), ((HOSTILE, True),)))
    return {
        "class": dashboard(records, "Weather", "weather"),
        "student": student_page(hostile, "Weather <b>", "abc"),
        "leaderboard": leaderboard(records, "Weather", {1: "Readings"}, names),
        "similar": similarity([pair], "Weather <b>", 2, {HOSTILE: HOSTILE}, "2026-05-10 12:00"),
    }


class Outline(HTMLParser):
    """Collects tags, headings, ids and addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def all(self, attribute: str) -> list[str]:
        return [own[attribute] or "" for _, own in self.tags if attribute in own]


@pytest.mark.parametrize("name", ["class", "student", "leaderboard", "similar"])
def test_text_stays_text_and_nothing_is_fetched(pages: dict[str, str], name: str) -> None:
    page = pages[name]
    found = Outline(page)
    assert "<script>document.title" not in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    assert not [tag for tag, _ in found.tags if tag in ELEMENTS]
    assert all(address.startswith("#") for address in found.all("href"))
    assert not found.all("src")
    assert not [key for _, own in found.tags for key in own if key.startswith("on") or key == "style"]
    (policy,) = [own["content"] for tag, own in found.tags if tag == "meta" and "http-equiv" in own]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert sum(tag == "script" for tag, _ in found.tags) == (name == "class")


@pytest.mark.parametrize("name", ["class", "student", "leaderboard", "similar"])
def test_the_structure_is_accessible(pages: dict[str, str], name: str) -> None:
    found = Outline(pages[name])
    tags = [tag for tag, _ in found.tags]
    for landmark in ("header", "main", "footer"):
        assert tags.count(landmark) == 1
    assert dict(found.tags)["html"]["lang"] == "en"
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = found.all("id")
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in found.all("href")} | set(found.all("aria-labelledby")) <= set(ids)
    assert all(own.get("scope") in ("col", "row") for tag, own in found.tags if tag == "th")
    assert all(own.get("role") != "img" or own.get("aria-label") for _, own in found.tags)


def test_a_picture_shows_where_and_in_which_direction(pages: dict[str, str]) -> None:
    (first, *_) = re.findall(r'<table class="cells".*?</table>', pages["student"], re.S)
    rows = [re.findall(r'<td class="([a-z0-9-]*)">(.?)</td>', row) for row in first.split("</tr>")[:-1]]
    assert rows == [
        [("same", ""), ("over-1", "+"), ("under-3", "−")],
        [("odd", "!"), ("over-3", "+"), ("under-1", "−")],
    ]
    assert "Along axis 1 only 0 is wrong." in pages["student"]


def test_contrast_is_enough() -> None:
    """Each colour of text on each background has a ratio of at least 4.5, in light and dark."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    style = (Path(__file__).parents[2] / "autograder" / "reports" / "style.css.jinja").read_text()
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in style.split("@media")[:2]]
    assert [len(one) for one in schemes] == [10, 10]
    for back in re.findall(r"\.(?:same|odd|over-\d|under-\d) \{ background: (#\w{6})", style):
        assert (light("#ffffff") + 0.05) / (light(back) + 0.05) >= 4.5, back
    for colours in schemes:
        for text in ("text", "soft", "good", "bad", "wait", "link"):
            for back in ("back", "card"):
                high, low = sorted((light(colours[text]), light(colours[back])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, (text, back)


def test_a_student_is_told_no_more_than_the_verdict(planted: tuple[Course, object]) -> None:
    for record in records_of(planted[0])[:20]:
        page = student_page(record, "Weather")
        for one in record.exercises:
            assert not one.fingerprint or one.fingerprint not in page
            for test in one.tests:
                assert test.outcome != FAILED or test.hint in page


def test_a_message_is_taken_apart() -> None:
    assert message("It is wrong. See layers.py, lines 3 and 7: x = a:b") == {
        "said": "It is wrong.", "place": "layers.py, lines 3 and 7", "code": "x = a:b",
    }  # fmt: skip
    assert message("See it. ")["said"] == "See it. "
    assert message("a" * 10**6)["place"] == ""
    assert message(" See " * 10**4 + "a, line 1" * 10**3)["place"] == ""


def test_the_table_has_a_row_for_each_student_and_test(planted: tuple[Course, object], tmp_path: Path) -> None:
    records = records_of(planted[0])
    number = write_csv(records, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    expected = list(rows(records))
    assert number == len(found) == len(expected)
    assert number == sum(len(one.tests) or 1 for record in records for one in record.exercises)
    assert tuple(found[0]) == COLUMNS
    assert not any(cell.startswith(("=", "+", "@", "-")) or "\x1b" in cell for row in found for cell in row.values())
    for own, row in zip(expected, found, strict=True):
        for name in ("student", "exercise", "score", "test", "credit", "seconds", "fingerprint"):
            assert row[name] == ("" if own[name] is None else str(own[name]))


@pytest.mark.long
def test_in_a_browser(pages: dict[str, str], tmp_path: Path) -> None:
    """Scripts of students do not run, the page's own does, and a table sorts."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: install it, as .ci/run does")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    flags += (
        f"--disable-component-update --disable-sync --user-data-dir={tmp_path / 'profile'} --virtual-time-budget=3000"
    )
    for name, page in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(page, encoding="utf-8")
        log = tmp_path / f"{name}.json"
        command = [chromium, *flags.split(), f"--log-net-log={log}", "--dump-dom", path.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "<title>taken over</title>" not in shown
        assert ("<button" in shown) == (name == "class")
        asked = set(re.findall(r'"url":"(https?://[^"]+)', log.read_text()))
        assert not {one for one in asked if "google" not in one and "gvt1" not in one}
