"""Who is asked and what follows as time passes. A policy is frozen into each approval that is opened under it.

Audience entries are written as people write them: a user id (`U0123`), a user group (`@finance` or `S0123`), an e-mail
address, a channel (`#approvals` or `C0123`), which stands for its members, or `manager`, the requester's own. They are
resolved at the moment of use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import chain

from approvals.entries import mapped
from approvals.hours import Hours

MANAGER = "manager"
"""The entry for the requester's manager. Within an approval it carries the requester: `manager:U0123`."""


class Urgency(StrEnum):
    """How much it presses. Working hours do not stop the clocks of what is critical."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class OnExpiry(StrEnum):
    """What an approval that nobody answered becomes. `fail`: the graph is given no answer at all."""

    DENY = "deny"
    APPROVE = "approve"
    RESPOND = "respond"
    WAIT = "wait"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The people of a step are told again, `times` times, every so many seconds."""

    every: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """`after` seconds from opening, `to` may decide; posted to `channel`, or sent to each of `to` without one.

    They are added to those who were asked before, or with `replace` take their place. `stands_for` names the groups of
    `Policy.groups` for which their votes count.
    """

    after: float
    to: tuple[str, ...]
    channel: str | None = None
    replace: bool = False
    stands_for: tuple[str, ...] = ()
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """`after` seconds from opening, `then` happens; `text` is what `respond` says."""

    after: float
    then: OnExpiry = OnExpiry.DENY
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Globs, compared with case. An action pattern matches when every action of the interrupt matches it."""

    graph: str = "*"
    action: str = "*"
    node: str = "*"
    urgency: tuple[Urgency, ...] = ()

    def covers(self, graph: str, actions: Iterable[str], node: str = "", urgency: Urgency = Urgency.NORMAL) -> bool:
        """Whether this rule is about that graph, that node, that urgency and all of those actions."""
        return self.about(graph, node, urgency) and all(self.names(name) for name in actions)

    def about(self, graph: str, node: str, urgency: Urgency) -> bool:
        """The same, whatever the actions are."""
        here = fnmatchcase(graph, self.graph) and fnmatchcase(node, self.node)
        return here and (not self.urgency or urgency in self.urgency)

    def names(self, action: str) -> bool:
        """Whether the pattern matches this action."""
        return fnmatchcase(action, self.action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How many different people must say so. An edit counts as an approval of what it changed to."""

    approve: int = 1
    deny: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`approve` of these people must be among those who approve."""

    name: str
    who: tuple[str, ...]
    approve: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """Decided without asking: `decision` is approve, deny or respond. A card is posted only if `tell`."""

    decision: str
    reason: str = ""
    text: str = ""
    tell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBack:
    """Approvers may ask back. For `pause` seconds at the most, reminders and steps wait for the answer; `None`: they do
    not wait."""

    pause: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule. Times are seconds from opening. `who` empty means: the full members who are in `channel`.

    `when` is a CEL expression that must hold too. `decide` makes it an automatic rule. `groups` must each approve.
    `confirm` asks once more before an approval counts; `reason_required` names the decisions that need a reason,
    `reason_optional` those whose form has a field for one that may stay empty, `reasons` the ones that are offered.
    `acknowledge` is for how many seconds "I am looking" holds back the next step (`None`: not offered), `snooze` the
    holds that can be chosen.
    `undo`: for so long a decision can be taken back. `break_glass` may decide alone, with a reason.
    `ask_back` None: approvers may not. `owner`: who answers for the agent where nobody requested it.
    `hours`: outside them the clocks stand still, unless it is critical. `urgency` replaces what the graph said.
    `source` says where the rule was read: the file's hash, or `settings`.
    """

    name: str
    channel: str
    match: Match = Match()
    when: str = ""
    enabled: bool = True
    decide: Automatic | None = None
    urgency: Urgency | None = None
    who: tuple[str, ...] = ()
    quorum: Quorum = Quorum()
    groups: tuple[Group, ...] = ()
    remind: tuple[float, ...] = ()
    escalate: tuple[EscalationStep, ...] = ()
    expire: Expiry | None = Expiry(after=86400.0)
    hours: Hours | None = None
    acknowledge: float | None = None
    snooze: tuple[float, ...] = ()
    undo: float | None = None
    ask_back: AskBack | None = AskBack()
    owner: tuple[str, ...] = ()
    self_approval: bool = False
    confirm: bool = False
    reason_required: tuple[str, ...] = ()
    reason_optional: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()
    source: str = ""

    @property
    def reminders(self) -> tuple[float, ...]:
        """Every time at which the people who are asked by then are told again: reminders, and repeated steps."""
        times = set(self.remind)
        for step in self.escalate:
            if step.repeat is not None:
                times.update(step.after + step.repeat.every * count for count in range(1, step.repeat.times + 1))
        return tuple(sorted(times))

    def audience(self, level: int) -> tuple[str, ...]:
        """The entries that may decide once `level` escalation steps were taken: each adds people, or replaces them."""
        entries = [*self.who, *(name for group in self.groups for name in group.who)] or [self.channel]
        for step in self.escalate[:level]:
            entries = [*step.to] if step.replace else [*entries, *step.to]
        return tuple(dict.fromkeys(entries))

    def places(self, level: int) -> tuple[str, ...]:
        """Where the card stands once `level` steps were taken: channels, and people who get it as a direct message."""
        entries = [self.channel]
        for step in self.escalate[:level]:
            entries.extend((step.channel,) if step.channel else step.to)
        return tuple(dict.fromkeys(entries))

    def reach(self, level: int) -> tuple[str, ...]:
        """Those of the places that are for the people who may decide at that level."""
        entries = [self.channel]
        for step in self.escalate[:level]:
            told = (step.channel,) if step.channel else step.to
            entries = [*told] if step.replace else [*entries, *told]
        return tuple(dict.fromkeys(entries))

    def homes(self, level: int) -> dict[str, str]:
        """The entries of the audience at that level, each with the channel in which its people are asked; empty where
        each of them is told by direct message. An entry that a step asks again is at home where the step asks."""
        entries = [*self.who, *(name for group in self.groups for name in group.who)] or [self.channel]
        homes = dict.fromkeys(entries, self.channel)
        for step in self.escalate[:level]:
            told = dict.fromkeys(step.to, step.channel or "")
            homes = told if step.replace else homes | told
        return homes

    def stands_for(self, group: Group, level: int) -> tuple[str, ...]:
        """The entries whose people count for a group at that level: its own, and those of steps that stand for it."""
        entries = [*group.who]
        for step in self.escalate[:level]:
            if group.name in step.stands_for:
                entries.extend(step.to)
        return tuple(dict.fromkeys(entries))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The rules in order, and the mandatory default. `version` is a short hash of the text they were read from."""

    policies: tuple[Policy, ...]
    default: Policy
    version: str = ""


def for_requester(policy: Policy, requester: str | None) -> Policy:
    """The policy with the requester written into every `manager` entry, so that the entry stands for itself."""

    listed = chain(policy.who, policy.break_glass, *(g.who for g in policy.groups), *(s.to for s in policy.escalate))
    if not any(MANAGER in entry for entry in listed):
        return policy  # as most are; this is asked at every look at a record
    written = f"{MANAGER}:{requester or ''}"

    def own(entries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(mapped(entry, lambda one: written if one == MANAGER else one) for entry in entries)

    return replace(
        policy,
        who=own(policy.who),
        groups=tuple(replace(group, who=own(group.who)) for group in policy.groups),
        escalate=tuple(replace(step, to=own(step.to)) for step in policy.escalate),
        break_glass=own(policy.break_glass),
    )
