"""What is sent from a form. A refusal is shown in the form: nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from approvals.errors import InputError
from approvals.lifecycle import Attempt
from approvals.model import Approval, DecisionType
from approvals.refusals import Reason, Refusal
from approvals.tally import proposed
from bot import forms, modals, payloads, reasons, replies, schema_form
from bot.buttons import GLASS
from bot.card import hides
from bot.edited import edited
from bot.listeners.door import Answer, App, Door
from bot.modals import Meta
from bot.payloads import Body
from bot.review import pages
from bot.schema_branches import BRANCH


def register(app: App, door: Door) -> None:
    """Registers the listeners."""
    submissions = Submissions(door)
    for kind in DecisionType:
        app.view(kind.value)(door.listener(submissions.decide))
    app.view(modals.REVIEW)(door.listener(submissions.decide))
    app.view(GLASS)(door.listener(submissions.decide))
    app.action(BRANCH)(door.listener(submissions.branch))
    app.action(re.compile(r"^review:(prev|next)$"))(door.listener(submissions.page))


class Submissions:
    """Forms of decisions, and the pages of the full view."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def decide(self, body: Body, answer: Answer) -> None:
        """Decides with what was typed; what is wrong with it is said at the field."""
        view: Mapping[str, Any] = body.get("view") or {}
        meta = modals.metadata(view)
        if meta is None:
            raise InputError("a form is not of our making: its metadata cannot be read")
        alone = view["callback_id"] == GLASS
        kind = modals.verdict_of(view["callback_id"], payloads.state_values(body))
        if kind is None:
            raise InputError("a form is not of our making: it names no decision")
        person = payloads.person(body)
        actor, approval = await self._door.actor(person, meta.id)
        if approval is None:
            no = self._door.refusal(Refusal(Reason.UNKNOWN), None, person)
            await answer.ack(response_action="update", view=modals.notice(replies.NOT_DONE, no))
            return
        shown = self._door.shown.approval(approval)
        attempt = self._attempt(kind, meta, approval, shown, payloads.state_values(body))
        if isinstance(attempt, forms.FieldErrors):
            await answer.ack(response_action="errors", errors=dict(attempt.errors))
            return
        if view["callback_id"] == modals.REVIEW and approval.revision == meta.revision:
            await self._door.viewed(shown, actor.ref, len(pages(shown)) - 1)  # they sent its last page
        must_see = not alone and hides(shown, meta.action)
        said = Attempt(actor=actor.ref, alone=alone, must_see=must_see, **attempt)
        done = await self._door.approvals.decide(meta.id, said, actor)
        if not isinstance(done, Refusal):
            await answer.ack()
        elif (errors := _inline(done, kind, meta, shown, payloads.state_values(body))) is not None:
            await answer.ack(response_action="errors", errors=errors)
        else:
            now = await self._door.approvals.get(meta.id)
            notice = modals.notice(replies.NOT_DONE, self._door.refusal(done, now, person), payloads.typed(body))
            await answer.ack(response_action="update", view=notice)
            await self._door.redraw(meta.id)

    @staticmethod
    def _attempt(
        kind: DecisionType, meta: Meta, approval: Approval, shown: Approval, values: Mapping[str, Any]
    ) -> dict[str, Any] | forms.FieldErrors:
        """What was typed. What does not fit the record as it stands is left for `decide` to refuse. `shown` is what the
        form was made of: where it hides something that was left alone, the real value stays."""
        said: dict[str, Any] = {"type": kind, "action": meta.action, "revision": meta.revision}
        said["reason"] = reasons.read(approval.policy if approval else None, values)
        index = meta.action or 0
        if approval.revision != meta.revision or index >= len(approval.actions):
            return said
        if kind is DecisionType.RESPOND and schema_form.has_form(approval):
            text = schema_form.read(shown, values)
            return text if isinstance(text, forms.FieldErrors) else said | {"text": text}
        if kind is DecisionType.RESPOND:
            return said | {"text": forms.text(values, forms.TEXT)}
        if kind is DecisionType.EDIT:
            args = edited(proposed(approval, index), proposed(shown, index), values)
            return args if isinstance(args, forms.FieldErrors) else said | {"args": args}
        return said

    async def branch(self, body: Body, answer: Answer) -> None:
        """Another form of the answer was chosen: its inputs come up. What was typed elsewhere in the form stays."""
        await answer.ack()
        view: Mapping[str, Any] = body.get("view") or {}
        meta, view_id = modals.metadata(view), payloads.view_id(body)
        if meta is None or view_id is None:
            raise InputError("a form is not of our making: its metadata cannot be read")
        approval = await self._door.seen(payloads.person(body), meta.id)
        if approval is None or approval.revision != meta.revision or not schema_form.has_form(approval):
            return  # it is refused when it is sent
        at = schema_form.branch_of(approval, payloads.state_values(body))
        await self._door.slack.update_view(view_id, modals.respond(approval, meta.action, at))

    async def page(self, body: Body, answer: Answer) -> None:
        """Another page of the full view."""
        await answer.ack()
        found = payloads.json_value(body)
        approval_id, page = found.get("id"), found.get("page")
        view_id = payloads.view_id(body)
        if not isinstance(approval_id, str) or not isinstance(page, int) or view_id is None:
            raise InputError("a page button is not of our making")
        meta = modals.metadata(body.get("view") or {})
        actor, approval = await self._door.actor(payloads.person(body), approval_id)
        if approval is None:
            return
        action = meta.action if meta is not None and meta.revision == approval.revision else None
        page = page if found.get("revision") == approval.revision else 0  # another question: from its beginning
        shown, approve = self._door.shown.approval(approval), await self._door.may_approve(approval, actor, action)
        await self._door.slack.update_view(view_id, modals.review(shown, page, action, approve=approve))
        await self._door.viewed(shown, actor.ref, page)


def _inline(
    refusal: Refusal, kind: DecisionType, meta: Meta, approval: Approval, state: Mapping[str, Any]
) -> dict[str, str] | None:
    """The refusal beside the field it is about; `None` if it cannot be mended there."""
    block: str | None = None
    if refusal.reason is Reason.REASON_REQUIRED:
        block = forms.REASON
    elif refusal.reason is Reason.INVALID_ANSWER and kind is DecisionType.RESPOND:
        block = forms.TEXT
        if schema_form.has_form(approval):
            block = schema_form.block_of(approval, refusal.field, state)
    elif refusal.reason is Reason.INVALID_ANSWER:
        index = meta.action or 0
        block = forms.block_of(proposed(approval, index), refusal.field) if index < len(approval.actions) else None
    return {block: replies.sentence(refusal.detail)} if block else None
