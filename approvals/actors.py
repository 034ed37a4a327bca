"""Who acts: people by their Slack ids, operators, API keys, the policy, the system."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Through which door somebody acted."""

    SLACK = "slack"
    CLI = "cli"
    API = "api"
    SYSTEM = "system"
    POLICY = "policy"


class Standing(StrEnum):
    """What Slack says of a person at the moment of the click."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ActorRef:
    """Who did something, as it is written down: a Slack user id, an operator's name, `system` or `policy`.

    `behalf` is the absent person for whom they did it, as the one who covers.
    """

    id: str
    source: Source
    team_id: str | None = None
    behalf: str | None = None

    @property
    def seat(self) -> str:
        """Whose voice it is: a person and the one who covers for them have one between them."""
        return self.behalf or self.id


SYSTEM = ActorRef("system", Source.SYSTEM)
POLICY = ActorRef("policy", Source.POLICY)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts now, with Slack's facts about them as of now.

    `audiences` holds those entries of the approval's audience (`U…`, `@group`, `#channel`, e-mail) that the person
    was found to belong to a moment ago.
    """

    ref: ActorRef
    standing: Standing = Standing.MEMBER
    audiences: frozenset[str] = frozenset()
