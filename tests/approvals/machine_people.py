"""An approval as the words of a policy have it: who is asked, and what their votes come to.

Written anew for the state machine: it reads the keys of a policy and calls none of the functions that it is compared
with. Times are seconds from the beginning of the story.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from approvals.model import Action
from approvals.policy import Policy

BELONGS = {
    "UANA": {"@finance", "#approvals", "UANA"},
    "UBEN": {"@finance", "@security", "#approvals", "UBEN"},
    "UCLEO": {"@security", "UCLEO"},
    "UDAN": {"@leads", "#leads", "UDAN"},
    "UBOSS": {"UBOSS", "manager:UANA"},
    "UGUS": {"@finance", "UGUS"},
}
"""Who is in what. Gus is a guest."""
OPERATOR = "operator"
"""At the command line."""
STEPS = ("remind", "escalate", "expire", "lapse", "release")


@dataclass
class Ask:
    """One action: the latest vote of each person (yes or no, with the groups it counts for and the level), an edit."""

    action: Action
    votes: dict[str, tuple[bool, frozenset[str], int]] = field(default_factory=dict)
    edit: dict[str, Any] | None = None
    verdict: str = ""

    def side(self, yes: bool) -> set[str]:
        return {who for who, vote in self.votes.items() if vote[0] is yes}


@dataclass
class Asked:
    """What must be true of one approval, as far as people go: who is asked, and what their votes come to."""

    policy: Policy
    requester: str | None
    actions: tuple[Action, ...]
    now: float
    asks: list[Ask] = field(default_factory=list)
    started: float = 0.0
    ends: float | None = None
    level: int = 0
    reminders: int = 0
    given: int = 0
    revision: int = 1
    status: str = "pending"
    resolution: str = ""
    holds: list[tuple[float, float, str]] = field(default_factory=list)
    listed: dict[str, float] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    audit: list[tuple[str, str]] = field(default_factory=list)
    release: float | None = None
    before: list[tuple[Any, Any, Any]] = field(default_factory=list)
    broken: bool = False
    goes: int = 0
    places: set[str] = field(default_factory=set)
    card: bool = False
    """Whether one stands anywhere. What posts it is not told here: the story looks, before anything falls due."""
    card_due: float | None = None
    """When somebody posts it next."""

    def say(self, what: str, who: str) -> None:
        self.audit.append((what, who))

    def _ask(self) -> None:
        self.asks = [Ask(action) for action in self.actions]
        self.places |= self.here()

    def put(self, kind: str, at: float | None) -> None:
        self.claims.discard(kind)
        self.listed.pop(kind, None)
        if at is not None:
            self.listed[kind] = at

    def quiet(self) -> None:
        """Nothing is due any more."""
        for kind in STEPS:
            if kind != "release" or self.release is not None:
                self.put(kind, None)

    # -- who

    def _own(self, entries: Iterable[str]) -> list[str]:
        return [f"manager:{self.requester or ''}" if entry == "manager" else entry for entry in entries]

    def audience(self) -> set[str]:
        """Those first asked (else the channel), then step by step more people, or others."""
        asked = set(self._own(self.policy.who))
        for group in self.policy.groups:
            asked |= set(self._own(group.who))
        asked = asked or {self.policy.channel}
        for step in self.policy.escalate[: self.level]:
            asked = set(self._own(step.to)) | (set() if step.replace else asked)
        return asked

    def here(self) -> set[str]:
        """Where the people stand who are asked now."""
        found = {self.policy.channel}
        for step in self.policy.escalate[: self.level]:
            told = {step.channel} if step.channel else set(self._own(step.to))
            found = told | (set() if step.replace else found)
        return found

    def speakers(self) -> list[set[str]]:
        """Group by group, whose people count for it."""
        found = [set(self._own(group.who)) for group in self.policy.groups]
        for step in self.policy.escalate[: self.level]:
            for group, people in zip(self.policy.groups, found, strict=True):
                people |= set(self._own(step.to)) if group.name in step.stands_for else set()
        return found

    def barred(self, who: str, *, alone: bool = False) -> str:
        """Why somebody may not decide; empty if they may."""
        if who == self.requester and not self.policy.self_approval:
            return "own_request"
        if who == OPERATOR:
            return ""
        if who == "UGUS":
            return "guest"
        if alone:
            return "" if BELONGS[who] & set(self._own(self.policy.break_glass)) else "no_glass"
        return "" if BELONGS[who] & self.audience() else "not_approver"

    # -- what people say

    def closed(self) -> str:
        if self.status == "pending":
            return ""
        if self.status == "superseded":
            return "superseded"
        return "expired" if self.resolution == "expired" else "already_resolved"

    def offered(self, action: int | None) -> set[str]:
        if action is not None:
            return {str(kind) for kind in self.actions[action].allowed}
        still = [ask for ask in self.asks if not ask.verdict]
        every = {
            kind for kind in ("approve", "edit", "deny", "respond") if all(kind in a.action.allowed for a in still)
        }
        return every if len(still) == 1 else every & {"approve", "deny"}

    def automatic(self) -> bool:
        """The policy decides in the opening, if the question can be answered so."""
        rule = self.policy.decide
        if rule is None or rule.decision not in self.offered(None) or self.unfit:
            return False
        self.say("decided", "policy")
        self.by_policy(rule.decision)
        how = {"approve": "approved", "deny": "denied", "respond": "responded"}[rule.decision]
        self._resolve(how, "policy")
        return True

    def by_policy(self, kind: str) -> None:
        """What is open gets the policy's word, whatever was voted."""
        for ask in self.asks:
            if not ask.verdict:
                ask.verdict = kind
                if kind != "respond":
                    ask.votes["policy"] = (kind == "approve", frozenset(), self.level)

    @property
    def unfit(self) -> bool:
        """The graph could take no answer at all."""
        return any(action.name == "unfit" for action in self.actions)

    def vote(
        self,
        who: str,
        kind: str,
        action: int | None = None,
        *,
        revision: int | None = None,
        reason: str = "",
        args: dict[str, Any] | None = None,
        alone: bool = False,
    ) -> str:
        """What becomes of an attempt: empty if it counts, else the reason why not."""
        if why := self.closed() or self.barred(who, alone=alone):
            return why
        if revision is not None and revision != self.revision:
            return "changed"
        if action is not None and action >= len(self.asks):
            return "no_such_action"
        if action is not None and self.asks[action].verdict:
            return "action_decided"
        if kind not in self.offered(action):
            return "not_offered"
        about = [ask for ask in self.asks if not ask.verdict] if action is None else [self.asks[action]]
        if not alone and kind in ("approve", "deny") and all(self._repeats(ask, who, kind) for ask in about):
            return "already_voted"
        if (alone or kind in self.policy.reason_required) and not reason:
            return "reason_required"
        if kind == "edit" and not isinstance((args or {}).get("cents"), int):
            return "invalid_answer"
        return self._count(who, kind, about, args, alone=alone)

    def _repeats(self, ask: Ask, who: str, kind: str) -> bool:
        if who not in ask.votes:
            return False
        yes, _, level = ask.votes[who]
        anew = yes and bool(self.policy.groups) and level < self.level
        return yes is (kind == "approve") and not anew

    def _count(self, who: str, kind: str, about: list[Ask], args: dict[str, Any] | None, *, alone: bool) -> str:
        before = [(dict(ask.votes), ask.edit, ask.verdict) for ask in self.asks]
        for ask in about:
            self._cast(ask, who, kind, args, alone=alone)
        over = all(ask.verdict for ask in self.asks)
        if over and self.unfit:
            self._restore(before)
            return "invalid_answer"
        self.before, self.broken = before, alone
        self.say("broke_glass" if alone else "decided", who)
        if over:
            said = {ask.verdict for ask in self.asks}
            names = (("edit", "edited"), ("approve", "approved"), ("respond", "responded"), ("deny", "denied"))
            self._resolve(next(name for verdict, name in names if verdict in said), who)
        elif kind == "edit" and any(not ask.verdict for ask in about):
            self.revision += 1
        return ""

    def _restore(self, before: list[tuple[Any, Any, Any]]) -> None:
        for ask, was in zip(self.asks, before, strict=True):
            ask.votes, ask.edit, ask.verdict = was

    def undo(self, who: str) -> str:
        """Somebody takes the last decision back, while it waits."""
        if self.status == "pending":
            return "not_possible"
        if self.status != "resolved":
            return self.closed()
        why = self.barred(who)
        if why and not (self.broken and not self.barred(who, alone=True)):
            return why
        if self.release is None or self.release <= self.now:
            return "too_late"
        self._restore(self.before)
        self.status, self.resolution = "pending", ""
        self.revision += 1
        self.say("undone", who)
        self.put("release", None)
        self.release = None
        return ""

    def _cast(self, ask: Ask, who: str, kind: str, args: dict[str, Any] | None, *, alone: bool) -> None:
        if kind == "edit":
            ask.edit = args
            ask.votes = {other: vote for other, vote in ask.votes.items() if not vote[0]}
        ask.votes[who] = (kind != "deny", self._speaks_for(who), self.level)
        if kind == "respond":
            del ask.votes[who]
        yes, no = ask.side(True), ask.side(False)
        if alone or kind == "respond":
            ask.verdict = "edit" if kind == "approve" and ask.edit is not None else kind
        elif kind == "deny":
            ask.verdict = "deny" if len(no) >= self.policy.quorum.deny else ""
        elif len(yes) >= self.policy.quorum.approve and self._groups_done(ask):
            ask.verdict = "approve" if ask.edit is None else "edit"

    def _speaks_for(self, who: str) -> frozenset[str]:
        mine = (BELONGS.get(who) or set()) & self.audience()
        groups = zip(self.policy.groups, self.speakers(), strict=True)
        return frozenset(group.name for group, people in groups if mine & people)

    def groups(self, ask: Ask) -> list[tuple[str, int, int]]:
        return [
            (group.name, sum(1 for yes, of, _ in ask.votes.values() if yes and group.name in of), group.approve)
            for group in self.policy.groups
        ]

    def _groups_done(self, ask: Ask) -> bool:
        return all(have >= need for _, have, need in self.groups(ask))

    def _resolve(self, how: str, who: str) -> None:
        self.status, self.resolution = "resolved", how
        self.say("resolved", who)
        self.quiet()
        if self.policy.undo is None or who == "policy":
            self.goes += 1
        else:
            self.release = self.now + self.policy.undo
            self.put("release", self.release)
