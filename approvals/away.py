"""Who is away until when, and who covers for them. Pure: now and the person's time zone are handed in.

Somebody who is away says so with `/approvals away …`, read here. An end names a moment in the person's own zone; a day
without a time means 09:00 there, when its work begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from approvals.model import SYSTEM, ActorRef

LONGEST = timedelta(days=90)
"""How long somebody may say to be away at a time: whoever is gone for longer should leave the policies instead."""

START_OF_DAY = time(9)
"""When a working day begins, for an end that names only the day."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Somebody is away from `since` until `until`. `cover` may decide for them meanwhile; `None`: nobody does.

    `set_by` is whoever said so; `SYSTEM` where it was read from their Slack status, which names no cover.
    """

    user_id: str
    since: datetime
    until: datetime
    cover: str | None = None
    set_by: ActorRef = SYSTEM

    def holds(self, now: datetime) -> bool:
        """Whether it is still so: what has ended counts for nothing, wherever it is kept."""
        return now < self.until


class Fault(StrEnum):
    """What is wrong with what was typed. Texts for people are made from these."""

    NO_END = "no_end"
    END = "end"
    PAST = "past"
    TOO_LONG = "too_long"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class Leave:
    """Away until then. `cover` is what was typed for the person: a mention, an id, an e-mail address or a name."""

    until: datetime
    cover: str | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """Away no longer."""


@dataclass(frozen=True, slots=True)
class Show:
    """How things stand."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It cannot be done: why, and the part of the text that is to blame."""

    fault: Fault
    part: str = ""


Asked = Leave | Back | Show | Wrong

_COVER = re.compile(r"(?:^|\s)cover(?:ed\s+by)?(?=[\s:<@]|$)[\s:]*", re.IGNORECASE)
_END = re.compile(r"\s(?:until|till|for)\s", re.IGNORECASE)
_LEAD = re.compile(r"(until|till|for|to)\s+", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,4})\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\s*(?:and\s+|,\s*)?")
_CLOCK = re.compile(r"(?:^|\s+|(?<=\d)t)(?:at\s+)?(?:(\d{1,2}):(\d{2})\s*(am|pm)?|(\d{1,2})\s*(am|pm)|(noon))$")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?([a-z]{3,9})\.?,?(?:\s+(\d{4}))?")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?(?:\s+(\d{4}))?")


def parse(text: str, now: datetime, zone: tzinfo) -> Asked:
    """What somebody typed after `/approvals away`, at `now`, in their own time zone. Never raises."""
    text = " ".join(text.split())
    if not text:
        return Show()
    if text.lower() in ("off", "back", "end", "over", "stop"):
        return Back()
    said, cover = _parts(text)
    if cover == "":
        return Wrong(Fault.COVER)
    if not said:
        return Wrong(Fault.NO_END)
    until = _end(said.lower(), now.astimezone(zone))
    if isinstance(until, Wrong):
        return Wrong(until.fault, said)
    return Leave(until, cover)


def _parts(text: str) -> tuple[str, str | None]:
    """The end and the cover, in either order; `None` where no cover is named."""
    found = _COVER.search(text)
    if found is None:
        return text, None
    before, after = text[: found.start()].strip(" ,;"), text[found.end() :].strip()
    end = None if before else _END.search(after)
    if end is not None:
        before, after = after[end.start() :].strip(), after[: end.start()].strip(" ,;")
    return before, after


def _end(said: str, here: datetime) -> datetime | Wrong:
    """The moment that is meant, in UTC. `here` is now in the person's zone."""
    lead = _LEAD.match(said)
    rest = said[lead.end() :] if lead else said
    until = _after(rest, here) if lead is None or lead[1] == "for" else None
    if until is None and (lead is None or lead[1] != "for"):
        until = _moment(rest, here)
    if until is None:
        return Wrong(Fault.END)
    if isinstance(until, Wrong):
        return until
    if until <= here.astimezone(UTC):
        return Wrong(Fault.PAST)
    return until if until - here.astimezone(UTC) <= LONGEST else Wrong(Fault.TOO_LONG)


def _after(said: str, here: datetime) -> datetime | Wrong | None:
    """`3d`, `1 week`, `1h30m` from now. Days keep the time of day where clocks are changed."""
    days, seconds, at = 0, 0, 0
    while at < len(said):
        found = _SPAN.match(said, at)
        if found is None:
            return None
        count, unit = int(found[1]), found[2][0]
        days += count * {"w": 7, "d": 1}.get(unit, 0)
        seconds += count * {"h": 3600, "m": 60}.get(unit, 0)
        at = found.end()
    if not at:
        return None
    if timedelta(days=days, seconds=seconds) > LONGEST + timedelta(days=1):
        return Wrong(Fault.TOO_LONG)
    return (here + timedelta(days=days)).astimezone(UTC) + timedelta(seconds=seconds)


def _moment(said: str, here: datetime) -> datetime | Wrong | None:
    """`monday`, `tomorrow 14:00`, `17:30`, `2026-12-01`, `1 December`."""
    clock = _CLOCK.search(said)
    at = START_OF_DAY if clock is None else _time(clock)
    day = _day(said if clock is None else said[: clock.start()].strip(" ,"), here.date(), timed=clock is not None)
    if at is None or day is None:
        return None
    if day < here.date():
        return Wrong(Fault.PAST)
    if day - here.date() > LONGEST + timedelta(days=1):
        return Wrong(Fault.TOO_LONG)
    return datetime.combine(day, at, here.tzinfo).astimezone(UTC)


def _time(found: re.Match[str]) -> time | None:
    if found[6]:
        return time(12)
    hour, minute, half = int(found[1] or found[4]), int(found[2] or 0), found[3] or found[5]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(said: str, today: date, *, timed: bool) -> date | None:
    if said == "today" or (timed and not said):
        return today
    if said == "tomorrow":
        return today + timedelta(days=1)
    if said == "next week":
        return _weekday(0, today)
    name = said.removeprefix("next ")
    if len(name) >= 3 and (number := _named(name, WEEKDAYS)) is not None:
        return _weekday(number, today)
    return _date(said, today)


def _weekday(number: int, today: date) -> date:
    """The next such day; in a week where it is today."""
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _named(name: str, names: tuple[str, ...]) -> int | None:
    """Which one, written whole or by its beginning."""
    return next((number for number, whole in enumerate(names) if whole.startswith(name)), None)


def _date(said: str, today: date) -> date | None:
    if found := _ISO.fullmatch(said):
        return _calendar(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_MONTH.fullmatch(said):
        day, name, year = found[1], found[2], found[3]
    elif found := _MONTH_DAY.fullmatch(said):
        day, name, year = found[2], found[1], found[3]
    else:
        return None
    month = _named(name, MONTHS)
    if month is None:
        return None
    if year:
        return _calendar(int(year), month + 1, int(day))
    # Without a year the next one is meant: in December, January is ahead.
    this = _calendar(today.year, month + 1, int(day))
    return _calendar(today.year + 1, month + 1, int(day)) if this is None or this < today else this


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
