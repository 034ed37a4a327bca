"""Who is asked and what follows as time passes. A policy is frozen into each approval that is opened under it.

Audience entries are written as people write them: a user id (`U0123`), a user group (`@finance` or `S0123`), an e-mail
address, or a channel (`#approvals` or `C0123`), which stands for its members. They are resolved at the moment of use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class OnExpiry(StrEnum):
    """What an approval that nobody answered becomes."""

    DENY = "deny"
    APPROVE = "approve"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """`after` seconds from opening, `to` may decide too; posted to `channel`, or sent to each of `to` without one."""

    after: float
    to: tuple[str, ...]
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """`after` seconds from opening, `then` happens."""

    after: float
    then: OnExpiry = OnExpiry.DENY


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Globs, compared with case. An action pattern matches when every action of the interrupt matches one of them."""

    graph: str = "*"
    action: str = "*"

    def covers(self, graph: str, actions: Iterable[str]) -> bool:
        """Whether this rule is about that graph and all of those actions."""
        return fnmatchcase(graph, self.graph) and all(fnmatchcase(name, self.action) for name in actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule. Times are seconds from opening. `who` empty means: the full members who are in `channel`.

    `confirm` asks once more before an approval counts; `reason_required` names the decisions that need a reason;
    `source` says where the rule was read: the file's hash, or `settings`.
    """

    name: str
    channel: str
    match: Match = Match()
    who: tuple[str, ...] = ()
    remind: tuple[float, ...] = ()
    escalate: tuple[EscalationStep, ...] = ()
    expire: Expiry | None = Expiry(after=86400.0)
    self_approval: bool = False
    confirm: bool = False
    reason_required: tuple[str, ...] = ()
    source: str = ""

    def audience(self, level: int) -> tuple[str, ...]:
        """The entries that may decide once `level` escalation steps were taken: each level adds people."""
        entries = list(self.who or (self.channel,))
        for step in self.escalate[:level]:
            entries.extend(step.to)
        return tuple(dict.fromkeys(entries))

    def places(self, level: int) -> tuple[str, ...]:
        """Where the card stands once `level` steps were taken: channels, and people who get it as a direct message."""
        entries = [self.channel]
        for step in self.escalate[:level]:
            entries.extend((step.channel,) if step.channel else step.to)
        return tuple(dict.fromkeys(entries))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The rules in order, and the mandatory default. `version` is a short hash of the text they were read from."""

    policies: tuple[Policy, ...]
    default: Policy
    version: str = ""


def select(policies: PolicySet, graph: str, actions: Iterable[str]) -> Policy:
    """The first rule that covers the draft, else the default. Pure."""
    names = tuple(actions)
    return next((policy for policy in policies.policies if policy.match.covers(graph, names)), policies.default)
