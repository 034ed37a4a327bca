"""Questions that approvers ask back: in threads, in forms, on cards and in full view."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from approvals.model import Approval
from approvals.policy import AskBack
from approvals.question import MAX_QUESTIONS, MAX_WORDS, Question
from bot import asked, blocks, modals
from bot.rich import Message
from tests.bot import golden, samples
from tests.bot.checks import drawn_texts, sound, sound_view
from tests.bot.samples import NOW, SAMPLES, approvals, refund

NAMES = {"U0BEN": "Ben <b>", "U0ANN": "Ann"}
OPEN = SAMPLES["asked"].questions[0]
DONE = SAMPLES["answered"].questions[0]


def test_questions_are_drawn_as_agreed() -> None:
    """The messages in the threads and the forms are those in their golden files, and Slack takes them."""
    approval = SAMPLES["asked"]
    messages: dict[str, Message] = {
        "question": asked.question(approval, OPEN, ["U0ANN"], NAMES),
        "question_elsewhere": asked.question(approval, OPEN, (), NAMES),
        "question_answered": asked.question(SAMPLES["answered"], DONE, (), NAMES),
        "answer": asked.answer(DONE, ["U0BEN"], NAMES),
    }
    for name, message in messages.items():
        sound(message)
        golden.check(name, {"text": message.text, "blocks": message.blocks})
    owned = refund(requester=None, policy=replace(samples.STANDARD, ask_back=AskBack(pause=5400.0), owner=("@ops",)))
    views = {
        "modal_ask": asked.ask_form(SAMPLES["pending"]),
        "modal_ask_owner": asked.ask_form(owned),
        "modal_ask_anybody": asked.ask_form(refund(requester=None)),
        "modal_answer": asked.answer_form(approval, OPEN),
        "modal_answer_late": asked.answer_form(SAMPLES["approved"], OPEN),
    }
    for name, view in views.items():
        sound_view(view, inputs=True)
        golden.check(name, view)
        assert modals.metadata(view) is not None


@settings(max_examples=40, deadline=None)
@given(approvals())
def test_any_question_has_its_messages_and_forms(approval: Approval) -> None:
    """Whatever people type, it is within Slack's limits and nothing of it is parsed."""
    names = {"U0BEN": samples.HOSTILE}
    for question in approval.questions:
        sound(asked.question(approval, question, ["U0BEN"], names), replace(approval, requester="U0BEN"))
        sound(asked.answer(question, (), names), approval)
        sound_view(asked.answer_form(approval, question), approval, inputs=True)
    sound_view(asked.ask_form(approval), approval, inputs=True)


def test_only_those_called_are_mentioned() -> None:
    """Everybody else by name, so that nobody is told twice."""
    text = "\n".join(drawn_texts(asked.question(SAMPLES["asked"], OPEN, ["U0ANN"], NAMES).blocks))
    assert "<@U0ANN>" in text
    assert "<@U0BEN>" not in text
    assert "*Ben &lt;b&gt;*" in text


@pytest.mark.parametrize("name", ["asked", "answered"])
def test_a_long_talk_is_whole_in_full_view(name: str) -> None:
    """The card shows the latest ones, cut, and says that there is more; nothing is missing in full view."""
    words = [f"{number} " + "word " * (MAX_WORDS // 6) + f"end{number}" for number in range(MAX_QUESTIONS)]
    many = tuple(
        Question(number=number + 1, text=text, by="U0BEN", at=NOW, answer=text[::-1], answered_by="U0ANN")
        for number, text in enumerate(words)
    )
    many = tuple(replace(one, answered_at=NOW) for one in many)
    approval = replace(SAMPLES[name], questions=many)
    card = blocks.card(approval, NOW)
    sound(card)
    text = "\n".join(drawn_texts(card.blocks))
    assert "2 earlier questions" in text
    assert "Review in full" in text
    whole = "".join(drawn_texts(modals.review(approval, 0)["blocks"]))
    assert all(text in whole and text[::-1] in whole for text in words)
