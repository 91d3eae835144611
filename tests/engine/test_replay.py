"""A kept verdict is repeated from the kept files, and a difference is said."""

import json
import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.grading import engine, facts
from autograder.grading.facts import Facts, PartFacts
from autograder.grading.replay import ReplayError, replay
from autograder.judge.apart import Apart
from autograder.judge.digest import judging_digest
from autograder.judge.session import seen_by
from autograder.sample import students

pytestmark = pytest.mark.slow


def test_replay(small: Course, tmp_path: Path, level: int) -> None:
    root = tmp_path / "course"
    shutil.copytree(small.root, root)
    school = Course(root)
    students.solved(school, tmp_path / "work")
    (part,) = school.parts
    submission = school.submissions.take(tmp_path / "work")
    with Apart(school, level) as apart:
        verdict = engine.verdict_on(apart, part, submission)
    seen = seen_by(school, part, submission).digest
    told = PartFacts(1, "Readings", seen, judging_digest(school, part))
    facts.write(school.root, "weather", "ann", Facts(submission.digest, parts=(told,)))
    shutil.rmtree(tmp_path / "work")
    (found,) = replay(school, "ann", level)
    assert found.differences == []
    assert found.same_tests
    assert found.again.seed == verdict.seed

    (kept,) = (school.state / "verdicts").glob("*/*.json")
    content = json.loads(kept.read_text())
    content["verdict"]["parts"][0]["exercises"][0]["score"] = 1.0
    kept.write_text(json.dumps(content))
    (found,) = replay(school, "ann", level)
    assert found.differences == ["to_celsius: 1 of 2 (graded) then, 2 of 2 (graded) now."]

    kept.unlink()
    for student, why in (("ann", "No verdict on part 1"), ("ben", "No graded hand-in of ben")):
        with pytest.raises(ReplayError, match=why):
            list(replay(school, student, level))
