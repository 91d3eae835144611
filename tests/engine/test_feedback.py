"""Tests of `grading.feedback`: whose pages are released, and when a student sees the newer ones."""

import logging
import os
import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import notebook_hash

from autograder.grading.feedback import ReleaseNewestFeedback

SECRETS = {name: name * 20 for name in ("ada", "alan", "zoe")}


class Class:
    """A course with feedback pages, and an exchange."""

    def __init__(self, root: Path, gradebook: Path) -> None:
        self.root = root
        shutil.copy(gradebook, root / "gradebook.db")
        (root / "exchange").mkdir()
        os.chmod(root / "exchange", 0o777)
        self.db = f"sqlite:///{root / 'gradebook.db'}"

    def write(self, student: str, text: str, secret: str | None = None, known: bool = True) -> None:
        folder = self.root / "feedback" / student / "one"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Part.html").write_text(text)
        (folder / "timestamp.txt").write_text("")
        if secret is not None:
            (folder / "submission_secret.txt").write_text(secret)
        if known:
            with Gradebook(self.db, "course") as gradebook:
                gradebook.update_or_create_student(student)
                gradebook.update_or_create_submission("one", student)

    def release(self, student: str = "*") -> dict[str, str]:
        """Release the feedback, and return what each of the three students would fetch."""
        coursedir = CourseDirectory(
            root=str(self.root), course_id="course", assignment_id="one", student_id=student, db_url=self.db
        )
        release = ReleaseNewestFeedback(coursedir=coursedir)
        release.root = str(self.root / "exchange")
        release.start()
        found = {}
        for name, secret in SECRETS.items():
            page = self.root / "exchange" / "course" / "feedback"
            page /= f"{notebook_hash(secret=secret, notebook_id='Part')}.html"
            if page.exists():
                found[name] = page.read_text()
        return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gradebook with an assignment, which takes nbgrader seconds to make."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "course") as gradebook:
        gradebook.add_assignment("one")
    return path


@pytest.fixture
def pages(tmp_path: Path, empty: Path) -> Class:
    return Class(tmp_path, empty)


def test_released_twice_the_newer_page_is_fetched(pages: Class) -> None:
    pages.write("ada", "first", SECRETS["ada"])
    assert pages.release() == {"ada": "first"}
    pages.write("ada", "second", SECRETS["ada"])
    pages.write("alan", "his", SECRETS["alan"])
    assert pages.release() == {"ada": "second", "alan": "his"}
    pages.write("ada", "third", SECRETS["ada"])
    pages.write("alan", "his third", SECRETS["alan"])
    assert pages.release("alan") == {"ada": "second", "alan": "his third"}


def test_pages_from_before_the_last_grading_are_not_released(pages: Class) -> None:
    pages.write("ada", "first", SECRETS["ada"])
    assert pages.release() == {"ada": "first"}
    graded = pages.root / "autograded" / "ada" / "one" / "Part.ipynb"
    graded.parent.mkdir(parents=True)
    graded.touch()
    page = pages.root / "feedback" / "ada" / "one" / "Part.html"
    page.write_text("outdated")
    os.utime(page, ns=(0, graded.stat().st_mtime_ns - 1))
    assert pages.release() == {"ada": "first"}
    pages.write("ada", "second", SECRETS["ada"])
    os.utime(page, ns=(0, graded.stat().st_mtime_ns + 1))
    assert pages.release() == {"ada": "second"}


def test_removed_and_by_mail_and_everybody_else(pages: Class, caplog: pytest.LogCaptureFixture) -> None:
    pages.write("ada", "removed", SECRETS["ada"], known=False)
    pages.write("by-mail", "no secret")
    pages.write("zoe", "hers", SECRETS["zoe"])
    with caplog.at_level(logging.WARNING):
        logging.getLogger("traitlets").propagate = True
        assert pages.release() == {"zoe": "hers"}
    assert "The feedback of ada is not released: the gradebook does not know this student" in caplog.text
    assert "The feedback of by-mail is not released" in caplog.text
    pages.write("ada", "back", SECRETS["ada"])
    assert pages.release() == {"ada": "back", "zoe": "hers"}


def test_a_copied_secret_releases_nobodys_pages_to_the_other(pages: Class) -> None:
    pages.write("ada", "hers", SECRETS["ada"])
    pages.write("copycat", "of the copycat", SECRETS["ada"])
    pages.write("zoe", "hers too", SECRETS["zoe"])
    assert pages.release() == {"zoe": "hers too"}
    assert pages.release("copycat") == {"zoe": "hers too"}
