"""Several approvals in one go: choose, confirm, decide each by itself, say what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from approvals.errors import InputError
from approvals.lifecycle import Attempt
from approvals.model import Actor, Approval, DecisionType, Standing
from approvals.refusals import Refusal
from bot import bulk, bulk_views, forms, modals, payloads, reasons, replies, texts_bulk
from bot.bulk_views import About, Chosen, Left
from bot.find import LONGEST
from bot.listeners.door import Answer, App, Door
from bot.listeners.finding import Finder
from bot.listeners.home import draw
from bot.payloads import Body, Person

PROMPT = 1.5
"""Seconds within which the answer to the form is what came of it. If it takes longer, the form says so until then."""

APART = 1.0
"""Seconds between that answer and what came of it, at the least: they go different ways, and the later one must win."""

log = structlog.get_logger()


def register(app: App, door: Door) -> None:
    """Registers the listeners."""
    many = Bulk(door)
    app.action(bulk_views.OPEN)(door.listener(many.open))
    app.action(bulk_views.KIND)(door.listener(many.turn))
    app.action(bulk_views.TICK)(door.listener(many.turn))
    app.view(bulk_views.PICK)(door.listener(many.pick))
    app.view(bulk_views.DECIDE)(door.listener(many.decide))


class Bulk:
    """Nothing here decides but `service.decide`, once for each, on the revision that was shown."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._finder = Finder(door)

    async def open(self, body: Body, answer: Answer) -> None:
        """What can be decided together, of what the list looked for. A trigger is good for three seconds, so the form
        comes up empty first."""
        await answer.ack()
        person = payloads.person(body)
        find = payloads.json_value(body).get("find")
        if not isinstance(find, str) or len(find) > LONGEST:
            raise InputError("a button is not of our making: it does not say what is looked for")
        if await self._door.directory.standing(person.id, person.team_id) is not Standing.MEMBER:
            await answer.say(replies.MEMBERS_ONLY)
            return
        about = About(find=find, home=payloads.view_id(body) is not None)
        view = modals.notice(texts_bulk.TITLE, texts_bulk.LOOKING)
        form = await self._door.slack.open_view(payloads.trigger_id(body), view)
        await self._draw(form, about, person)

    async def turn(self, body: Body, answer: Answer) -> None:
        """Another kind, or all of this one ticked."""
        await answer.ack()
        about, form = bulk_views.about(body.get("view") or {}), payloads.view_id(body)
        if about is None or form is None:
            raise InputError("a form is not of our making: its metadata cannot be read")
        kind = payloads.option_value(body)
        await self._draw(form, about, payloads.person(body), kind or payloads.button_value(body), ticked=not kind)

    async def _draw(self, form: str, about: About, person: Person, key: str = "", *, ticked: bool = False) -> None:
        waiting = await self._finder.waiting(about.find, person)
        groups = bulk.groups((approval, self._door.shown.approval(approval)) for approval in waiting)
        none = modals.notice(texts_bulk.TITLE, texts_bulk.NONE)
        view = bulk_views.choose(groups, about, key, ticked=ticked) if groups else none
        await self._door.slack.update_view(form, view)

    async def pick(self, body: Body, answer: Answer) -> None:
        """Asks once more, with each of them whole; what cannot be decided any more is named, and why."""
        about, state = bulk_views.about(body.get("view") or {}), payloads.state_values(body)
        kind, chosen = bulk_views.verdict(state), bulk_views.ticked(state)
        if about is None or kind is None:
            raise InputError("a form is not of our making: its metadata or its choice cannot be read")
        if not chosen:
            first = next((block for block in state if block.startswith("pick:")), bulk_views.VERDICT)
            await answer.ack(response_action="errors", errors={first: texts_bulk.PICK_SOME})
            return
        person = payloads.person(body)
        kept: list[Approval] = []
        left: list[Left] = []
        for one in chosen:
            found = await self._able(one, kind, person)
            if isinstance(found, Left):
                left.append(found)
            else:
                kept.append(self._door.shown.approval(found[1]))
        about = replace(about, verdict=kind, chosen=tuple(Chosen(one.id, one.revision) for one in kept))
        view = bulk_views.confirm(kept, left, about) if kept else bulk_views.none_left(left)
        await answer.ack(response_action="push", view=view)

    async def _able(self, one: Chosen, kind: DecisionType, person: Person) -> tuple[Actor, Approval] | Left:
        """Whether they may decide it in this way, as it was shown."""
        actor, approval = await self._door.actor(person, one.id)
        if approval is None:
            return Left(texts_bulk.named(None, one.id), replies.STRAY)
        attempt = Attempt(type=kind, actor=actor.ref, revision=one.revision)
        found = await self._door.approvals.may_decide(one.id, actor, attempt)
        if isinstance(found, Refusal):
            return await self._refused(found, approval, person)
        if bulk.alone(found, self._door.shown.approval(found)) is not None:
            return Left(texts_bulk.named(self._door.shown.approval(found), one.id), texts_bulk.CARD)
        return actor, found

    async def _refused(self, no: Refusal, approval: Approval, person: Person) -> Left:
        """In the words of the record as it stands now: somebody else may have got there a moment ago."""
        approval = await self._door.approvals.get(approval.id) or approval
        named = texts_bulk.named(self._door.shown.approval(approval), approval.id)
        return Left(named, self._door.refusal(no, approval, person))

    async def decide(self, body: Body, answer: Answer) -> None:
        """Each by itself, in its own commit; then the form says what came of each."""
        view: Mapping[str, Any] = body.get("view") or {}
        about, form = bulk_views.about(view), payloads.view_id(body)
        if about is None or about.verdict is None or form is None:
            raise InputError("a form is not of our making: its metadata cannot be read")
        person, kind, state = payloads.person(body), about.verdict, payloads.state_values(body)
        reason = await self._reason(about, state)
        if isinstance(reason, forms.FieldErrors):
            await answer.ack(response_action="errors", errors=dict(reason.errors))
            return
        work = asyncio.create_task(self._all(about, reason, person))
        await asyncio.wait({work}, timeout=PROMPT)
        if work.done():
            await answer.ack(response_action="update", view=work.result())
        else:
            await answer.ack(response_action="update", view=bulk_views.working(kind, len(about.chosen)))
            _, came = await asyncio.gather(asyncio.sleep(APART), work)
            await self._door.slack.update_view(form, came)
        if about.home:
            await draw(self._door, person.id)

    async def _all(self, about: About, reason: str | None, person: Person) -> dict[str, Any]:
        """One after the other; what came of each."""
        done: list[tuple[str, str]] = []
        left: list[Left] = []
        for one in about.chosen:
            came = await self._decided(one, about, reason, person)
            if isinstance(came, Left):
                left.append(came)
            else:
                done.append(came)
        log.info("bulk", action="bulk.decided", person=person.id, chosen=len(about.chosen), done=len(done))
        return bulk_views.result(done, left)

    async def _reason(self, about: About, state: Mapping[str, Any]) -> str | forms.FieldErrors | None:
        """What was typed or chosen, where that is enough for all of them."""
        found = [await self._door.approvals.get(one.id) for one in about.chosen]
        records = [approval for approval in found if approval is not None]
        if not records or about.verdict is None:
            return None
        reason = reasons.read(bulk_views.policy_for(records), state)
        if reason is None and bulk.needs_reason(records, about.verdict):
            return forms.FieldErrors({forms.REASON: texts_bulk.NEEDS_REASON})
        return reason

    async def _decided(self, one: Chosen, about: About, reason: str | None, person: Person) -> tuple[str, str] | Left:
        """One of them: its name and what became of it, or why nothing did. Whatever happens, the others go on."""
        try:
            able = await self._able(one, about.verdict or DecisionType.DENY, person)
            if isinstance(able, Left):
                return able
            actor, approval = able
            said = Attempt(
                type=about.verdict or DecisionType.DENY,
                actor=actor.ref,
                revision=one.revision,
                reason=reason,
                bulk=len(about.chosen),
            )
            done = await self._door.approvals.decide(one.id, said, actor)
            if isinstance(done, Refusal):
                await self._door.redraw(one.id)
                return await self._refused(done, approval, person)
            return texts_bulk.named(self._door.shown.approval(approval), one.id), texts_bulk.became(done.approval)
        except Exception as failed:  # each is a decision of its own
            log.error("bulk failed", action="bulk.failed", approval=one.id, exc_info=failed)
            return Left(texts_bulk.named(None, one.id), texts_bulk.BROKEN)
