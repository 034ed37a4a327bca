"""A request becomes a question of Signoff's own graph, and is held against the policy that it falls under."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, cast

from langgraph.types import Interrupt
from pydantic import JsonValue

from agents.decisions import DECISIONS
from agents.dialects import Dialects
from approvals.api_keys import ApiKey
from approvals.choosing import choose
from approvals.entries import both
from approvals.errors import ConfigError
from approvals.model import DecisionType, Draft, Thread
from approvals.policy import Policy, for_requester
from approvals.refusals import Reason, Refusal
from approvals.terms import Terms, first_asked, unfit
from bot.core import Core
from bot.directory import Directory
from bot.http.api.models import Choose, Confirm, CreateDecision, NumberInput
from bot.http.api.problems import ProblemError, refused
from bot.outgoing import Allowed, fault

URGENCIES = {"low": "low", "medium": "normal", "high": "high", "critical": "critical"}
MINUTE = 60.0
_APPROVER = re.compile(r"[UWSCG][A-Z0-9]{2,}|[@#][^\s#@,]+|[^\s@,]+@[^\s@,]+\.[^\s@,]+")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}|[^\s@,]+@[^\s@,]+\.[^\s@,]+")
_DIALECTS = Dialects()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, on which terms, under which id."""

    id: str
    request: dict[str, JsonValue]
    terms: Terms


def question(body: CreateDecision, raw: JsonValue, key: ApiKey, chance: str) -> Question:
    """The question of a request. `chance` makes the id: the `Idempotency-Key`, or something random."""
    made = hashlib.sha256(f"{key.id}\0{chance}".encode()).digest()
    canonical = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    terms = Terms(
        approver=body.approver,
        within=None if body.timeout_minutes is None else body.timeout_minutes * MINUTE,
        confirm=isinstance(body.response_type, Confirm),
        critical=body.urgency == "critical",
        key=key.id,
        name=key.name,
        callback=body.callback_url or "",
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )
    return Question(f"d-{base64.b32encode(made).decode()[:26].lower()}", _request(body), terms)


def _request(body: CreateDecision) -> dict[str, JsonValue]:
    """As `agents.dialects.decision` reads it, without what was not said."""
    kind: Any = body.response_type
    if kind is None and body.options:
        kind = Choose(type="choose", choices=body.options)
    stated: dict[str, JsonValue] = {"action": body.action, "urgency": URGENCIES[body.urgency]}
    if body.context:
        stated["context"] = body.context
    if kind is not None and kind.type not in ("approve_deny", "confirm"):
        stated["response_type"] = cast("JsonValue", kind.model_dump(exclude_none=True))
    if body.args:
        stated["args"] = body.args
    if body.context_images:
        stated["images"] = list[JsonValue](body.context_images)
    if body.enforce:
        stated["enforce"] = True
    return stated


class Asking:
    """What a request must pass before anybody is asked."""

    def __init__(self, core: Core, directory: Directory) -> None:
        self._core = core
        self._directory = directory

    async def passed(self, body: CreateDecision, asked: Question) -> str | None:
        """Returns the requester's id, if one was named. Raises `ProblemError` where it cannot be asked like that."""
        kind = body.response_type
        if body.approver is not None and not _APPROVER.fullmatch(body.approver):
            why = "approver is an e-mail address, a Slack id (U0123, S0123) or an @group."
            raise ProblemError(422, "invalid", why, field="approver")
        if isinstance(kind, NumberInput) and kind.min is not None and kind.max is not None and kind.min > kind.max:
            raise ProblemError(422, "invalid", "min is greater than max.", field="response_type.min")
        self._callback(body.callback_url)
        requester = await self._requester(body.requester)
        await self._under_policy(asked, requester)
        return requester

    def _callback(self, url: str | None) -> None:
        settings = self._core.settings
        if url is None:
            return
        if settings.signoff_callback_secret is None:
            why = "Callbacks are not set up here (SIGNOFF_CALLBACK_SECRET): leave callback_url out, and wait or poll."
            raise ProblemError(422, "no_callbacks", why, field="callback_url")
        if wrong := fault(url, Allowed(settings.signoff_callback_hosts)):
            raise ProblemError(422, "invalid", f"callback_url {wrong}.", field="callback_url")

    async def _requester(self, named: str | None) -> str | None:
        if named is None:
            return None
        try:
            found = await self._directory.members(named) if _PERSON.fullmatch(named) else ()
        except ConfigError:
            found = ()
        if len(found) != 1:
            why = "requester is the e-mail address or the Slack user id of somebody in the workspace."
            raise ProblemError(422, "invalid", why, field="requester")
        return found[0]

    async def _under_policy(self, asked: Question, requester: str | None) -> None:
        draft = draft_of(asked)
        thread = Thread(
            id=asked.id,
            graph=DECISIONS,
            input=None,
            requester=requester,
            created_at=self._core.records.clock(),
            terms=asked.terms,
        )
        policy = choose(await self._core.records.book.policies(), draft, thread).policy
        typed = DecisionType.RESPOND in draft.actions[0].allowed
        if no := unfit(policy, asked.terms, typed=typed):
            raise refused_as_unfit(no)
        if policy.decide is None and asked.terms.approver is not None:
            await self._among(asked.terms.approver, policy, requester)

    async def _among(self, approver: str, policy: Policy, requester: str | None) -> None:
        """A request cannot bring in anybody whom the policy does not ask."""
        entries = first_asked(for_requester(policy, requester))
        try:
            people = await self._directory.people(approver if approver in entries else both(approver, entries))
        except ConfigError:
            people = ()
        if not people:
            why = f"The policy {policy.name} does not ask {approver}: name somebody whom it asks, or leave it out."
            raise ProblemError(422, "not_asked", why, field="approver")


def draft_of(asked: Question) -> Draft:
    """The question as the driver will read it."""
    return _DIALECTS.read(Interrupt(value=asked.request, id="0" * 32), graph=DECISIONS, node="ask")


def refused_as_unfit(no: Refusal) -> ProblemError:
    """A question that this policy does not let be asked like that."""
    found = refused(Refusal(Reason.INVALID_ANSWER, no.detail[:1].upper() + no.detail[1:] + ".", no.field))
    found.kind = "not_under_policy"
    return found
