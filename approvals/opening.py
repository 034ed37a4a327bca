"""How a question becomes an approval: its policy is chosen and frozen into it, and may decide it at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from approvals import lifecycle
from approvals.choosing import Chosen, choose
from approvals.lifecycle import Change
from approvals.model import Draft, Thread
from approvals.policy import Policy, PolicySet, for_requester
from approvals.ports import Clock, Translator
from approvals.refusals import Refusal
from approvals.terms import narrowed

Policies = Callable[[], Awaitable[PolicySet]]
"""The policies as they stand now."""

Zones = Callable[[tuple[str, ...]], Awaitable[tuple[str, ...]]]
"""The time zones of the people whom audience entries stand for; none where they cannot be told."""

log = structlog.get_logger()


async def _nowhere(entries: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001 - the shape of the port
    return ()


class Opening:
    """Opens approvals. `team_zone` is the time zone of working hours that are kept for the team, `environment` what
    this installation is called."""

    def __init__(
        self,
        policies: Policies,
        translator: Translator,
        *,
        clock: Clock,
        team_zone: str = "UTC",
        environment: str = "",
    ) -> None:
        self._policies = policies
        self._translator = translator
        self._clock = clock
        self._team_zone = team_zone
        self._environment = environment
        self._zones: Zones = _nowhere

    def use(self, zones: Zones) -> None:
        """From here on the approvers' own zones can be told."""
        self._zones = zones

    async def open(self, approval_id: str, draft: Draft, thread: Thread) -> Change:
        """The opening, ready to commit: pending, or decided by the policy in the same change."""
        chosen = choose(await self._policies(), draft, thread)
        if chosen.doubts:
            log.warning("condition not told", action="policy.doubt", approval=approval_id, doubts=list(chosen.doubts))
        opened = await self._opened(approval_id, draft, thread, chosen.policy, chosen)
        rule = chosen.policy.decide
        if rule is None:
            return opened
        decided = self._answered(lifecycle.at_opening(opened, rule, self._clock()))
        if not isinstance(decided, Refusal):
            return decided
        log.warning("policy cannot decide", action="policy.doubt", approval=approval_id, policy=chosen.policy.name)
        doubt = f"{chosen.policy.name}: {decided.detail}"
        return await self._opened(approval_id, draft, thread, chosen.asking, chosen, doubt)

    async def _opened(
        self, approval_id: str, draft: Draft, thread: Thread, policy: Policy, chosen: Chosen, *doubts: str
    ) -> Change:
        policy = narrowed(policy, thread.terms)
        zones = await self.zones(policy, thread.requester)
        told = (*chosen.doubts, *doubts)
        now, named = self._clock(), self._environment
        return lifecycle.open_(approval_id, draft, thread, policy, now, zones=zones, doubts=told, environment=named)

    def _answered(self, change: Change | Refusal) -> Change | Refusal:
        if isinstance(change, Refusal):
            return change
        if no := self._translator.check(change.approval, change.approval.decisions[-1]):
            return no
        reply = self._translator.compose(change.approval)
        return reply if isinstance(reply, Refusal) else lifecycle.with_reply(change, reply)

    async def zones(self, policy: Policy, requester: str | None) -> tuple[str, ...]:
        """The zones in which a policy's working hours are kept for those whom it asks first."""
        if policy.hours is None:
            return ()
        if policy.hours.zone == "team":
            return (self._team_zone,)
        if policy.hours.zone != "approver":
            return (policy.hours.zone,)
        return await self._zones(for_requester(policy, requester).audience(0)) or (self._team_zone,)
