"""What a user object of Slack (`users.info`, `users.list`) says of a person. Pure.

Fields: docs.slack.dev on the user object; a status is `profile.status_text`, `status_emoji` and `status_expiration`
(epoch seconds, 0 for one that stays).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

import structlog

from approvals.away import Away
from approvals.model import Standing

User = Mapping[str, Any]

GONE_EMOJI = frozenset({":palm_tree:", ":face_with_thermometer:"})
"""Of the statuses that Slack offers by itself: Vacationing, Out sick. They are the same in every language."""

log = structlog.get_logger()

_GONE_TEXT = re.compile(r"\W*(?:vacationing|on vacation|out sick|out of (?:the )?office|ooo)\b", re.IGNORECASE)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


def standing(user: User | None, ours: str) -> Standing:
    """Whether they are a full member of our workspace `ours` (a team id), or what else."""
    if user is None:
        return Standing.UNKNOWN
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_bot"):
        return Standing.BOT
    if user.get("is_stranger") or user.get("team_id", ours) != ours:
        return Standing.EXTERNAL
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.MEMBER


def zone(user: User | None, otherwise: tzinfo = UTC) -> tzinfo:
    """Their time zone; by their offset where its name is not known here, `otherwise` where Slack says nothing."""
    found = user or {}
    name, offset = found.get("tz"), found.get("tz_offset")
    if isinstance(name, str):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            log.debug("zone not known here", action="directory.zone", zone=name)
    if isinstance(offset, int) and abs(offset) < 86400:
        return timezone(timedelta(seconds=offset))
    return otherwise


def absence(user: User | None, now: datetime) -> Away | None:
    """Away by their Slack status: on vacation, sick or out of office, until the status runs out. Without a cover.

    A status that stays until it is changed says nothing: people forget it.
    """
    if user is None:
        return None
    profile = _profile(user)
    ends = profile.get("status_expiration")
    if not isinstance(ends, int) or not now.timestamp() < ends < _LATEST:
        return None
    said = str(profile.get("status_text") or "")
    if profile.get("status_emoji") not in GONE_EMOJI and not _GONE_TEXT.match(said):
        return None
    return Away(user_id=str(user.get("id")), since=now, until=datetime.fromtimestamp(ends, UTC))


def email(user: User | None) -> str | None:
    """Their address, where Slack shows it to us."""
    found = _profile(user or {}).get("email")
    return found.lower() if isinstance(found, str) and found else None


def called(user: User) -> str:
    """What Slack calls them: the display name, else the full name or the handle."""
    found = [
        _profile(user).get("display_name"),
        _profile(user).get("real_name"),
        user.get("real_name"),
        user.get("name"),
    ]
    return next((name for name in found if isinstance(name, str) and name), "")


def names(user: User) -> frozenset[str]:
    """What they may be called after an `@`: handle, display name, full name; without case."""
    profile = _profile(user)
    found = [user.get("name"), user.get("real_name")]
    found += [profile.get(name) for name in ("display_name", "real_name")]
    found += [profile.get(f"{name}_normalized") for name in ("display_name", "real_name")]
    return frozenset(name.casefold() for name in found if isinstance(name, str) and name)


def _profile(user: User) -> Mapping[str, Any]:
    profile = user.get("profile")
    return cast("Mapping[str, Any]", profile) if isinstance(profile, dict) else {}
