"""Which approvals somebody may decide several of in one go: of one kind, and each of them seen whole. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from approvals.lifecycle import offered
from approvals.model import Approval, DecisionType, Status
from approvals.policy import Urgency
from bot.card import brief

MOST = 20
"""How many at once: more than these nobody reads before they confirm, and each redraws a card."""

FEWEST = 2

VERDICTS = (DecisionType.APPROVE, DecisionType.DENY)


class Alone(StrEnum):
    """Why one has to be decided by itself."""

    CRITICAL = "critical"
    CONFIRM = "confirm"
    GLASS = "glass"
    CHANGED = "changed"
    ASKED = "asked"
    HIDDEN = "hidden"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes approvals alike: the agent, and the one action that it wants to do."""

    graph: str
    action: str

    @property
    def key(self) -> str:
        """A short name for the value of an option: both parts are an agent's, and may be long."""
        return hashlib.sha256(f"{self.graph}\0{self.action}".encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Group:
    """Approvals of one kind, in the order in which they wait. `apart` counts those that are decided by themselves."""

    kind: Kind
    approvals: tuple[Approval, ...]
    apart: Mapping[Alone, int]


def kind(approval: Approval) -> Kind:
    """Of which it is; of several actions the first names it."""
    return Kind(approval.graph, approval.actions[0].name if approval.actions else "")


def alone(approval: Approval, shown: Approval) -> Alone | None:
    """Why it is decided by itself; `None` where it may be one of several. `shown` is the copy that people see."""
    policy = approval.policy
    if approval.urgency is Urgency.CRITICAL:
        return Alone.CRITICAL
    if policy.confirm:
        return Alone.CONFIRM
    if policy.break_glass:
        return Alone.GLASS
    if approval.revision > 1 or approval.error:
        return Alone.CHANGED
    if approval.questions:
        return Alone.ASKED
    if approval.status is not Status.PENDING or len(approval.actions) != 1:
        return Alone.OTHER
    if not set(VERDICTS) <= set(offered(approval, None)):
        return Alone.OTHER
    hides = (shown.title, shown.description, shown.actions) != (approval.title, approval.description, approval.actions)
    return Alone.HIDDEN if hides or brief(shown) is None else None


def groups(waiting: Iterable[tuple[Approval, Approval]]) -> list[Group]:
    """All kinds of which there are several, in the order in which their first one waits. Pairs of a record and the copy
    that people see."""
    found: dict[Kind, list[Approval]] = {}
    apart: dict[Kind, Counter[Alone]] = {}
    for approval, shown in waiting:
        which = kind(approval)
        if (why := alone(approval, shown)) is None:
            found.setdefault(which, []).append(shown)
        else:
            apart.setdefault(which, Counter())[why] += 1
    return [Group(which, tuple(these), apart.get(which, {})) for which, these in found.items() if len(these) >= FEWEST]


def several(waiting: Iterable[tuple[Approval, Approval]]) -> bool:
    """Whether there is such a kind: looks no further than it must."""
    seen: Counter[Kind] = Counter()
    for approval, shown in waiting:
        if alone(approval, shown) is None:
            seen[kind(approval)] += 1
            if seen[kind(approval)] >= FEWEST:
                return True
    return False


def needs_reason(approvals: Sequence[Approval], verdict: DecisionType) -> bool:
    """Whether one of their policies wants a reason for that."""
    return any(verdict.value in approval.policy.reason_required for approval in approvals)


def reasons(approvals: Sequence[Approval]) -> tuple[str, ...]:
    """The reasons to choose from, where all of their policies offer the same."""
    offered_ = {approval.policy.reasons for approval in approvals}
    return next(iter(offered_)) if len(offered_) == 1 else ()
