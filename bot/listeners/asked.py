"""Questions back: the form that asks, the button in the thread, and the form that answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals import asking_back
from approvals.errors import InputError
from approvals.model import Actor, Approval
from approvals.question import Question, numbered
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from bot import asked, forms, modals, payloads, replies, texts
from bot.listeners.door import Answer, App, Door
from bot.modals import Meta
from bot.payloads import Body, Person


def register(app: App, door: Door) -> None:
    """Registers the listeners. The option of the menu that opens the first form stands in `more`."""
    questions = Questions(door)
    app.view(asked.ASK)(door.listener(questions.ask))
    app.action(asked.ANSWER)(door.listener(questions.open))
    app.view(asked.ANSWER)(door.listener(questions.answer))


class Questions:
    """One method a form or a button."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def ask(self, body: Body, answer: Answer) -> None:
        """Asks what was typed: one commit."""
        person, meta = payloads.person(body), _meta(body)
        actor, approval = await self._door.actor(person, meta.id)
        if approval is None:
            await self._unknown(answer, person)
            return
        text = forms.text(payloads.state_values(body), forms.TEXT)
        await self._said(answer, await self._door.approvals.ask_back(meta.id, actor, text), meta, person)

    async def open(self, body: Body, answer: Answer) -> None:
        """Opens the form for those whom the question was put to."""
        person = payloads.person(body)
        approval_id, number = payloads.question(body)
        actor, approval, _ = await self._asked(person, approval_id, number)
        if approval is None:
            await self._door.unknown(answer, person)
            return
        found = asking_back.answerable(approval, number, actor)
        await answer.ack()
        if isinstance(found, Refusal):
            await answer.say(self._refusal(found, approval, number, person))
            return
        shown = self._door.shown.approval(approval)
        one = numbered(shown.questions, number) or found
        await self._door.slack.open_view(payloads.trigger_id(body), asked.answer_form(shown, one))

    async def answer(self, body: Body, answer: Answer) -> None:
        """Answers with what was typed: one commit."""
        person, meta = payloads.person(body), _meta(body)
        if meta.action is None:
            raise InputError("a form is not of our making: it names no question")
        actor, approval, _ = await self._asked(person, meta.id, meta.action)
        if approval is None:
            await self._unknown(answer, person)
            return
        text = forms.text(payloads.state_values(body), forms.TEXT)
        done = await self._door.approvals.answer_back(meta.id, meta.action, actor, text)
        await self._said(answer, done, meta, person)

    async def _asked(
        self, person: Person, approval_id: str, number: int
    ) -> tuple[Actor, Approval | None, Question | None]:
        """Who answers, as far as the question asks for it. Nothing is told to somebody who may know of none."""
        approval = await self._door.approvals.get(approval_id)
        question = numbered(approval.questions, number) if approval is not None else None
        to = asking_back.answerers(approval, question) if approval is not None and question is not None else ()
        actor = await self._door.directory.actor(person.id, person.team_id, to)
        if approval is not None and person.id not in to and not actor.audiences:
            approval = approval if await self._door.sight.sees(person, approval) else None
        return actor, approval, question

    async def _said(self, answer: Answer, done: Done | Refusal, meta: Meta, person: Person) -> None:
        """Closes the form, or says in it why nothing came of it."""
        if not isinstance(done, Refusal):
            await answer.ack()
        elif done.reason is Reason.INVALID_ANSWER:
            await answer.ack(response_action="errors", errors={forms.TEXT: replies.sentence(done.detail)})
        else:
            now = await self._door.approvals.get(meta.id)
            text = self._refusal(done, now, meta.action or 0, person)
            await answer.ack(response_action="update", view=modals.notice(replies.NOT_DONE, text))

    def _refusal(self, refused: Refusal, approval: Approval | None, number: int, person: Person) -> str:
        question = numbered(approval.questions, number) if approval is not None else None
        if refused.reason is Reason.NOT_ASKED and approval is not None and question is not None:
            return replies.not_asked(texts.everybody(asking_back.answerers(approval, question)))
        return self._door.refusal(refused, approval, person)

    async def _unknown(self, answer: Answer, person: Person) -> None:
        no = self._door.refusal(Refusal(Reason.UNKNOWN), None, person)
        await answer.ack(response_action="update", view=modals.notice(replies.NOT_DONE, no))


def _meta(body: Body) -> Meta:
    view: Mapping[str, Any] = body.get("view") or {}
    meta = modals.metadata(view)
    if meta is None:
        raise InputError("a form is not of our making: its metadata cannot be read")
    return meta
