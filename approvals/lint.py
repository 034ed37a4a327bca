"""Policies that nobody could finish: rules held against who can be reached. Pure; the facts are handed in.

It judges by the people of all levels together, as votes that were given before a step count after it; and once more
from each step on that replaces people, as if nobody had voted by then. What is temporary (everybody is away) is a
finding like any other; it goes when they are back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from approvals.entries import API
from approvals.policy import MANAGER, Group, OnExpiry, Policy, PolicySet


class Kind(StrEnum):
    """What is wrong. Texts for people are made from these."""

    UNKNOWN = "unknown"
    """An entry names nothing that there is."""
    EMPTY = "empty"
    """An entry names a group or channel without people."""
    UNABLE = "unable"
    """All whom an entry names are guests, deactivated, bots or of other workspaces."""
    NOT_INSIDE = "not_inside"
    """A card is to be posted to a channel that the bot is not in."""
    NOBODY = "nobody"
    """There is nobody at all who could decide, or who could for a group."""
    TOO_FEW = "too_few"
    """More people must agree than there are."""
    AWAY = "away"
    """There are enough people, but not without those who are away and have no cover."""
    REQUESTER = "requester"
    """There are just enough people: none of them could have it decided for themselves."""
    STANDS_FOR_NONE = "stands_for_none"
    """A step says for none of the groups that must approve, so it helps none of them."""
    STRANDED = "stranded"
    """From a step on that replaces people there are too few, unless others voted before it."""
    UNREACHED = "unreached"
    """Nobody of an entry is in a channel in which the card stands for them, and it is sent to none of them."""
    APPROVES_UNSEEN = "approves_unseen"
    """Nobody could decide, and when the time is up it is approved."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an audience entry stands for now: the user ids of those who can decide. Where there are none, `kind` says
    which of unknown, empty and unable it is, and `why` the rest."""

    people: tuple[str, ...] = ()
    kind: Kind = Kind.EMPTY
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of everything that policies name (`entries_of`, `channels_of`). `away` are the user ids of those
    who are away without a cover; `outside` the channels that the bot is not in, with the reason, `inside` the user ids
    of who is in the others. A `manager` is one person more, whoever it is; `managers`: one can be found."""

    entries: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    outside: Mapping[str, str] = field(default_factory=dict[str, str])
    inside: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    away: frozenset[str] = frozenset()
    managers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: in which policy, at which key of it, with which entry, and how many there are of how
    many that are needed. `key` names it for as long as it is there."""

    kind: Kind
    policy: str
    where: str
    entry: str = ""
    have: int = 0
    need: int = 0
    why: str = ""

    @property
    def key(self) -> str:
        """The same finding has the same name, however many people there are by now."""
        return "|".join((self.kind, self.policy, self.where, self.entry))


def entries_of(policies: PolicySet) -> tuple[str, ...]:
    """Every audience entry of a rule that asks somebody."""
    return tuple(dict.fromkeys(entry for rule in _asking(policies) for _, entry in _named(rule)))


def channels_of(policies: PolicySet) -> tuple[str, ...]:
    """Every channel that a card may be posted to."""
    return tuple(dict.fromkeys(channel for rule in _posting(policies) for _, channel in _channels(rule)))


def lint(policies: PolicySet, facts: Facts) -> tuple[Finding, ...]:
    """What is wrong, in the order of the rules. Rules that are switched off, or decide by themselves, ask nobody."""
    found: list[Finding] = []
    for rule in _posting(policies):
        found += [
            Finding(kind=Kind.NOT_INSIDE, policy=rule.name, where=where, entry=channel, why=facts.outside[channel])
            for where, channel in _channels(rule)
            if channel in facts.outside
        ]
        if rule.decide is None:
            found += _Rule(rule, facts).findings()
    return tuple(found)


def _asking(policies: PolicySet) -> Iterator[Policy]:
    yield from (rule for rule in _posting(policies) if rule.decide is None)


def _posting(policies: PolicySet) -> Iterator[Policy]:
    for rule in (*policies.policies, policies.default):
        if rule.enabled and (rule.decide is None or rule.decide.tell):
            yield rule


def _channels(rule: Policy) -> Iterator[tuple[str, str]]:
    """Each channel with the key it stands at."""
    yield "channel", rule.channel
    for index, step in enumerate(rule.escalate if rule.decide is None else ()):
        if step.channel:
            yield f"escalate[{index}].channel", step.channel


def _named(rule: Policy) -> Iterator[tuple[str, str]]:
    """Each audience entry with the key it stands at. Without a name of anybody, the channel is asked."""
    yield from (("who", entry) for entry in rule.who)
    yield from ((f"all_of.{group.name}", entry) for group in rule.groups for entry in group.who)
    if not rule.who and not rule.groups:
        yield "channel", rule.channel
    yield from ((f"escalate[{index}].to", entry) for index, step in enumerate(rule.escalate) for entry in step.to)
    yield from (("break_glass", entry) for entry in rule.break_glass)


class _Rule:
    """One rule against the facts."""

    def __init__(self, rule: Policy, facts: Facts) -> None:
        self._rule = rule
        self._facts = facts

    def findings(self) -> Iterator[Finding]:
        """What is wrong with it."""
        yield from self._entries()
        levels = range(len(self._rule.escalate) + 1)
        everybody = self._people(entry for level in levels for entry in self._rule.audience(level))
        yield from self._enough("quorum.approve", everybody, self._rule.quorum.approve)
        if everybody and self._rule.quorum.deny > max(len(everybody), self._rule.quorum.approve):
            need = self._rule.quorum.deny
            yield self._finding(Kind.TOO_FEW, "quorum.deny", have=len(everybody), need=need)
        yield from self._groups()
        yield from self._stranded(everybody)
        yield from self._unreached()
        if not everybody and self._rule.expire is not None and self._rule.expire.then is OnExpiry.APPROVE:
            yield self._finding(Kind.APPROVES_UNSEEN, "expire")

    def _entries(self) -> Iterator[Finding]:
        for where, entry in dict.fromkeys(_named(self._rule)):
            seen = self._seen(entry)
            if not seen.people and entry not in self._facts.outside:
                yield self._finding(seen.kind, where, entry, why=seen.why)

    def _groups(self) -> Iterator[Finding]:
        for group in self._rule.groups:
            yield from self._enough(f"all_of.{group.name}", self._group(group), group.approve)
        for index, step in enumerate(self._rule.escalate if self._rule.groups else ()):
            if not step.stands_for:
                yield self._finding(Kind.STANDS_FOR_NONE, f"escalate[{index}]")

    def _group(self, group: Group) -> frozenset[str]:
        return self._people(self._rule.stands_for(group, len(self._rule.escalate)))

    def _stranded(self, everybody: frozenset[str]) -> Iterator[Finding]:
        """The first step from which on too few people are left, for all or for a group of whom there are enough."""
        rule = self._rule
        counted = [(everybody, rule.quorum.approve, self._asked_from)]
        counted += [(self._group(group), group.approve, partial(self._group_from, group)) for group in rule.groups]
        for index, step in enumerate(rule.escalate):
            if not step.replace:
                continue
            for ever, need, left in counted:
                if len(ever) >= need > (have := len(left(index + 1))):
                    yield self._finding(Kind.STRANDED, f"escalate[{index}].replace", have=have, need=need)
                    return

    def _levels(self, first: int) -> range:
        return range(first, len(self._rule.escalate) + 1)

    def _asked_from(self, first: int) -> frozenset[str]:
        """Everybody who may vote at that level or a later one."""
        return self._people(entry for level in self._levels(first) for entry in self._rule.audience(level))

    def _group_from(self, group: Group, first: int) -> frozenset[str]:
        """Those of them whose votes count for a group."""
        return self._people(
            entry
            for level in self._levels(first)
            for entry in self._rule.stands_for(group, level)
            if entry in self._rule.audience(level)
        )

    def _unreached(self) -> Iterator[Finding]:
        """Entries of which nobody is told: who may break the glass is not asked, and not among them."""
        for where, entry in dict.fromkeys(_named(self._rule)):
            seen = self._seen(entry)
            if where == "break_glass" or entry == MANAGER or entry.startswith(API) or not seen.people:
                continue
            step = re.match(r"escalate\[(\d+)\]", where)
            places = self._places(entry, int(step[1]) + 1 if step else 0)
            told = [self._told(place) for place in places]
            if all(found is not None and found.isdisjoint(seen.people) for found in told):
                channels = ", ".join(place for place in places if place in self._facts.inside)
                yield self._finding(Kind.UNREACHED, where, entry, why=channels)

    def _places(self, entry: str, first: int) -> tuple[str, ...]:
        """Where the card can be decided at the levels from that one on at which an entry may decide."""
        levels = [level for level in self._levels(first) if entry in self._rule.audience(level)]
        return tuple(dict.fromkeys(place for level in levels for place in self._rule.reach(level)))

    def _told(self, place: str) -> frozenset[str] | None:
        """Who has the card in a place: the people of a channel, or each one by direct message. `None`: unknown."""
        if place in self._facts.inside:
            return self._facts.inside[place]
        if place == MANAGER or place.startswith(API):
            return frozenset()
        return frozenset(self._facts.entries[place].people) if place in self._direct() else None

    def _direct(self) -> frozenset[str]:
        """Entries that are told by direct message."""
        steps = self._rule.escalate
        named = (entry for step in steps if not step.channel for entry in step.to)
        return frozenset(entry for entry in named if entry in self._facts.entries)

    def _enough(self, where: str, people: frozenset[str], need: int) -> Iterator[Finding]:
        """The first of these that is so: nobody, too few, too few who are here, too few if one of them asks."""
        have, here = len(people), len(people - self._facts.away)
        if not have:
            yield self._finding(Kind.NOBODY, where, need=need)
        elif have < need:
            yield self._finding(Kind.TOO_FEW, where, have=have, need=need)
        elif here < need:
            yield self._finding(Kind.AWAY, where, have=here, need=need)
        elif have - 1 < need and not self._rule.self_approval:
            yield self._finding(Kind.REQUESTER, where, have=have, need=need)

    def _people(self, entries: Iterable[str]) -> frozenset[str]:
        return frozenset(person for entry in entries for person in self._seen(entry).people)

    def _seen(self, entry: str) -> Seen:
        if entry == MANAGER:
            return (
                Seen((MANAGER,)) if self._facts.managers else Seen(kind=Kind.UNKNOWN, why="SIGNOFF_MANAGERS is not set")
            )
        if entry.startswith(API):
            return Seen((entry,))  # a key, which is nobody but can decide
        return self._facts.entries.get(entry, Seen())

    def _finding(
        self, kind: Kind, where: str, entry: str = "", *, have: int = 0, need: int = 0, why: str = ""
    ) -> Finding:
        return Finding(kind=kind, policy=self._rule.name, where=where, entry=entry, have=have, need=need, why=why)
