"""Tells whoever asked over HTTP how it ended: due work of the kind `callback`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

import structlog
from pydantic import JsonValue

from approvals import calling
from approvals.errors import Later
from approvals.model import Approval
from approvals.performer import BUSY_AGAIN
from approvals.points import Point, reached
from approvals.ports import Clock
from approvals.refusals import Reason, Refusal
from approvals.service import Approvals
from approvals.transitions import Change
from bot.http.api.view import Seen, decision
from bot.outgoing import Outgoing

Describe = Callable[[Approval], Mapping[str, JsonValue]]
"""An approval as those see it who asked for it over HTTP."""

log = structlog.get_logger()


class Callbacks:
    """Sends at least once: whoever is called knows a repetition by its `webhook-id`."""

    def __init__(
        self, approvals: Approvals, outgoing: Outgoing, describe: Describe, *, clock: Clock, rng: random.Random
    ) -> None:
        self._approvals = approvals
        self._outgoing = outgoing
        self._describe = describe
        self._clock = clock
        self._rng = rng

    async def send(self, approval_id: str) -> datetime | None:
        """One attempt. When to try again, `None` for never."""
        approval = await self._approvals.get(approval_id)
        if approval is None or not calling.owed(approval):
            return None
        now = self._clock()
        wrong = await self._outgoing.post(approval.callback, identity(approval), now, self._body(approval))
        if wrong is None:
            reached(Point.CALLED_BACK, approval_id)
            await self._note(approval, lambda one: calling.delivered(one, self._clock()))
            log.info("called back", action="callback.sent", approval=approval_id)
            return None
        pause = calling.pause((approval.delivery.attempts if approval.delivery else 0) + 1, self._rng)
        again = now + pause if pause is not None else None
        await self._note(approval, lambda one: calling.failed(one, wrong.why, self._clock(), again))
        log.warning("not called back", action="callback.failed", approval=approval_id, why=wrong.why)
        return again

    async def _note(self, told: Approval, step: Callable[[Approval], Change | Refusal | None]) -> None:
        """Writes down what came of it, but not where it was opened again and ended anew meanwhile: of that end nobody
        was told. Raises `Later` where it could not be written."""
        same = identity(told)
        done = await self._approvals.change(told.id, lambda one: step(one) if identity(one) == same else None)
        if isinstance(done, Refusal) and done.reason is Reason.BUSY:
            raise Later(BUSY_AGAIN.total_seconds())

    def _body(self, approval: Approval) -> bytes:
        ended = approval.closed_at.isoformat() if approval.closed_at is not None else None
        told = {"type": "decision.ended", "timestamp": ended, "data": dict(self._describe(approval))}
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def identity(approval: Approval) -> str:
    """The same for every attempt to tell of one end; another where it was opened again and ended anew."""
    ended = approval.closed_at or approval.opened_at
    return f"{approval.id}.{int(ended.timestamp() * 1000)}"


def described(approval: Approval) -> Mapping[str, JsonValue]:
    """As `GET /decisions/{id}` tells it."""
    return cast("Mapping[str, JsonValue]", decision(Seen(None, approval), approval.thread_id).model_dump(mode="json"))
