"""The name of a place where a card stands: a channel, a person, or a person who covers for another. Pure.

It is written down with the message and in its metadata, so a card is known by it after a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from approvals.away import Away

_FOR = " for "
_PERSON = re.compile(r"[UW][A-Z0-9]+")


def stand_in(cover: str, absent: str) -> str:
    """Where a cover is asked for somebody absent, by direct message."""
    return f"{cover}{_FOR}{absent}"


def whose(place: str) -> str:
    """The channel or the person to whom it belongs. One person has one card, however they came to be asked."""
    return place.partition(_FOR)[0]


def for_whom(place: str) -> str | None:
    """The absent person, where somebody covers."""
    return place.partition(_FOR)[2] or None


def people(place: str) -> tuple[str, ...]:
    """The user ids in it."""
    return tuple(name for name in place.split(_FOR) if _PERSON.fullmatch(name))


def reached(place: str, absent: Mapping[str, Away]) -> bool:
    """Whether there is somebody at that place: not one who is away, nor who covers for one who has come back."""
    if for_whom(place) is None:
        return place not in absent
    gone = absent.get(for_whom(place) or "")
    return gone is not None and gone.cover == whose(place)
