"""Counting votes. Pure: which decision stands for each action, and what is still missing until one does.

A person has one vote an action, the latest; a person and the one who covers for them have one between them. An edit
counts as an approval of what it changed to, and voids the approvals of what stood there before. It is executed once it
has the approvals it needs, or somebody breaks the glass for it; a policy never approves it.

Whoever has left by the time that the next vote comes counts no more, for what is still open; an edit of theirs stays
what is proposed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from approvals.model import ActorRef, Approval, Decision, DecisionType, Source
from approvals.policy import Group, for_requester

_FOR = (DecisionType.APPROVE, DecisionType.EDIT)


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many of a group have approved."""

    name: str
    have: int
    need: int
    votes: tuple[Decision, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The votes about one action. `verdict` is the decision that stands, once there is one; `edit` what is proposed."""

    approvals: tuple[Decision, ...] = ()
    denials: tuple[Decision, ...] = ()
    edit: Decision | None = None
    verdict: Decision | None = None
    groups: tuple[GroupCount, ...] = ()


class _Votes:
    """The votes about one action, one by one."""

    def __init__(self, approval: Approval) -> None:
        policy = for_requester(approval.policy, approval.requester)
        self._quorum = policy.quorum
        self._policy = policy
        self._approvals: list[Decision] = []
        self._denials: list[Decision] = []
        self._edit: Decision | None = None
        self.verdict: Decision | None = None

    def add(self, vote: Decision) -> None:
        kept = self._kept(vote)
        self._approvals = [one for one in self._approvals if not _same(one, vote)]
        self._denials = [one for one in self._denials if not _same(one, vote)]
        if vote.type is DecisionType.DENY:
            self._denials.append(vote)
        elif vote.type is DecisionType.EDIT:
            self._edit, self._approvals = vote, [vote]
        elif vote.type is DecisionType.APPROVE:
            self._approvals.append(kept)
        final = vote.type is DecisionType.RESPOND or vote.alone or vote.actor.source is Source.POLICY
        if final or self._denied(vote):
            self.verdict = vote
        elif self._approved():
            self.verdict = self._edit or vote
        # One who decides alone approves what was proposed: the edit, if there is one. A policy saw no edit.
        if vote.alone and vote.type is DecisionType.APPROVE and self._edit is not None:
            self.verdict = self._edit

    def drop(self, person: str) -> None:
        """Their vote counts no more."""
        self._approvals = [one for one in self._approvals if one.actor.id != person]
        self._denials = [one for one in self._denials if one.actor.id != person]

    def _kept(self, vote: Decision) -> Decision:
        """An approval given again goes on counting for the groups that it counted for, whoever is asked by now."""
        before = [one for one in self._approvals if one.actor.id == vote.actor.id]
        if vote.type is not DecisionType.APPROVE or not before:
            return vote
        audiences = {entry for one in (*before, vote) for entry in one.audiences}
        return replace(vote, audiences=tuple(sorted(audiences)))

    def _denied(self, vote: Decision) -> bool:
        return vote.type is DecisionType.DENY and len(self._denials) >= self._quorum.deny

    def _approved(self) -> bool:
        return len(self._approvals) >= self._quorum.approve and all(one.have >= one.need for one in self._counted())

    def _counted(self) -> tuple[GroupCount, ...]:
        found: list[GroupCount] = []
        for group in self._policy.groups:
            votes = tuple(vote for vote in self._approvals if self._for(group, vote))
            found.append(GroupCount(group.name, len(votes), group.approve, votes))
        return tuple(found)

    def _for(self, group: Group, vote: Decision) -> bool:
        """Whether a vote counts for a group: as the steps stood when it was given, or time alone could decide."""
        return not set(vote.audiences).isdisjoint(self._policy.stands_for(group, vote.level))

    def count(self) -> Count:
        return Count(
            approvals=tuple(self._approvals),
            denials=tuple(self._denials),
            edit=self._edit,
            verdict=self.verdict,
            groups=self._counted(),
        )


def _same(one: Decision, other: Decision) -> bool:
    """Whether two votes are one person's, or of one seat."""
    return one.actor.id == other.actor.id or one.actor.seat == other.actor.seat


_known: tuple[tuple[Approval, tuple[Count, ...]], ...] = ()
"""The last four: a decision asks eight times of the two records that it stands between. Records never change."""


def tally(approval: Approval) -> tuple[Count, ...]:
    """The votes, action by action."""
    global _known
    for record, counts in _known:
        if record is approval:
            return counts
    counts = _tally(approval)
    _known = ((approval, counts), *_known[:3])
    return counts


def _tally(approval: Approval) -> tuple[Count, ...]:
    votes = [_Votes(approval) for _ in approval.actions]
    for number, decision in enumerate(approval.decisions):
        _drop(approval, votes, number)
        for index in range(len(votes)) if decision.action is None else (decision.action,):
            if 0 <= index < len(votes) and votes[index].verdict is None:
                votes[index].add(decision)
    _drop(approval, votes, len(approval.decisions))
    return tuple(vote.count() for vote in votes)


def _drop(approval: Approval, votes: Sequence[_Votes], number: int) -> None:
    """Those who had left when so many decisions had been made."""
    for one in approval.left:
        for vote in votes if one.votes == number else ():
            if vote.verdict is None:
                vote.drop(one.person)


def voters(approval: Approval) -> tuple[ActorRef, ...]:
    """The people of Slack whose votes count for what is still open."""
    counts = [count for count in tally(approval) if count.verdict is None]
    found = [vote.actor for count in counts for vote in (*count.approvals, *count.denials)]
    return tuple({actor.id: actor for actor in found if actor.source is Source.SLACK}.values())


def verdicts(approval: Approval) -> tuple[Decision | None, ...]:
    """For each action the decision that stands, or `None` while it is open."""
    return tuple(count.verdict for count in tally(approval))


def proposed(approval: Approval, action: int) -> Mapping[str, JsonValue]:
    """The arguments that an approval would approve: the agent's, or those of the latest edit."""
    edit = tally(approval)[action].edit
    return edit.args if edit is not None and edit.args is not None else approval.actions[action].args


def edits(approval: Approval) -> tuple[tuple[int, Decision], ...]:
    """The edits that still wait for approvals: for which action, and what is proposed."""
    counts = enumerate(tally(approval))
    return tuple((index, count.edit) for index, count in counts if count.edit is not None and count.verdict is None)


def vote_of(approval: Approval, action: int, person: str) -> Decision | None:
    """Somebody's vote on an action that is still open, if they gave one that counts."""
    count = tally(approval)[action]
    mine = [vote for vote in (*count.approvals, *count.denials) if vote.actor.id == person]
    return mine[-1] if mine else None


def voted(approval: Approval, action: int, person: str) -> DecisionType | None:
    """What that vote says."""
    vote = vote_of(approval, action, person)
    return vote.type if vote else None


def carried(approval: Approval, action: int) -> tuple[Decision, ...]:
    """The votes that the decision on an action rests on, in their order; none while it is open."""
    count = tally(approval)[action]
    if count.verdict is None or count.verdict.type is DecisionType.RESPOND:
        return (count.verdict,) if count.verdict else ()
    return count.denials if count.verdict.type is DecisionType.DENY else count.approvals


def void(approval: Approval, decision: Decision) -> bool:
    """Whether a vote counts no more: its author changed their mind, or somebody edited what it was about."""
    every = [one for count in tally(approval) for one in (*count.approvals, *count.denials, count.verdict)]
    return not any(one is decision for one in every)
