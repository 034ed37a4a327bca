"""The values of a policy file: durations, people, places, days. A finding reads *what is wrong; remedy*."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from approvals.conditions import BadCondition, compile_condition
from approvals.policy import MANAGER, OnExpiry, Urgency

Loc = tuple[int | str, ...]

_DURATION = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")
_LONGEST = timedelta(days=366)
CHANNEL = re.compile(r"#[^\s#@,]+|[CG][A-Z0-9]{2,}")
_ENTRY = re.compile(r"[#@][^\s#@,]+|[UWSCG][A-Z0-9]{2,}|[^\s@,]+@[^\s@,]+\.[^\s@,]+|api:[a-z0-9][a-z0-9._-]*")


def kind_of(value: object) -> str:
    for kinds, word in (
        ((bool,), "yes or no"),
        ((int, float), "a number"),
        ((str,), "text"),
        ((list,), "a list"),
        ((dict,), "a group of keys"),
    ):
        if isinstance(value, kinds):
            return word
    return "nothing" if value is None else f"a {type(value).__name__}"


def wrong(text: str, at: Loc = ()) -> ValidationError:
    """A finding of ours, at a place beneath the value that is being checked."""
    problem = PydanticCustomError("finding", "{text}", {"text": text})
    return ValidationError.from_exception_data("policies", [InitErrorDetails(type=problem, loc=at, input=None)])


def _seconds(value: object) -> float:
    example = "write it like 90s, 10m, 1h30m or 2d"
    if not isinstance(value, str):
        raise wrong(f"must be a duration, not {kind_of(value)}; {example}")
    if value.startswith("-"):
        raise wrong(f"{value!r} is negative; times count forward from opening, {example}")
    found = _DURATION.fullmatch(value)
    if not value or found is None:
        raise wrong(f"{value!r} is not a duration; {example}")
    parts = {unit: int(digits) for unit, digits in found.groupdict("0").items()}
    total = sum(parts[unit] * size for unit, size in _UNITS.items())
    if total == 0:
        raise wrong(f"{value!r} is no time at all; {example}")
    if total > _LONGEST.total_seconds():
        raise wrong(f"{value!r} is more than {_LONGEST.days} days; use a shorter time, or `expire: never`")
    return float(total)


_UNITS: Mapping[str, int] = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def _channel(value: str) -> str:
    if not CHANNEL.fullmatch(value):
        raise wrong(f'{value!r} is not a channel; write "#name" in quotes, or its id (C0123)')
    return value


def _entry(value: str) -> str:
    if value != MANAGER and not _ENTRY.fullmatch(value):
        raise wrong(f'{value!r} names nobody; write U0123, "@group", "#channel", an e-mail address or {MANAGER}')
    return value


def _one(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _owner(value: str) -> str:
    if value == MANAGER or value.startswith("#") or value[:1] in "CG":
        raise wrong(f'{value!r} is no person; write U0123, "@group" or an e-mail address')
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise wrong("is empty; write a name, or remove the key")
    return value


def filled(values: list[Any]) -> list[Any]:
    if not values:
        raise wrong("is an empty list; add an entry, or remove the key")
    return values


def rising(times: list[float]) -> list[float]:
    for index, (earlier, later) in enumerate(pairwise(times), 1):
        if later <= earlier:
            raise wrong("is not later than the one before; write the times in rising order", (index,))
    return times


def never_expire(value: object) -> object:
    if value is None:
        raise wrong("is empty; write {after: 24h, then: deny}, or never")
    if isinstance(value, str):
        if value != "never":
            raise wrong(f"{value!r} is not understood; write {{after: {value}, then: deny}}, or never")
        return None
    return value


def never_ask(value: object) -> object:
    if isinstance(value, str):
        if value != "never":
            raise wrong(f"{value!r} is not understood; write {{pause: {value}}}, or never")
        return None
    return value


def known_then(value: object) -> object:
    if value not in list(OnExpiry):
        raise wrong(f"{value!r} is not possible; choose one of {', '.join(OnExpiry)}")
    return OnExpiry(str(value))


def _known_decision(value: str) -> str:
    kinds = ("approve", "edit", "deny", "respond")
    if value not in kinds:
        raise wrong(f"{value!r} is no decision; choose from {', '.join(kinds)}")
    return value


def _known_automatic(value: str) -> str:
    kinds = ("approve", "deny", "respond")
    if value not in kinds:
        raise wrong(f"{value!r} cannot be decided automatically; choose from {', '.join(kinds)}")
    return value


Duration = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"})
]
Channel = Annotated[str, AfterValidator(_channel)]
Entries = Annotated[list[Annotated[str, AfterValidator(_entry)]], AfterValidator(filled)]
Owners = Annotated[
    list[Annotated[str, AfterValidator(_entry), AfterValidator(_owner)]],
    BeforeValidator(_one),
    AfterValidator(filled),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Text = Annotated[str, AfterValidator(_text)]
Decisions = Annotated[list[Annotated[str, AfterValidator(_known_decision)]], AfterValidator(filled)]


def never(value: object) -> object:
    """`never` in place of a duration."""
    return None if value == "never" else value


def condition(value: str) -> str:
    """A CEL expression that can be read."""
    try:
        compile_condition(value)
    except BadCondition as bad:
        raise wrong(f"is not a condition ({bad}); write CEL, as in action.args.amount <= 500") from None
    return value


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _days(value: object) -> tuple[int, ...]:
    example = "write mon-fri, or a list as in [mon, wed, fri]"
    if isinstance(value, str):
        first, dash, last = value.lower().partition("-")
        if first in _DAYS and (last in _DAYS or not dash):
            start, end = _DAYS.index(first), _DAYS.index(last or first)
            return tuple(day % 7 for day in range(start, end + 1 if end >= start else end + 8))
        raise wrong(f"{value!r} names no days; {example}")
    if isinstance(value, list) and value:
        names = [str(day).lower() for day in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        for index, name in enumerate(names):
            if name not in _DAYS:
                raise wrong(f"{name!r} is no day; {example}", (index,))
        return tuple(sorted({_DAYS.index(name) for name in names}))
    raise wrong(f"must be days, not {kind_of(value)}; {example}")  # pyright: ignore[reportUnknownArgumentType]


def _time_of_day(value: object) -> int:
    # YAML 1.1 reads 17:30 without quotes as sexagesimal: 17 * 60 + 30, which is the minute of the day.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1440:
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 1440:
        raise wrong(f'{value!r} is no time of day; write it like "09:00" or "17:30"')
    return int(found[1]) * 60 + int(found[2])


def _zone(value: str) -> str:
    if value in ("team", "approver"):
        return value
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise wrong(f"{value!r} is no time zone; write team, approver, or a name like Europe/Berlin") from None
    return value


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise wrong(f"{value!r} is no date; write it like 2026-12-25") from None


def _urgencies(value: object) -> tuple[Urgency, ...]:
    given: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return tuple(_urgency(one) for one in given)


def _urgency(value: object) -> Urgency:
    if value not in list(Urgency):
        raise wrong(f"{value!r} is no urgency; choose one of {', '.join(Urgency)}")
    return Urgency(str(value))


def _short_text(value: str) -> str:
    if not value.strip() or len(value) > 75:
        raise wrong("must have 1 to 75 characters, since it stands in a menu; shorten it")
    return value


_ONE_DAY = WithJsonSchema({"type": ["string", "array"]})
Days = Annotated[tuple[int, ...], BeforeValidator(_days), _ONE_DAY]
TimeOfDay = Annotated[
    int, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$"})
]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[date, BeforeValidator(_day)]
OneUrgency = Annotated[Urgency, BeforeValidator(_urgency)]
Urgencies = Annotated[
    tuple[Urgency, ...],
    BeforeValidator(_urgencies),
    WithJsonSchema({"anyOf": [{"enum": list(Urgency)}, {"type": "array", "items": {"enum": list(Urgency)}}]}),
]
Condition = Annotated[str, AfterValidator(condition)]
Presets = Annotated[list[Annotated[str, AfterValidator(_short_text)]], AfterValidator(filled)]
Automatically = Annotated[str, AfterValidator(_known_automatic)]
