"""What waits is put under the policies that count now: chosen anew, asked anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from approvals import lifecycle
from approvals.choosing import choose
from approvals.model import ActorRef, Approval, Draft, Thread
from approvals.opening import Opening, Policies
from approvals.policy import Policy, PolicySet
from approvals.ports import Clock, Query
from approvals.refusals import Reason, Refusal
from approvals.service import Approvals, Done
from approvals.terms import narrowed

STEP = 200
"""Records read at once."""


@dataclass(frozen=True, slots=True)
class Reapplied:
    """Ids of what is asked anew, of what stays since its policy says the same, and of what could not be changed."""

    asked: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def policy_now(approval: Approval, policies: PolicySet) -> Policy:
    """The policy that the question would fall under now. People were asked, so one that decides by itself is passed
    over for the one that would ask."""
    draft = Draft(
        interrupt=approval.interrupt,
        dialect=approval.dialect,
        title=approval.title,
        actions=approval.actions,
        urgency=approval.stated or approval.urgency,
    )
    thread = Thread(
        id=approval.thread_id,
        graph=approval.graph,
        input=None,
        created_at=approval.opened_at,
        requester=approval.requester,
    )
    chosen = choose(policies, draft, thread)
    return narrowed(chosen.policy if chosen.policy.decide is None else chosen.asking, approval.terms)


def _says_the_same(approval: Approval, policy: Policy) -> bool:
    """Wherever it was read: another version of the policies may have left this one alone."""
    return replace(policy, source=approval.policy.source) == approval.policy


class Reapply:
    """For admins. Votes that were given are void, the clocks begin anew, and the cards are drawn anew."""

    def __init__(self, approvals: Approvals, policies: Policies, opening: Opening, *, clock: Clock) -> None:
        self._approvals = approvals
        self._policies = policies
        self._opening = opening
        self._clock = clock

    async def one(self, approval_id: str, actor: ActorRef) -> Done | Refusal:
        """One approval. A refusal where it no longer waits, and where its policy says the same."""
        approval = await self._approvals.get(approval_id)
        if approval is None:
            return Refusal(Reason.UNKNOWN, f"there is no approval {approval_id}")
        policy = policy_now(approval, await self._policies())
        no = lifecycle.refusal(approval, lifecycle.Input.REAPPLY)
        if no is None and _says_the_same(approval, policy):
            return Refusal(Reason.NOT_POSSIBLE, f"the policy {policy.name} says what it said when this was opened")
        return no or await self._put(approval, policy, actor, await self._opening.zones(policy, approval.requester))

    async def _put(self, approval: Approval, policy: Policy, actor: ActorRef, zones: tuple[str, ...]) -> Done | Refusal:
        return await self._approvals.change(
            approval.id, lambda a: lifecycle.reapply(a, policy, actor, self._clock(), zones)
        )

    async def everything(self, actor: ActorRef) -> Reapplied:
        """All that waits. Time zones are looked up before anything is changed: where that raises, nothing was."""
        asked, same, refused = list[str](), list[str](), list[str]()
        policies = await self._policies()
        planned: list[tuple[Approval, Policy, tuple[str, ...]]] = []
        for approval in await self._pending():
            policy = policy_now(approval, policies)
            if _says_the_same(approval, policy):
                same.append(approval.id)
            else:
                planned.append((approval, policy, await self._opening.zones(policy, approval.requester)))
        for approval, policy, zones in planned:
            done = await self._put(approval, policy, actor, zones)
            (refused if isinstance(done, Refusal) else asked).append(approval.id)
        return Reapplied(tuple(asked), tuple(same), tuple(refused))

    async def _pending(self) -> list[Approval]:
        found: list[Approval] = []
        while True:
            page = await self._approvals.page(Query(offset=len(found), limit=STEP))
            found += page.approvals
            if not page.approvals or len(found) >= page.total:
                return found
