"""Questions that approvers ask back, drawn: on the card, in its thread, and the two forms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from approvals.asking_back import put_to
from approvals.model import Approval, Status
from approvals.question import MAX_WORDS, Question
from bot import forms, texts, texts_asked
from bot.rich import (
    Block,
    Message,
    actions,
    button,
    clean,
    context,
    fallback,
    inline,
    modal,
    plain_text,
    quote,
    rich,
    section,
)

ASK, ANSWER = "ask_back", "answer"
"""The ids of the two forms; the second one also that of the button that opens it."""

DRAWN = 3
"""So many questions a card shows; the rest is in full view."""


def on_card(approval: Approval, room: int) -> tuple[list[Block], bool]:
    """The latest questions with their answers, in about `room` characters, and whether that is all of it."""
    shown = approval.questions[-DRAWN:]
    if not shown:
        return [], True
    limit = max(60, room // (2 * len(shown)))
    over = approval.status is not Status.PENDING
    blocks = [section(texts_asked.exchange(question, limit, over=over)) for question in shown]
    left = len(approval.questions) - len(shown)
    whole = all(inline(text, limit) == inline(text, 10 * MAX_WORDS) for one in shown for text in _words(one))
    return ([context(texts_asked.earlier(left))] if left else []) + blocks, whole and not left


def _words(question: Question) -> tuple[str, str]:
    return question.text, question.answer or ""


def question(approval: Approval, one: Question, called: Sequence[str], names: Mapping[str, str]) -> Message:
    """In the thread of a card, or to somebody who was asked: the question, with a button as long as it is open."""
    sentence = texts_asked.asks(approval, one, called, names)
    blocks = [section(f":question: {sentence}"), rich(quote(clean(one.text)))]
    if one.open:
        answer = button("Answer…", ANSWER, f"{approval.id}:{one.number}", style="primary", about=texts.title(approval))
        blocks += [actions([answer]), context(texts_asked.ALONE)]
    else:
        blocks.append(context(texts_asked.answered_by(one, names)))
    return Message(fallback(f"{sentence} – {inline(one.text, 150)}"), blocks)


def answer(one: Question, called: Sequence[str], names: Mapping[str, str]) -> Message:
    """In the thread of a card: the answer, with what was asked."""
    sentence = texts_asked.says(one, called, names)
    blocks = [
        section(f":speech_balloon: {sentence}"),
        rich(quote(clean(one.answer or ""))),
        context(f"The question was: {inline(one.text, 200)}"),
    ]
    return Message(fallback(f"{sentence} – {inline(one.answer or '', 150)}"), blocks)


def ask_form(approval: Approval) -> Block:
    """For an approver: the question."""
    blocks = [_title(approval), context(texts_asked.goes_to(approval, put_to(approval)))]
    return modal(
        texts_asked.ASK_TITLE,
        [*blocks, _field(texts_asked.ASK_LABEL, texts_asked.ASK_HINT)],
        callback_id=ASK,
        metadata={"id": approval.id, "revision": approval.revision, "action": None},
        submit="Ask",
        close="Back",
    )


def answer_form(approval: Approval, one: Question) -> Block:
    """For whoever was asked: what was asked, and the answer. `metadata.action` is the question's number."""
    over = approval.status is not Status.PENDING
    blocks = [
        _title(approval),
        context(f"{texts.person(one.by)} asked {texts.moment(one.at)}"),
        rich(quote(clean(one.text))),
        _field(texts_asked.ANSWER_LABEL),
        context(texts_asked.OVER if over else texts_asked.ALONE),
    ]
    return modal(
        texts_asked.ANSWER_TITLE,
        blocks,
        callback_id=ANSWER,
        metadata={"id": approval.id, "revision": approval.revision, "action": one.number},
        submit="Send",
        close="Back",
    )


def _title(approval: Approval) -> Block:
    return {"type": "section", "text": plain_text(texts.title(approval))}


def _field(label: str, hint: str = "") -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": forms.ACTION_ID,
        "multiline": True,
        "max_length": MAX_WORDS,
    }
    block: Block = {"type": "input", "block_id": forms.TEXT, "label": plain_text(label), "element": element}
    return block | {"hint": plain_text(hint)} if hint else block
