"""The card: one approval, in every status. What will happen, to what, why, until when, who else was asked. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from approvals import tally
from approvals.model import Approval, Decision, DecisionType, Resolution, Status
from approvals.redact import MASK
from bot import buttons, forms, schema_form, texts, verdicts
from bot.rich import (
    CUT,
    MAX_WEIGHT,
    Block,
    Message,
    clean,
    context,
    cut,
    divider,
    fallback,
    fits,
    header,
    inline,
    line,
    plain_text,
    preformatted,
    quote,
    rich,
    run,
    section,
    words,
)
from bot.values import arguments, show, unshown

WINDOW = 8
"""Actions of a batch that are drawn at once; as they are decided, the next ones come up."""


@dataclass(frozen=True, slots=True)
class Room:
    """Characters that parts of a card may take, so that the whole stays below what Slack refuses."""

    args: int = 3600
    value: int = 600
    count: int = 20
    why: int = 1500
    verdicts: int = 1500
    window: int = WINDOW


SMALL = Room(args=1800, value=300, count=12, why=700, verdicts=900, window=4)
TINY = Room(args=600, value=100, count=6, why=300, verdicts=300, window=2)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some blocks; whether they say everything they stand for; whether they show the payload itself."""

    blocks: list[Block]
    whole: bool = True
    raw: bool = False


def card(approval: Approval, now: datetime) -> Message:
    """The message for an approval, whatever its status. `now` is aware, in UTC."""
    return draw(approval, now, Room(), SMALL)


def draw(approval: Approval, now: datetime, *rooms: Room, most: int = MAX_WEIGHT) -> Message:
    """The card in the first of these rooms, from large to small, in which it fits into `most` characters."""
    for room in rooms:
        message = _draw(approval, now, room)
        if fits(message.blocks, most=most):
            return message
    return _draw(approval, now, TINY)


def _draw(approval: Approval, now: datetime, room: Room) -> Message:
    batch = len(approval.actions) > 1
    body = _batch(approval, room) if batch else _single(approval, room)
    why = _why(approval, room)
    whole = body.whole and why.whole and (body.raw or not unshown(approval))
    blocks = [header(texts.title(approval)), *body.blocks, *why.blocks]
    if not whole or texts.title(approval) != approval.title.strip():
        blocks.append(section(_incomplete(approval), buttons.review(approval)))
    if MASK in json.dumps(blocks, ensure_ascii=False):
        blocks.append(context(texts.HIDDEN))
    blocks.append(_context(approval, now))
    blocks.extend(_end(approval, room, batch=batch))
    blocks.append(context(plain_text(f"Signoff · {line(approval.id, 60)}")))
    return Message(fallback(texts.headline(approval)), blocks)


def _incomplete(approval: Approval) -> str:
    if approval.status is Status.PENDING:
        return ":mag: *Not everything fits here.* Read the rest before you decide."
    return ":mag: Not everything fits here."


def _single(approval: Approval, room: Room) -> _Part:
    if not approval.actions:
        return _Part([])
    action = approval.actions[0]
    if action.args:
        drawn = arguments(action.args, limit=room.value, room=room.args, most=room.count)
        name = words(run(line(action.name, 100) or "(no name)", "code"))
        return _Part([rich(name, *drawn.elements)], drawn.whole)
    if unshown(approval) and not isinstance(approval.payload, str):
        shown = show(approval.payload, room.args // 2)
        return _Part([rich(words(run("What the agent sent", "bold")), preformatted(shown.text))], shown.whole, raw=True)
    return _Part([])


def _why(approval: Approval, room: Room) -> _Part:
    """The agent's own words. Of a question they are the question."""
    lines = [approval.description]
    if len(approval.actions) == 1:
        lines.append(approval.actions[0].description)
    said = [text.strip() for text in map(clean, lines)]
    told = [text for text in dict.fromkeys(said) if text and text != texts.title(approval)]
    blocks: list[Block] = []
    whole, left = True, room.why
    for text in told:
        kept = cut(text, max(80, left))
        whole, left = whole and kept == text, left - len(kept)
        question = len(approval.actions) == 1 and not approval.actions[0].args
        blocks.append(rich(words(run(kept))) if question else rich(quote(kept)))
    if asks := schema_form.summary(approval):
        blocks.append(context(plain_text(asks)))
    if stated := forms.choices(approval):
        answers = cut("Answers: " + " · ".join(stated), room.why)
        blocks.append(context(plain_text(answers)))
        whole = whole and not answers.endswith(CUT)
    return _Part(blocks, whole)


def _batch(approval: Approval, room: Room) -> _Part:
    """One section per action, with its buttons or its verdict."""
    said = tally.verdicts(approval)
    still = [index for index, verdict in enumerate(said) if verdict is None]
    chosen = list(range(len(said)))
    if len(chosen) > room.window:
        chosen = (still or chosen)[: room.window]
    blocks: list[Block] = []
    whole = len(chosen) == len(said)
    for index in chosen:
        part = _action(approval, index, said[index], room)
        blocks.extend(part.blocks)
        whole = whole and part.whole
    if rest := len(said) - len(chosen):
        done = len(said) - len(still)
        hidden = len(still) - sum(1 for index in chosen if said[index] is None)
        note = f"{rest} more actions are not drawn here: {hidden} open, {done} decided."
        if approval.status is Status.PENDING and hidden:
            note += " They come up as these are decided."
        blocks.append(context(note))
    return _Part(blocks, whole)


def _action(approval: Approval, index: int, said: Decision | None, room: Room) -> _Part:
    action = approval.actions[index]
    share = max(120, room.args // min(len(approval.actions), room.window))
    name = [run(f"{index + 1}. "), run(line(action.name, 80) or "(no name)", "bold")]
    drawn = arguments(action.args, limit=min(room.value, share), room=share, most=6)
    elements = [words(*name), *drawn.elements]
    why = clean(action.description).strip()
    kept = cut(why, 150)
    if why:
        elements.append(quote(kept))
    blocks: list[Block] = [divider(), rich(*elements)]
    if said is not None and not _together(approval):
        blocks.append(context(texts.verdict(said, expired=approval.resolution is Resolution.EXPIRED)))
        blocks.extend(verdicts.substance(approval, said, index, limit=share // 2))
    elif said is None and approval.status is Status.PENDING:
        blocks.extend(buttons.of_action(approval, index))
    return _Part(blocks, drawn.whole and kept == why)


def _context(approval: Approval, now: datetime) -> Block:
    waiting = approval.status is Status.PENDING
    parts: list[str | Block] = [
        plain_text(f"Agent: {line(approval.graph, 60) or '(no name)'}"),
        texts.on_behalf(approval),
    ]
    parts.append(texts.asked(approval))
    if waiting:
        parts.append(texts.deadline(approval, now))
        parts.append(f"Opened {texts.moment(approval.opened_at)}")
    return context(*parts)


def _end(approval: Approval, room: Room, *, batch: bool) -> list[Block]:
    """What can be done, or what was done."""
    if approval.status is Status.PENDING:
        blocks = [_note(approval)] if _note_text(approval) else []
        return blocks + (buttons.of_all(approval) if batch else buttons.single(approval))
    if approval.status is Status.SUPERSEDED:
        blocks = [section(":wastebasket: *No longer needed.* Signoff executed nothing.")]
        why = line(approval.error or "", 300)
        return [*blocks, context(plain_text(why))] if why else blocks
    blocks: list[Block] = verdicts.listed(approval, room.verdicts) if not batch or _together(approval) else []
    if batch and not blocks:
        blocks = [divider(), section(_sum(approval))]
    blocks.append(
        context(texts.progress(approval)) if approval.status is not Status.FAILED else section(texts.progress(approval))
    )
    if approval.status is Status.FAILED:
        blocks.extend(_failure(approval))
    return blocks


def _together(approval: Approval) -> bool:
    """All actions fell by one word, which is then said once."""
    return len(approval.decisions) == 1 and approval.decisions[0].action is None


def _sum(approval: Approval) -> str:
    kinds = [said.type for said in tally.verdicts(approval) if said is not None]
    counted = [f"{kinds.count(kind)} {texts.DONE[kind].lower()}" for kind in DecisionType if kind in kinds]
    return f"All {len(approval.actions)} actions are decided: {', '.join(counted)}."


def _failure(approval: Approval) -> list[Block]:
    from_agent = verdicts.error_line(approval)
    shown = [rich(preformatted(from_agent))] if from_agent else []
    return [*shown, buttons.failed(approval)]


def _note_text(approval: Approval) -> str:
    if texts.overdue(approval):
        return ":alarm_clock: *Overdue.* The time ran out, and it waits on until somebody decides."
    if approval.error:
        return ":leftwards_arrow_with_hook: *The agent could not take the last answer* and asks again."
    if approval.revision > 1:
        return ":arrows_counterclockwise: *The question has changed.* Earlier decisions do not count."
    return ""


def _note(approval: Approval) -> Block:
    error = inline(approval.error or "", 300)
    return section(_note_text(approval) + (f"\n{error}" if error else ""))
