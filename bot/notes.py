"""Short messages: notes in the thread of a card, and a sentence of our own as a message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from approvals.model import Approval, Status
from bot import replies, replies_find, texts, texts_state, texts_votes, verdicts
from bot.rich import MAX_BLOCKS, Message, clean, context, cut, fallback, inline, preformatted, quote, rich, section

MAX_OUTCOME = 2500
MAX_SENTENCE = 2900


def plain(text: str) -> Message:
    """A sentence of ours, as `mrkdwn`: whatever was put into it must be escaped already (`texts` does)."""
    kept = text if len(text) <= MAX_SENTENCE else fallback(text)
    return Message(fallback(text), [section(kept)])


def reminder(
    approval: Approval,
    now: datetime | None = None,
    asked: Sequence[str] | None = None,
    said: texts.Said | None = None,
) -> Message:
    """Asks again, with the time that is left where `now` is given. `asked`: who of the audience is called by name, and
    `said` how."""
    mark = texts.PRESSING.get(approval.urgency, "")
    sentence = f"{mark}Still waiting for a decision: {inline(texts.title(approval))}{_left(approval, now)}"
    small = [texts.deadline(approval), texts.asked(approval, asked, said)]
    if texts_votes.several(approval.policy) and len(approval.actions) == 1:
        small.append(texts_votes.missing(approval))
    return Message(fallback(sentence), [section(f":bell: {sentence}"), context(*small)])


def asked_for(card: Message, absent: str) -> Message:
    """A card as the one sees it who covers for somebody absent."""
    full = len(card.blocks) >= MAX_BLOCKS
    return card if full else Message(card.text, [context(replies.asked_for(absent)), *card.blocks])


def stands_in(card: Message, link: str) -> Message:
    """A card in a direct message, with the way to the one that others see."""
    full = len(card.blocks) >= MAX_BLOCKS
    return card if full else Message(card.text, [*card.blocks, context(replies_find.SHARED_CARD.format(url=link))])


def _left(approval: Approval, now: datetime | None) -> str:
    if texts.overdue(approval):
        return " (overdue)"
    if approval.expires_at is None or now is None:
        return ""
    return f" ({texts.span((approval.expires_at - now).total_seconds())} left)"


def glass(
    approval: Approval, by: str = "", asked: Sequence[str] | None = None, said: texts.Said | None = None
) -> Message:
    """Tells everybody concerned that somebody decided alone: who, what, why. `by` names them without a mention;
    `asked`: who of the audience is called by name, and `said` how."""
    return _glass(approval, by, "Nobody else was waited for.", texts.asked(approval, asked, said))


def glass_for_requester(approval: Approval, by: str, link: str | None) -> Message:
    """The same to whoever requested it, by direct message, with a link to the card."""
    where = replies_find.SHARED_CARD.format(url=link) if link else ""
    return _glass(approval, by, "You requested this; nobody else was waited for.", where)


def _glass(approval: Approval, by: str, *small: str) -> Message:
    alone = [decision for decision in approval.decisions if decision.alone]
    if not alone:
        return plain(texts_state.headline(approval))
    sentence = texts_votes.broke_glass(approval, alone[-1], by)
    why = quote(cut(clean(alone[-1].reason or "").strip(), MAX_OUTCOME))
    return Message(fallback(sentence), [section(f":rotating_light: {sentence}"), rich(why), context(*small)])


def report(approval: Approval) -> Message:
    """What became of the agent. Its words are a quote, its error preformatted: neither is parsed."""
    about = inline(texts.title(approval))
    if texts.unanswered(approval):
        sentence = f"Nobody answered in time, and the agent got no answer: {about}"
        small = context("*Ask again* on the card asks anew.")
        return Message(fallback(sentence), [section(f":hourglass: {sentence}"), small])
    if approval.status is Status.FAILED:
        sentence = f"The agent could not go on: {about}"
        error = verdicts.error_line(approval, 1000)
        shown = [rich(preformatted(error))] if error else []
        kept = "The answer is kept. *Retry* on the card goes on with it."
        small = context("*Ask again* on the card asks anew." if texts.stuck(approval) else kept)
        return Message(fallback(sentence), [section(f":warning: {sentence}"), *shown, small])
    finished = approval.outcome is not None and approval.outcome.finished
    sentence = f"The agent finished: {about}" if finished else f"The agent went on: {about}"
    said = clean(approval.outcome.text).strip() if approval.outcome else ""
    blocks = [section(f"{':checkered_flag:' if finished else ':arrow_forward:'} {sentence}")]
    if said:
        blocks.append(rich(quote(cut(said, MAX_OUTCOME))))
    return Message(fallback(sentence), blocks)
