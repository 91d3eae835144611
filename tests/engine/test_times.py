"""A submission's time: read from a file of the student's, and flagged where it cannot be."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import parse_utc
from traitlets.config import Config

from autograder.collecting import times
from autograder.collecting.times import HandedIn, StampError, exchange_record, look, parse

pytestmark = pytest.mark.quick
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DUE = datetime(2026, 5, 10, 22, tzinfo=UTC)
STAMP = datetime(2026, 5, 9, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-05-09 10:30:00.123456 UTC", STAMP.replace(microsecond=123456)),
        ("2026-05-09T10:30Z", STAMP),
        ("2026-05-09 12:30:00 +0200", STAMP),
        ("2026-05-09T12:30:00+02:00", STAMP),
        ("2026-05-09 12:30:00.000000 CEST", STAMP),  # what nbgrader writes with Exchange.timezone = Europe/Berlin
        ("2026-05-09 06:30 America/New_York", STAMP),
        ("2026-10-25 02:30:00 CEST", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 02:30:00 CET", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read(text: str, time: datetime) -> None:
    assert parse(text, BERLIN) == times.Stamp(time)


@pytest.mark.parametrize(
    "text",
    ["", "now", "10", "2026", "2026-13-01 10:00 UTC", "2026-05-09", "9999999999", "2026-05-09 25:00 UTC", "0000-01-01 00:00 UTC",
     "2026-05-09 10:30 ../../etc/passwd", "2026-05-09 10:30 UTC; rm", "٢٠٢٦-05-09 10:30 UTC"],
)  # fmt: skip
def test_garbage_is_no_time(text: str) -> None:
    with pytest.raises(StampError):
        parse(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        assert parse(text, BERLIN).time.tzinfo is not None
    except StampError:
        pass


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
def test_what_nbgrader_writes_is_read_as_nbgrader_reads_it(time: datetime) -> None:
    text = f"{time:%Y-%m-%d %H:%M:%S.%f} UTC"
    assert parse(text).time.replace(tzinfo=None) == parse_utc(text)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
def test_a_local_time_with_abbreviation_is_exact_also_when_clocks_change(time: datetime) -> None:
    there = time.replace(tzinfo=UTC).astimezone(BERLIN)
    assert parse(there.strftime("%Y-%m-%d %H:%M:%S.%f %Z"), BERLIN).time == there


def hand_in(folder: Path, text: str | None, changed: datetime | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("given.py", "work.py")):
        (folder / name).write_text("x = 1\n")
        moment = (changed or STAMP) - timedelta(days=30 * (1 - number))
        os.utime(folder / name, (moment.timestamp(), moment.timestamp()))
    if text is not None:
        (folder / times.STAMP).write_text(text)
    return folder


def flag(found: HandedIn) -> str:
    (sentence,) = found.flags
    return sentence


def test_an_honest_stamp_has_no_flag(tmp_path: Path) -> None:
    assert look(hand_in(tmp_path, "2026-05-09 10:30:00 UTC"), NOW, BERLIN, DUE) == HandedIn(STAMP)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-05-21 10:30:00 UTC", r"is in the future \(it is 2026-05-20 14:00 CEST\)"),
        ("2026-05-20 14:00:00 UTC", "is in the future"),
        ("9998-05-09 10:30:00 UTC", "is in the future"),
        ("2001-01-01 00:00:00 UTC", "is from before this course"),
        ("2024-05-09 10:30:00 UTC", "is from before this course"),
        ("0001-01-01 00:00:00 +1400", "is no time that exists"),
        ("yesterday", "is no time such as"),
        ("\x1b[31mred\x07", "is no time such as"),
    ],
)
def test_a_stamp_that_cannot_be_is_flagged_and_is_not_late(tmp_path: Path, text: str, says: str) -> None:
    found = look(hand_in(tmp_path, text), NOW, BERLIN, DUE)
    assert found.time is None
    assert re.search(says, flag(found))
    assert flag(found).isprintable()


def test_the_exchange_knows_better(tmp_path: Path) -> None:
    for text in ("2001-01-01 00:00:00 UTC", None):
        found = look(hand_in(tmp_path / str(text), text), NOW, BERLIN, DUE, [STAMP])
        assert found.time == STAMP
        assert "the exchange's record counts: 2026-05-09 12:30 CEST" in flag(found)


def test_a_missing_stamp_is_flagged_only_where_there_is_a_due_date(tmp_path: Path) -> None:
    assert look(hand_in(tmp_path, None), NOW) == HandedIn(None)
    assert "timestamp.txt is missing" in flag(look(tmp_path, NOW, due=DUE))


def test_a_stamp_without_zone_is_read_as_nbgrader_does(tmp_path: Path) -> None:
    found = look(hand_in(tmp_path, "2026-05-09 10:30:00"), NOW, BERLIN, DUE)
    assert found.time == STAMP
    assert "names no time zone, and is read as UTC" in flag(found)


def test_a_stamp_that_is_older_than_the_work_is_flagged_and_counts(tmp_path: Path) -> None:
    found = look(hand_in(tmp_path, "2026-05-09 10:30:00 UTC", changed=STAMP + timedelta(days=2)), NOW, BERLIN, DUE)
    assert found.time == STAMP
    assert "is older than a file beside it, which was changed on 2026-05-11 12:30 CEST" in flag(found)


def test_files_that_were_unpacked_later_say_nothing(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "2026-05-09 10:30:00 UTC", changed=STAMP + timedelta(days=60))
    assert look(folder, NOW + timedelta(days=90), BERLIN).flags == ()


def test_a_stamp_that_the_exchange_does_not_know_is_flagged(tmp_path: Path) -> None:
    found = look(hand_in(tmp_path, "2026-05-09 10:30:00 UTC"), NOW, BERLIN, DUE, [STAMP + timedelta(days=3)])
    assert "differs from the exchange's record, where the last hand-in is of 2026-05-12 12:30 CEST" in flag(found)


def test_of_several_hand_ins_it_is_said_which_one_this_is(tmp_path: Path) -> None:
    later = STAMP + timedelta(days=3)
    first = look(hand_in(tmp_path, "2026-05-09 10:30:00 UTC"), NOW, BERLIN, DUE, [STAMP, later])
    assert "is not the last hand-in" in flag(first)
    assert "nbgrader collect --update" in flag(first)
    last = look(hand_in(tmp_path, "2026-05-12 10:30:00 UTC"), NOW, BERLIN, DUE, [STAMP, later])
    assert "is late, but the student also handed in on 2026-05-09 12:30 CEST, in time" in flag(last)
    assert last.time == later


def test_the_exchanges_record_is_read(tmp_path: Path) -> None:
    for name in (
        "anna+a1+2026-05-09 10:30:00.000000 UTC+Zm9v-_9vYmFy", "anna+a1+2026-05-12 10:30:00.000000 UTC",
        "anna+a2+2026-05-01 10:30:00.000000 UTC+Zm9vYmFyYmF6", "ann+a1+2026-05-02 10:30:00.000000 UTC+Zm9vYmFyYmF6",
        "a+b+a1+2026-05-03 10:30:00.000000 UTC+Zm9vYmFyYmF6", "anna+a1+garbage", "anna",
    ):  # fmt: skip
        (tmp_path / name).mkdir()
    assert exchange_record(tmp_path, "anna", "a1") == [STAMP, STAMP + timedelta(days=3)]
    assert len(exchange_record(tmp_path, "a+b", "a1")) == 1
    assert exchange_record(tmp_path / "nowhere", "anna", "a1") == []


def test_the_exchanges_folder_is_nbgraders() -> None:
    config = Config({"Exchange": {"root": "/srv"}, "CourseDirectory": {"course_id": "c1"}})
    assert times.inbound(config) == Path("/srv/c1/inbound")
    assert times.inbound(Config()) == Path("/usr/local/share/nbgrader/exchange/inbound")


def test_a_pipe_a_link_and_a_folder_are_no_stamps(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("2026-05-09 10:30:00 UTC")
    for number, make in enumerate((os.mkfifo, lambda path: os.symlink(secret, path), os.mkdir)):
        folder = hand_in(tmp_path / str(number), None)
        make(folder / times.STAMP)
        assert look(folder, NOW, BERLIN, DUE).time is None
