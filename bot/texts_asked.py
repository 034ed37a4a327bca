"""Sentences about questions that approvers ask back. Ours are `mrkdwn`; people's words are escaped on the way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from approvals.model import Approval
from approvals.question import Question
from bot import texts, texts_votes
from bot.rich import inline

ASK_TITLE = "Ask back"
ASK_LABEL = "Your question"
ASK_HINT = "What you need to know before you decide."
ANSWER_TITLE = "Answer"
ANSWER_LABEL = "Your answer"
OVER = "It is decided already. The answer is kept with it, and changes nothing."
ALONE = "An answer decides nothing: it is shown on the card, and whoever asked is told."
WAITS = "_No answer yet_"
UNANSWERED = "_Not answered_"


def label(approval: Approval) -> str:
    """An option of the menu."""
    if approval.requester and texts.is_person(approval.requester):
        return "Ask the requester…"
    return "Ask the agent's owner…" if approval.policy.owner else "Ask a question…"


def goes_to(approval: Approval, to: Sequence[str]) -> str:
    """Above the field of a question."""
    whom = texts.everybody(to) if to else "those who were asked to decide"
    pause = approval.policy.ask_back.pause if approval.policy.ask_back else None
    waits = f" Reminders and further steps wait for the answer, {texts_votes.duration(pause or 0)} at the most."
    more = " The deadline stays." if approval.expires_at is not None else ""
    return f"It goes to {whom}, in the thread of the card. Nothing is decided by it.{waits if pause else ''}{more}"


def exchange(question: Question, limit: int, *, over: bool = False) -> str:
    """On the card: who asked what, and the answer, each on a line. `over`: it is decided, and nobody waits for one."""
    asked = f":question: *{texts.person(question.by)} asked:* {inline(question.text, limit)}"
    if question.open and over:
        return f"{asked}\n{UNANSWERED}"
    if question.open:
        to = f" · put to {texts.everybody(question.to, 4)}" if question.to else ""
        return f"{asked}\n{WAITS}{to}"
    by = texts.person(question.answered_by or "")
    return f"{asked}\n:speech_balloon: *{by} answered:* {inline(question.answer or '', limit)}"


def earlier(count: int) -> str:
    """Of what the card has no room for."""
    return f"{count} earlier {'question' if count == 1 else 'questions'}: *Review in full* shows all of them."


def asks(approval: Approval, question: Question, called: Sequence[str], names: Mapping[str, str]) -> str:
    """In a thread, or to somebody: who asks whom about what. Only those `called` are mentioned, so that everybody is
    told once; `names` are those of the others."""
    who = name(question.by, names)
    whom = f" {', '.join(map(texts.person, called))}" if called else ""
    about = inline(approval.title) or texts.UNTITLED
    return f"{who} asks{whom} before deciding: {about}"


def says(question: Question, called: Sequence[str], names: Mapping[str, str]) -> str:
    """In a thread: who answered whom."""
    whom = ", ".join(map(texts.person, called)) or name(question.by, names)
    return f"{name(question.answered_by or '', names)} answered {whom}"


def name(user_id: str, names: Mapping[str, str]) -> str:
    """Somebody without a mention, which would tell them once more."""
    return f"*{inline(names[user_id], 60)}*" if names.get(user_id) else "*Somebody*"


def answered_by(question: Question, names: Mapping[str, str]) -> str:
    """Below a question in a thread that needs no answer any more."""
    return f":white_check_mark: Answered by {name(question.answered_by or '', names)}"
