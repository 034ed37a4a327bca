"""People who go on clicking until their answer counts, each in their own way, some of them against each other."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from redis.exceptions import RedisError

from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, Source, Status
from approvals.service import Done
from bot.core import utc_now
from bot.listeners.door import ACK_WITHIN
from localslack import Delivery, View
from tests.chaos.house import CHANNEL, PATIENCE, Agent, House, surely

ANA, BEN = "U0ANA", "U0BEN"
OPERATOR = Actor(ActorRef("pat", Source.CLI))
FORM = 2.0
"""Seconds in which a form comes up, or is asked for again."""
AMOUNT_FIELD = "arg:1"


class Way(Enum):
    """How a question is answered."""

    NOBODY = auto()
    """Time runs out."""
    LATE = auto()
    """By a click at about the moment at which it expires."""
    CLICK = auto()
    EDIT = auto()
    UNDO = auto()
    """By a click, which is taken back once if that comes in time, and another one."""
    CHANCE = auto()
    """By one person or by two at once: a click or an edit, against nobody, a denial, or an edit against a click."""


@dataclass
class People:
    """Those who answer in one story. `typed`: by approval and person, every amount they sent."""

    house: House
    chance: random.Random
    typed: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _forms: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def see_to(self, agent: Agent, way: Way = Way.CHANCE) -> None:
        """Answers all that the agent asks, what stands open beside each other at once, until it has ended and all of it
        is reported."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.house.approvals(agent)
                await asyncio.gather(*(self._answer(one, way) for one in found if one.status is Status.PENDING))
                if way is Way.UNDO:
                    await asyncio.gather(*(self._undo(one) for one in found if one.held_until and one.revision == 1))
                if sum(self._ended(one) for one in found) == agent.questions:
                    return
                await asyncio.sleep(0.05)

    def _ended(self, approval: Approval) -> bool:
        told = approval.delivery if approval.callback else self.house.replies(approval.id, "report")
        return approval.status is Status.RESUMED and bool(told)

    async def _answer(self, approval: Approval, way: Way) -> None:
        """One try."""
        person, other = self.chance.sample((ANA, BEN), 2)
        if way is Way.NOBODY or (way is Way.LATE and not self._late(approval)):
            return
        soon = self.chance.uniform(0, 0.04)  # neither of two is always first
        if way in (Way.CLICK, Way.LATE, Way.UNDO) or (way is Way.CHANCE and self.chance.random() < 0.3):
            await self._approve(approval, person)
        elif way is Way.EDIT:
            await self._edit(approval, person)
        elif self.chance.random() < 0.5:
            await self._edit(approval, person, against=_after(soon, self._approve(approval, other)))
        else:
            await asyncio.gather(self._approve(approval, person), _after(soon, self._deny(approval)))

    def _late(self, approval: Approval) -> bool:
        assert approval.expires_at is not None
        return approval.expires_at - utc_now() < timedelta(seconds=self.chance.uniform(-0.15, 0.1))

    async def _deny(self, approval: Approval) -> None:
        attempt = Attempt(type=DecisionType.DENY, actor=OPERATOR.ref, reason="not this one")
        with suppress(RedisError, OSError):  # which says nothing of what became of it
            done = await self.house.records.approvals.decide(approval.id, attempt, OPERATOR)
            if isinstance(done, Done):
                self.house.saw(done.approval)

    async def _approve(self, approval: Approval, person: str) -> None:
        if await self._click(approval, person, "approve"):
            await self._counted(approval)

    async def _undo(self, approval: Approval) -> None:
        if await self._click(approval, self.chance.choice((ANA, BEN)), "undo"):
            after = await surely(lambda: self.house.records.approvals.get(approval.id))
            assert after is not None
            self.house.saw(after)

    async def _edit(self, approval: Approval, person: str, against: Coroutine[Any, Any, None] | None = None) -> None:
        """Opens the form, and sends it with another amount; while somebody else decides `against` it."""
        amount = self.chance.randint(1, 99)
        async with self._forms[person]:
            view = await self._form(approval, person)
            if view is not None:
                self.typed[approval.id, person].add(amount)
                await asyncio.gather(self._send(approval, person, view, amount), *([against] if against else []))
            elif against is not None:
                await against

    async def _send(self, approval: Approval, person: str, view: View, amount: int) -> None:
        with suppress(LookupError, ValueError):  # another form may have come up in its place
            if await _known(self.house.slack.submit(person, view.id, {AMOUNT_FIELD: amount})):
                await self._counted(approval)

    async def _form(self, approval: Approval, person: str) -> View | None:
        """The form of this approval; `None` if it does not come up."""
        slack = self.house.slack
        while (old := slack.modal(person)) is not None:
            await slack.close_view(person, old.id, whole_stack=True)
        if not await self._click(approval, person, "edit"):
            return None

        def look() -> View | None:
            view = slack.modal(person)
            return view if view is not None and approval.id in view.private_metadata else None

        with suppress(TimeoutError):
            return await slack.wait_for(look, timeout=FORM)
        return None

    async def _click(self, approval: Approval, person: str, verb: str) -> bool:
        """Whether it was acknowledged once it was known what came of it. There may be nothing to click on just now."""
        cards = self.house.cards(approval.id)
        if not cards or not self.house.slack.connections:
            return False
        with suppress(LookupError, ValueError):  # it may be redrawn without buttons just now
            return await _known(self.house.slack.click(person, CHANNEL, self.chance.choice(cards).ts, verb))
        return False

    async def _counted(self, approval: Approval) -> None:
        """What was acknowledged is on record, whoever was first."""
        after = await surely(lambda: self.house.records.approvals.get(approval.id))
        assert after is not None
        self.house.saw(after)
        if after.status is Status.PENDING:  # where Redis was away they were told that nothing came of it
            said = [one.text for person in (ANA, BEN) for one in self.house.slack.ephemerals(person)]
            trail = await surely(lambda: self.house.records.approvals.audit(approval.id))
            assert self.house.redis_kills, f"an acknowledged click was lost: {approval!r} {after!r} {trail!r} {said!r}"


async def _known(sending: Awaitable[Delivery]) -> bool:
    """Whether it was acknowledged, and not because time was up: a replica that stood still says nothing by that."""
    began = asyncio.get_running_loop().time()
    return (await sending).ok and asyncio.get_running_loop().time() - began < ACK_WITHIN


async def _after(seconds: float, doing: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await doing
