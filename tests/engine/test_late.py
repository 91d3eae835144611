"""Late work: what it costs, for every due date, extension, grace day and change of the clocks."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config

from autograder.errors import SetupError
from autograder.grading import extensions, late, penalties
from autograder.grading.extensions import Extension, ExtensionError, due_for
from autograder.grading.late import LatePolicy, Policy, penalty, started_days
from autograder.grading.penalties import Rules

pytestmark = pytest.mark.quick
BERLIN = ZoneInfo("Europe/Berlin")
TEN = Policy(percent_per_day=10, zone=BERLIN)


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


DUE = at("2026-05-10T23:59")


@pytest.mark.parametrize(
    ("handed_in", "costs"),
    [
        (DUE - timedelta(days=3), 0),
        (DUE, 0),
        (DUE + timedelta(seconds=1), 8),
        (DUE + timedelta(days=1), 8),
        (DUE + timedelta(days=1, seconds=1), 16),
        (DUE + timedelta(days=9), 72),
        (DUE + timedelta(days=10), 80),
        (DUE + timedelta(days=400), 80),
        (DUE + timedelta(days=9000), 80),
        (None, 0),
    ],
)
def test_each_started_day_costs(handed_in: datetime | None, costs: float) -> None:
    points, sentence = penalty(80, 100, handed_in, DUE, TEN)
    assert points == pytest.approx(costs)
    assert bool(sentence) == (costs > 0)


@pytest.mark.parametrize(
    ("policy", "days", "costs"),
    [
        (Policy(), 5, 0),
        (Policy(percent_per_day=10, of_maximum=True), 2, 20),
        (Policy(percent_per_day=10, most_percent=25), 9, 20),
        (Policy(percent_per_day=10, grace_days=2), 2, 0),
        (Policy(percent_per_day=10, grace_days=2), 3, 8),
        (Policy(zero_after_days=3), 3, 0),
        (Policy(zero_after_days=3), 4, 80),
        (Policy(zero_after_days=0), 1, 80),
        (Policy(percent_per_day=10, grace_days=9, zero_after_days=3), 4, 80),
        (Policy(percent_per_day=60, of_maximum=True), 2, 80),
    ],
)
def test_the_policys_options(policy: Policy, days: int, costs: float) -> None:
    points, _ = penalty(80, 100, DUE + timedelta(days=days), DUE, policy)
    assert points == pytest.approx(costs)


def test_the_terms_grace_days_are_used_and_then_gone() -> None:
    policy = Policy(percent_per_day=10, term_grace_days=3)
    three = DUE + timedelta(days=3)
    assert penalty(80, 100, three, DUE, policy, term_days_left=3)[0] == 0
    assert penalty(80, 100, three, DUE, policy, term_days_left=1)[0] == pytest.approx(16)


def test_a_few_minutes_are_not_late_if_the_course_says_so() -> None:
    policy = Policy(percent_per_day=10, leeway_minutes=15)
    assert penalty(80, 100, DUE + timedelta(minutes=15), DUE, policy) == (0, "")
    assert penalty(80, 100, DUE + timedelta(minutes=15, seconds=1), DUE, policy)[0] == pytest.approx(8)


def test_the_sentence_says_when_and_how_much() -> None:
    _, sentence = penalty(21, 42, at("2026-05-12T00:10"), DUE, Policy(10, grace_days=1, zone=BERLIN))
    assert sentence == (
        "Late: handed in on 2026-05-12 00:10 CEST, due on 2026-05-10 23:59 CEST, 2 started days after it. "
        "Grace days cover 1 of them. It loses 10 % of the score: 2.1 points."
    )


@pytest.mark.parametrize(
    ("due", "handed_in", "days"),
    [
        # In the night to 2026-03-29 the clocks are set forward, and a day has 23 hours.
        ("2026-03-28T23:59", "2026-03-29T23:59", 1),
        ("2026-03-28T23:59", "2026-03-30T00:00", 2),
        ("2026-03-28T12:00", "2026-03-29T12:00", 1),
        ("2026-03-28T12:00", "2026-03-29T12:01", 2),
        # In the night to 2026-10-25 they are set back, and a day has 25 hours.
        ("2026-10-24T23:59", "2026-10-25T23:59", 1),
        ("2026-10-24T23:59", "2026-10-26T00:00", 2),
        ("2026-10-24T12:00", "2026-10-25T12:00", 1),
        ("2026-10-24T12:00", "2026-10-25T12:01", 2),
        # Half past two does not exist on the one day: half past three is meant.
        ("2026-03-28T02:30", "2026-03-29T03:30", 1),
        ("2026-03-28T02:30", "2026-03-29T03:31", 2),
    ],
)
def test_a_day_ends_at_the_same_time_of_day_when_clocks_change(due: str, handed_in: str, days: int) -> None:
    assert started_days(at(handed_in), at(due), TEN) == days


def test_where_the_time_of_day_exists_twice_the_later_one_counts() -> None:
    due = at("2026-10-24T02:30")
    assert started_days(at("2026-10-25T02:30", fold=0), due, TEN) == 1
    assert started_days(at("2026-10-25T02:30", fold=1), due, TEN) == 1
    assert started_days(at("2026-10-25T02:31", fold=1), due, TEN) == 2


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]
)
TIMES = st.datetimes(datetime(2011, 1, 1), datetime(2040, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))


@given(due=TIMES, seconds=st.integers(0, 60 * 86400), zone=ZONES)
def test_days_are_the_first_whose_end_is_not_over(due: datetime, seconds: int, zone: str) -> None:
    """Also where clocks move by half an hour, and where a whole day was left out (Samoa, 2011)."""
    there, handed_in = ZoneInfo(zone), due + timedelta(seconds=seconds)
    days = started_days(handed_in, due, Policy(percent_per_day=1, zone=there))
    if seconds == 0:
        assert days == 0
        return
    assert handed_in <= late.day_end(due, days, there)
    assert days == 1 or late.day_end(due, days - 1, there) < handed_in
    assert abs(days - seconds / 86400) < 2.1


@given(
    score=st.floats(-5, 200), of_maximum=st.booleans(), percent=st.floats(0, 100), most=st.floats(0, 100),
    grace=st.integers(0, 5), left=st.integers(0, 5), zero=st.none() | st.integers(0, 9),
    seconds=st.integers(-86400, 20 * 86400), zone=ZONES,
)  # fmt: skip
def test_a_penalty_is_never_negative_and_never_more_than_the_score(
    score: float,
    of_maximum: bool,
    percent: float,
    most: float,
    grace: int,
    left: int,
    zero: int | None,
    seconds: int,
    zone: str,
) -> None:
    policy = Policy(percent, of_maximum, most, grace, 5, zero, 0.0, ZoneInfo(zone))
    points, sentence = penalty(score, 100, DUE + timedelta(seconds=seconds), DUE, policy, left)
    assert 0 <= points <= max(0.0, score) + 1e-9
    assert points == 0 or (seconds > 0 and sentence)
    later, _ = penalty(score, 100, DUE + timedelta(seconds=seconds + 3600), DUE, policy, left)
    assert later >= points - 1e-9


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> tuple[Extension, ...]:
    path = tmp_path / extensions.TABLE
    path.write_bytes(text.encode(encoding))
    return extensions.read(path, BERLIN)


def test_extensions_are_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "student,assignment,due,days\nanna,a1,2026-05-14T23:59+02:00,\n# ill\n\nO'Brien,a1,,2\n"
        "ben,a1,2026-05-14 23:59 Europe/Berlin,\n",
    )
    assert [(one.student, one.due, one.days, one.line) for one in found] == [
        ("anna", at("2026-05-14T23:59"), 0, 2), ("O'Brien", None, 2, 5), ("ben", at("2026-05-14T23:59"), 0, 6),
    ]  # fmt: skip
    assert read(tmp_path, "student;assignment;days\r\nanna;a1;2\r\n", "utf-8-sig")[0].days == 2
    assert extensions.read(tmp_path / "none.csv") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the columns must be student, assignment, due, days, not none"),
        ("name,assignment,due\n", "line 1: the columns must be"),
        ("student,assignment\n", "line 1: the columns must be"),
        ("student,assignment,due,days\nanna,a1,2026-05-14 23:59,\n", "line 2: .* has no time zone that is known"),
        ("student,assignment,due,days\nanna,a1,2026-05-14 23:59 Mars/Base,\n", "line 2: .* has no time zone"),
        ("student,assignment,due,days\nanna,a1,14.5.2026,\n", "line 2: '14.5.2026' is no time such as"),
        ("student,assignment,due,days\nanna,a1,2026-02-30T10:00Z,\n", "line 2: .* is no time that exists"),
        ("student,assignment,due,days\nanna,a1,,\n", "line 2: give either"),
        ("student,assignment,due,days\nanna,a1,2026-05-14T10:00Z,2\n", "line 2: give either"),
        ("student,assignment,due,days\nanna,a1,,two\n", "line 2: 'two' is no number of days"),
        ("student,assignment,due,days\nanna,a1,,-1\n", "line 2: '-1' is no number of days"),
        ("student,assignment,due,days\nanna,a1,,nan\n", "line 2: 'nan' is no number of days"),
        ("student,assignment,due,days\n,a1,,2\n", "line 2: give a student"),
        ("student,assignment,due,days\nanna,a1,,2\nAnna,a1,,3\n", "line 3: line 2 is for the same student"),
        ("student,assignment,due,days\nanna,a1,,2,5\n", "line 2: there are 5 values for 4 columns"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ExtensionError, match=says) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_another_encoding_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match="not in UTF-8"):
        read(tmp_path, "student,assignment,due,days\nJosé,a1,,2\n", "latin-1")


def test_an_extension_is_for_one_student_in_any_spelling_and_only_gives_time() -> None:
    days = [Extension("O'BRIEN", "a1", None, 2, 2)]
    assert due_for("o’brien", "a1", DUE, days, BERLIN) == at("2026-05-12T23:59")
    assert due_for("o'brien", "a2", DUE, days, BERLIN) == DUE
    assert due_for("anna", "a1", DUE, days, BERLIN) == DUE
    earlier = [Extension("anna", "a1", at("2026-05-01T23:59"), 0, 2)]
    assert due_for("anna", "a1", DUE, earlier, BERLIN) == DUE
    assert due_for("anna", "a1", None, days, BERLIN) is None


def test_days_of_an_extension_keep_the_time_of_day_when_clocks_change() -> None:
    due = at("2026-03-28T23:59")
    assert due_for("anna", "a1", due, [Extension("anna", "a1", None, 1, 2)], BERLIN) == at("2026-03-29T23:59")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("percent_per_day", 110, "from 0 to 100"),
        ("percent_per_day", "ten", "percent_per_day"),
        ("grace_days", -1, "must not be negative"),
        ("time_zone", "Berlin", "give a name such as UTC or Europe/Berlin"),
        ("percent_of", "points", "percent_of"),
        ("percent_pr_day", 10, "did you mean percent_per_day"),
    ],
)
def test_a_wrong_option_is_told(option: str, value: object, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        late.plugin_of(Config({"LatePolicy": {option: value}}))


def test_the_default_costs_nothing_and_nbgraders_own_option_still_works() -> None:
    plain = late.plugin_of(Config())
    assert isinstance(plain, LatePolicy)
    assert plain.policy.costs_nothing
    zero = late.plugin_of(Config({"LateSubmissionPlugin": {"penalty_method": "zero"}}))
    assert zero.policy.zero_after_days == 0
    berlin = late.plugin_of(Config({"Exchange": {"timezone": "Europe/Berlin"}}))
    assert berlin.policy.zone == BERLIN


class HalfAPoint(LateSubmissionPlugin):
    """A course's own plugin, which nbgrader asks for each notebook."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return 0.5


@pytest.fixture(scope="module")
def first_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gradebook: two assignments with two notebooks of 10 points; anna is 3 days late, with 8 and 4 points."""
    path = tmp_path_factory.mktemp("books") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as gradebook:
        gradebook.add_student("anna")
        for number, name in enumerate(("a1", "a2")):
            due = DUE + timedelta(days=30 * number)
            gradebook.add_assignment(name, duedate=due)
            for notebook in ("one", "two"):
                gradebook.add_notebook(notebook, name)
                gradebook.add_grade_cell("cell", notebook, name, max_score=10, cell_type="code")
            gradebook.add_submission(name, "anna", timestamp=due + timedelta(days=3))
            for notebook, score in (("one", 8.0), ("two", 4.0)):
                gradebook.find_grade("cell", notebook, name, "anna").auto_score = score
        gradebook.db.commit()
    return path


@pytest.fixture
def books(first_books: Path, tmp_path: Path) -> Path:
    """Return a copy of the gradebook."""
    return Path(shutil.copy(first_books, tmp_path))


def written(path: Path, rules: Rules) -> dict[str, tuple[float, float]]:
    """Write all penalties. Return each assignment's score with its penalty taken off, and the penalty."""
    with Gradebook(f"sqlite:///{path}") as gradebook:
        penalties.write_all(gradebook, rules)
    with Gradebook(f"sqlite:///{path}") as gradebook:
        found = {one.name: gradebook.find_submission(one.name, "anna") for one in gradebook.assignments}
        return {
            name: (one.score - one.late_submission_penalty, one.late_submission_penalty) for name, one in found.items()
        }


def rules(*extensions: Extension, **options: object) -> Rules:
    return Rules(late.plugin_of(Config({"LatePolicy": options})), extensions)


def test_the_gradebook_is_right_at_once_after_every_change(books: Path) -> None:
    ten = {"percent_per_day": 10}
    assert written(books, rules()) == {"a1": (12, 0), "a2": (12, 0)}
    assert written(books, rules(**ten)) == {"a1": pytest.approx((8.4, 3.6)), "a2": pytest.approx((8.4, 3.6))}
    given = rules(Extension("anna", "a1", None, 2, 2), **ten)
    assert written(books, given)["a1"] == pytest.approx((10.8, 1.2))
    assert written(books, rules(**ten))["a1"] == pytest.approx((8.4, 3.6))  # the extension is taken back
    for days, costs in ((-1, 4.8), (2, 1.2), (3, 0)):
        with Gradebook(f"sqlite:///{books}") as gradebook:
            gradebook.find_assignment("a1").duedate = (DUE + timedelta(days=days)).replace(tzinfo=None)
            gradebook.db.commit()
        assert written(books, rules(**ten))["a1"] == pytest.approx((12 - costs, costs))
    with Gradebook(f"sqlite:///{books}") as gradebook:
        gradebook.find_assignment("a1").duedate = None
        gradebook.db.commit()
    assert written(books, rules(**ten))["a1"] == (12, 0)


def test_an_extension_that_nbgrader_knows_counts_too_and_the_later_one_wins(books: Path) -> None:
    with Gradebook(f"sqlite:///{books}") as gradebook:
        gradebook.grant_extension("a1", "anna", days=1)
    assert written(books, rules(percent_per_day=10))["a1"] == pytest.approx((9.6, 2.4))
    table = Extension("anna", "a1", None, 2, 2)
    assert written(books, rules(table, percent_per_day=10))["a1"] == pytest.approx((10.8, 1.2))
    with Gradebook(f"sqlite:///{books}") as gradebook:
        gradebook.find_assignment("a1").duedate = None  # the extension of nothing stays in the gradebook
        gradebook.db.commit()
    assert written(books, rules(table, percent_per_day=10))["a1"] == (12, 0)


def test_grace_days_of_the_term_are_used_by_the_earlier_due_date(books: Path) -> None:
    assert written(books, rules(percent_per_day=10, term_grace_days=4)) == {
        "a1": (12, 0), "a2": pytest.approx((9.6, 2.4)),
    }  # fmt: skip
    with Gradebook(f"sqlite:///{books}") as gradebook:  # the first one was in time after all
        gradebook.find_submission("a1", "anna").timestamp = DUE.replace(tzinfo=None)
        gradebook.db.commit()
    assert written(books, rules(percent_per_day=10, term_grace_days=4)) == {"a1": (12, 0), "a2": (12, 0)}


def test_a_score_that_a_person_gives_later_changes_the_penalty(books: Path) -> None:
    with Gradebook(f"sqlite:///{books}") as gradebook:
        grade = gradebook.find_grade("cell", "two", "a1", "anna")
        grade.manual_score = 10.0
        now = penalties.lateness(gradebook, "anna", "a1", rules(percent_per_day=10))  # nothing is committed yet
        assert now.penalty == pytest.approx(5.4)
        assert gradebook.find_submission("a1", "anna").late_submission_penalty == 0


def test_a_courses_own_plugin_is_asked(books: Path) -> None:
    own = Rules(late.plugin_of(Config({"AssignLatePenalties": {"plugin_class": HalfAPoint}})))
    assert written(books, own)["a1"] == (11, 1)


def test_changes_are_told(books: Path) -> None:
    with Gradebook(f"sqlite:///{books}") as gradebook:
        told = penalties.write_all(gradebook, rules(percent_per_day=10))
        assert told[0] == "anna, a1: the penalty is 3.6, and was 0."
        assert penalties.write_all(gradebook, rules(percent_per_day=10)) == []
