"""When a submission was handed in: the student's ``timestamp.txt``, compared with what cannot be.

The file is the student's, so it may be missing, garbage or forged. A stamp that cannot be is flagged for a person, and
is never a reason for a penalty. See ``penalties`` for what it decides.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from autograder import files

STAMP = "timestamp.txt"
EXCHANGE = "/usr/local/share/nbgrader/exchange"
"""nbgrader's default."""
PATTERN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d|[A-Za-z][\w/+-]{0,40})?",
    re.ASCII,
)
"""nbgrader's format, ISO 8601, and the same with the name of a time zone."""
MARGIN = timedelta(minutes=10)
"""Clocks of different machines may differ by this much."""
EARLY = timedelta(days=400)
"""A submission that is this much older than the due date is of an earlier course."""
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""nbgrader's first year. Without a due date, an earlier stamp cannot be."""
MAX_ENTRIES = 20_000


class StampError(ValueError):
    """A text is no time. The message continues a sentence that begins with the text."""


@dataclass(frozen=True)
class Stamp:
    """A time that was read from a text.

    Attributes
    ----------
    time : datetime
        With time zone.
    doubt : str
        The end of a sentence that begins with the text: why the time zone is a guess; "" if it is none.
    """

    time: datetime
    doubt: str = ""


@dataclass(frozen=True)
class HandedIn:
    """When a submission was handed in.

    Attributes
    ----------
    time : datetime or None
        In UTC; None if nobody knows. An unknown time is not late.
    flags : tuple of str
        Sentences for the instructor.
    """

    time: datetime | None
    flags: tuple[str, ...] = ()


def parse(text: str, zone: tzinfo = UTC) -> Stamp:
    """Read a time.

    Parameters
    ----------
    text : str
        A time as nbgrader writes it, or in ISO 8601.
    zone : tzinfo
        The course's time zone, which explains abbreviations such as ``CEST``. A time without zone is in UTC, as in
        nbgrader.

    Raises
    ------
    StampError
        If the text is no time.
    """
    match = PATTERN.fullmatch(text.strip())
    if match is None:
        raise StampError("is no time such as 2026-04-02 23:59:00 UTC")
    *numbers, fraction, name = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        plain = datetime(year, month, day, hour, minute, second, microsecond)
        return _placed(plain, name or "", zone)
    except (ValueError, OverflowError):
        raise StampError("is no time that exists") from None


def _placed(plain: datetime, name: str, zone: tzinfo) -> Stamp:
    """Return a time in the zone of this name or abbreviation."""
    if not name:
        return Stamp(_utc(plain, UTC), "names no time zone, and is read as UTC")
    if name in ("Z", "UTC", "GMT"):
        return Stamp(_utc(plain, UTC))
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return Stamp(_utc(plain, timezone(-offset if name[0] == "-" else offset)))
    for fold in (0, 1):  # nbgrader writes abbreviations, which tell the two hours apart when clocks are set back
        place = plain.replace(tzinfo=zone, fold=fold)
        if place.tzname() == name:
            return Stamp(place.astimezone(UTC))
    if name in available_timezones():
        return Stamp(_utc(plain, ZoneInfo(name)))
    return Stamp(_utc(plain, UTC), f"has the unknown time zone {name}, and is read as UTC")


def _utc(plain: datetime, zone: tzinfo) -> datetime:
    return plain.replace(tzinfo=zone).astimezone(UTC)


def shown(time: datetime, zone: tzinfo = UTC) -> str:
    """Return a time for people, in the course's time zone."""
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def look(
    folder: Path,
    now: datetime,
    zone: tzinfo = UTC,
    due: datetime | None = None,
    recorded: Sequence[datetime] = (),
) -> HandedIn:
    """Tell when a submission was handed in, and flag what cannot be.

    Parameters
    ----------
    folder : Path
        The submitted folder. It is hostile.
    now : datetime
    zone : tzinfo
        The course's time zone.
    due : datetime or None
        The due date.
    recorded : sequence of datetime
        The exchange's own record of the student's hand-ins; see `exchange_record`.
    """
    text = _text(folder / STAMP)
    last = max(recorded, default=None)
    if text is None:
        if last is not None:
            return HandedIn(last, (f"{STAMP} is missing; the exchange's record counts: {shown(last, zone)}.",))
        missing = f"{STAMP} is missing, so nobody knows whether this is late: write the time into it if you know it."
        return HandedIn(None, (missing,) if due is not None else ())
    said = f"{STAMP} ({ascii(text)[1:-1][:60]})"
    try:
        stamp = parse(text, zone)
    except StampError as why:
        return _replaced(f"{said} {why}", last, zone)
    if reason := _impossible(stamp.time, now, due, zone):
        return _replaced(f"{said} {reason}", last, zone)
    flags = [f"{said} {stamp.doubt}."] if stamp.doubt else []
    flags += _against_record(said, stamp.time, recorded, due, zone)
    newest = _newest(folder, stamp.time)
    if newest is not None and newest - stamp.time > MARGIN:
        flags.append(f"{said} is older than a file beside it, which was changed on {shown(newest, zone)}.")
    return HandedIn(stamp.time, tuple(flags))


def _replaced(what: str, last: datetime | None, zone: tzinfo) -> HandedIn:
    """Return the exchange's record, or no time, for a stamp that does not count."""
    if last is not None:
        return HandedIn(last, (f"{what}; the exchange's record counts: {shown(last, zone)}.",))
    return HandedIn(None, (f"{what}. It does not count, and this submission is not late: correct the file.",))


def _impossible(time: datetime, now: datetime, due: datetime | None, zone: tzinfo) -> str:
    if time - now > MARGIN:
        return f"is in the future (it is {shown(now, zone)})"
    if time < EARLIEST or (due is not None and due - time > EARLY):
        return "is from before this course"
    return ""


def _against_record(
    said: str, time: datetime, recorded: Sequence[datetime], due: datetime | None, zone: tzinfo
) -> Iterator[str]:
    """Yield what a person may want to know about the exchange's record of this student."""
    if not recorded:
        return
    last = max(recorded)
    if all(abs(time - one) > timedelta(seconds=1) for one in recorded):
        yield f"{said} differs from the exchange's record, where the last hand-in is of {shown(last, zone)}."
    elif last - time > timedelta(seconds=1):
        yield (
            f"{said} is not the last hand-in: one of {shown(last, zone)} lies in the exchange (`nbgrader collect "
            "--update` takes the last one)."
        )
    in_time = [one for one in recorded if due is not None and one <= due]
    if due is not None and time > due and in_time:
        yield (
            f"{said} is late, but the student also handed in on {shown(max(in_time), zone)}, in time: if this is the "
            "course's rule, `nbgrader collect --before-duedate` takes that one."
        )


def inbound(config: Any) -> Path:
    """Return the folder in which nbgrader's exchange keeps a course's hand-ins, which may not exist."""
    root = config.get("Exchange", {}).get("root") or EXCHANGE
    return Path(str(root), str(config.get("CourseDirectory", {}).get("course_id", "")), "inbound")


def exchange_record(inbound: Path, student: str, assignment: str, zone: tzinfo = UTC) -> list[datetime]:
    """Return the times of a student's hand-ins in nbgrader's exchange, in order.

    Parameters
    ----------
    inbound : Path
        The exchange's folder for this course. Its folders have the name STUDENT+ASSIGNMENT+TIME+RANDOM.
    student, assignment : str
    zone : tzinfo
        The time zone in which nbgrader's ``Exchange.timezone`` writes.
    """
    times = []
    prefix = f"{student}+{assignment}+"
    try:
        names = [entry.name for entry in os.scandir(inbound) if entry.name.startswith(prefix)]
    except OSError:
        return []
    for name in names:
        rest = name.removeprefix(prefix)
        for text in (rest.rpartition("+")[0], rest):  # the random part is an option of nbgrader's
            try:
                times.append(parse(text, zone).time)
                break
            except StampError:
                continue
    return sorted(times)


def _text(path: Path) -> str | None:
    """Return the start of a student's file, or None if there is no text."""
    content = files.read_plain(path, 100)
    return None if content is None else content.decode("utf-8", "replace").strip() or None


def _newest(folder: Path, stamp: datetime) -> datetime | None:
    """Return the time of the newest file, or None if all files are newer than the stamp.

    Then they were unpacked or copied later, and their times say nothing about the hand-in.
    """
    times = []
    pending = [str(folder)]
    seen = 0
    try:
        while pending and seen < MAX_ENTRIES:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    seen += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif entry.is_file(follow_symlinks=False) and entry.name != STAMP:
                        times.append(entry.stat(follow_symlinks=False).st_mtime)
        if not times or min(times) > (stamp + MARGIN).timestamp():
            return None
        return datetime.fromtimestamp(max(times), UTC)
    except (OSError, OverflowError, ValueError):
        return None
