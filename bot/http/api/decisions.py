"""What can be done with decisions over HTTP, by a key: ask, look, list, decide, cancel."""

from __future__ import annotations

import base64
import json
import secrets
from typing import cast

from agents.decisions import DECISIONS
from approvals.api_keys import ApiKey, Scope
from approvals.lifecycle import Attempt, offered
from approvals.model import Actor, Approval, DecisionType, JsonValue, Thread
from approvals.refusals import Reason, Refusal
from bot.core import Core
from bot.directory import Directory
from bot.http.api.asking import Asking, question
from bot.http.api.models import CancelDecision, CreateDecision, ResolveDecision
from bot.http.api.problems import ProblemError, refused
from bot.http.api.view import Seen, status
from bot.http.api.waiting import Lookout

OPENING = 10.0
"""Seconds that a new decision is waited for until somebody is asked; then it is told as it is."""
SCANNED = 10
"""Pages that are read at the most to fill one page of a filtered list."""

_NONE = Refusal(Reason.UNKNOWN)


class Decisions:
    """One method a use. Each raises `ProblemError` for whatever a caller must be told."""

    def __init__(self, core: Core, directory: Directory) -> None:
        self._core = core
        self._records = core.records
        self._asking = Asking(core, directory)
        self.lookout = Lookout(core.records.store, core.records.feed)

    async def ask(
        self, key: ApiKey, body: CreateDecision, raw: JsonValue, idempotency: str | None
    ) -> tuple[Seen, bool]:
        """The decision, and whether it is new. The same `Idempotency-Key` of the same key is the same decision."""
        asked = question(body, raw, key, idempotency if idempotency is not None else secrets.token_hex(16))
        known = await self._records.store.thread(asked.id) if idempotency is not None else None
        if known is None:
            requester = await self._asking.passed(body, asked)
            made = await self._core.threads.register(
                DECISIONS,
                {"request": asked.request},
                thread_id=asked.id,
                requester=requester,
                terms=asked.terms,
                actor=key.ref,
            )
            known = await self._records.store.thread(asked.id) if isinstance(made, Refusal) else None
        if known is not None and (known.terms is None or known.terms.digest != asked.terms.digest):
            why = "This Idempotency-Key was used for another request."
            raise ProblemError(422, "idempotency_key_reused", why)
        seen = await self.lookout.until(asked.id, lambda found: found.opened, OPENING)
        if seen is None:
            raise ProblemError(503, "unavailable", "It cannot be read back; try again.", headers={"Retry-After": "2"})
        return seen, known is None

    async def get(self, key: ApiKey, decision_id: str, wait: float = 0) -> Seen:
        """The decision, as soon as it has ended or after so many seconds."""
        seen = await self.lookout.until(decision_id, lambda found: found.ended or not _may_see(key, found), wait)
        if seen is None or not _may_see(key, seen):
            raise refused(_NONE)
        return self._shown(key, seen)

    def _shown(self, key: ApiKey, seen: Seen) -> Seen:
        """Whoever asked sees what they sent and were answered; others see it with secrets hidden."""
        if seen.approval is None or _own(key, seen):
            return seen
        return Seen(seen.thread, self._records.shown.approval(seen.approval))

    async def page(
        self, key: ApiKey, wanted: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Seen], str | None]:
        """Newest first, and where the next page begins. An admin key sees those of all."""
        owner = None if key.may(Scope.ADMIN) else key.id
        after = _position(cursor) if cursor else None
        found: list[Seen] = []
        for _ in range(SCANNED):
            rows = await self._records.asked.page(key_id=owner, graph=DECISIONS, after=after, limit=limit + 1)
            more, rows = len(rows) > limit, rows[:limit]
            scores = {approval_id: score for score, approval_id in rows}
            for approval in await self._records.asked.load([approval_id for _, approval_id in rows]):
                seen = self._shown(key, Seen(None, approval))
                if wanted is None or status(seen) == wanted:
                    found.append(seen)
                after = (scores[approval.id], approval.id)
                if len(found) == limit:
                    more = more or approval.id != rows[-1][1]
                    return found, _cursor(after) if more else None
            if not more:
                return found, None
        return found, _cursor(after) if after else None

    async def decide(self, key: ApiKey, decision_id: str, body: ResolveDecision) -> Seen:
        """A key decides, where the policy names it, as `api:NAME`."""
        approval = await self._approval(key, decision_id)
        actor = Actor(key.ref, audiences=frozenset({key.ref.id}))
        done = await self._records.approvals.decide(approval.id, _attempt(approval, body, actor), actor)
        if isinstance(done, Refusal):
            raise refused(done)
        return self._shown(key, Seen(await self._thread(decision_id), done.approval))

    async def cancel(self, key: ApiKey, decision_id: str, body: CancelDecision) -> Seen:
        """Whoever asked no longer wants an answer."""
        approval = await self._approval(key, decision_id)
        seen = Seen(await self._thread(decision_id), approval)
        if not (_own(key, seen) or key.may(Scope.ADMIN)):
            raise ProblemError(403, "not_yours", "Only the key that asked can cancel it, or an admin key.")
        done = await self._records.approvals.cancel(approval.id, key.ref, body.reason.strip())
        if isinstance(done, Refusal):
            raise refused(done)
        return self._shown(key, Seen(seen.thread, done.approval))

    async def _approval(self, key: ApiKey, decision_id: str) -> Approval:
        seen = await self.lookout.look(decision_id)
        if seen is None or not _may_see(key, seen):
            raise refused(_NONE)
        if seen.approval is None:
            why = "It was registered a moment ago and is not asked yet; try again."
            raise ProblemError(409, "not_asked_yet", why)
        return seen.approval

    async def _thread(self, decision_id: str) -> Thread | None:
        return await self._records.store.thread(decision_id)


def _own(key: ApiKey, seen: Seen) -> bool:
    holder = seen.thread or seen.approval
    return holder is not None and holder.terms is not None and holder.terms.key == key.id


def _may_see(key: ApiKey, seen: Seen) -> bool:
    """What it asked for; all for an admin; what it may decide."""
    ours = seen.thread is None or seen.thread.graph == DECISIONS
    named = seen.approval is not None and key.may(Scope.RESOLVE) and key.ref.id in seen.approval.named
    return ours and (_own(key, seen) or key.may(Scope.ADMIN) or named)


def _attempt(approval: Approval, body: ResolveDecision, actor: Actor) -> Attempt:
    kinds = offered(approval, None)
    typed = DecisionType.RESPOND in kinds and (body.response_data is not None or DecisionType.APPROVE not in kinds)
    kind = {"deny": DecisionType.DENY, "modify": DecisionType.EDIT}.get(body.action)
    if kind is None:
        kind = DecisionType.RESPOND if typed else DecisionType.APPROVE
    said = [body.notes or "", f"(The key says: decided by {body.resolved_by}.)" if body.resolved_by else ""]
    data = body.response_data
    return Attempt(
        type=kind,
        actor=actor.ref,
        reason=" ".join(part for part in said if part) or None,
        args=data if kind is DecisionType.EDIT else None,
        text=json.dumps(data or {}, ensure_ascii=False) if kind is DecisionType.RESPOND else None,
    )


def _cursor(after: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[int, str]:
    try:
        found = cast("object", json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
        score, name = cast("tuple[object, object]", found)
        if isinstance(score, int) and 0 <= score < 2**53 and isinstance(name, str):
            return score, name
    except (ValueError, TypeError, RecursionError):
        pass
    raise ProblemError(422, "invalid", "The cursor is none that was given here.", field="cursor")
