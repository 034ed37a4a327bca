"""The card: one approval, in every status. What will happen, to what, why, until when, who else was asked. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from agents.naming import anew
from approvals import tally
from approvals.model import Approval, Decision, DecisionType, Status
from approvals.redact import MASK
from bot import asked, buttons, forms, schema_form, texts, texts_state, texts_votes, verdicts
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
BRIEF = Room(args=450, value=200, count=6, why=300)
BRIEFLY = 600
"""Characters of what is asked that a row of a list may take."""

DETAILS = 4200
"""Characters that what `lists.details` says beyond the card may take, at the most."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some blocks; whether they say everything they stand for; whether they show the payload itself."""

    blocks: list[Block]
    whole: bool = True
    raw: bool = False


def card(approval: Approval, now: datetime, *, passed_on: bool = False, said: texts.Said | None = None) -> Message:
    """The message for an approval, whatever its status. `now` is aware, in UTC.

    `passed_on`: a copy before people who are no longer asked; while it is open, they can do nothing with it.
    `said`: how those who are asked are called there.
    """
    return draw(approval, now, Room(), SMALL, passed_on=passed_on, said=said)


def draw(
    approval: Approval,
    now: datetime,
    *rooms: Room,
    most: int = MAX_WEIGHT,
    passed_on: bool = False,
    said: texts.Said | None = None,
) -> Message:
    """The card in the first of these rooms, from large to small, in which it fits into `most` characters."""
    return _fitting(approval, now, rooms, most, passed_on=passed_on, said=said)[0]


def hides(approval: Approval, action: int | None = None, *, in_details: bool = False) -> bool:
    """Whether the card leaves something out of what an approval of this action, or of all that is open, is about.

    Told from the record, as people may see it; never from a message. `in_details`: the card as `lists.details` has it.
    """
    rooms, most = ((SMALL,), MAX_WEIGHT - DETAILS) if in_details else ((Room(), SMALL), MAX_WEIGHT)
    _, room, hidden = _fitting(approval, approval.opened_at, rooms, most, passed_on=False)
    if action is None or len(approval.actions) < 2:
        return hidden
    shown = _named(approval) and _why(approval, room).whole and not unshown(approval)
    shown = shown and asked.on_card(approval, room.why)[1]
    return not shown or not _action(approval, action, None, room, passed_on=True).whole


def _fitting(
    approval: Approval,
    now: datetime,
    rooms: Sequence[Room],
    most: int,
    *,
    passed_on: bool,
    said: texts.Said | None = None,
) -> tuple[Message, Room, bool]:
    """The drawing, the room it took, and whether anything is left out."""
    for room in rooms:
        message, hidden = _draw(approval, now, room, passed_on=passed_on, said=said)
        if fits(message.blocks, most=most):
            return message, room, hidden
    message, hidden = _draw(approval, now, TINY, passed_on=passed_on, said=said)
    return message, TINY, hidden


def _draw(
    approval: Approval, now: datetime, room: Room, *, passed_on: bool, said: texts.Said | None
) -> tuple[Message, bool]:
    batch = len(approval.actions) > 1
    why = _why(approval, room)
    talk, all_said = asked.on_card(approval, room.why)
    aside = not (why.whole and all_said and _named(approval)) or (batch and unshown(approval))
    body = _batch(approval, room, aside=aside, passed_on=passed_on) if batch else _single(approval, room)
    hidden = aside or not body.whole or (not batch and not body.raw and unshown(approval))
    before = [context(plain_text(f"Was: {was}"))] if (was := texts.was(approval)) else []
    blocks = [header(texts.heading(approval)), *before, *body.blocks, *why.blocks, *talk]
    if hidden:
        blocks.append(section(_incomplete(approval), buttons.review(approval)))
    if MASK in json.dumps(blocks, ensure_ascii=False):
        blocks.append(context(texts.HIDDEN))
    blocks += _asking(approval, now, said)
    pending = approval.status is Status.PENDING
    closed = [] if pending else _closed(approval, now, room)
    blocks.extend(_open(approval, now, hidden=hidden, passed_on=passed_on, said=said) if pending else closed)
    blocks.append(context(plain_text(f"Signoff · {line(approval.id, 60)}")))
    return Message(fallback(texts_state.headline(approval)), blocks), hidden


def _named(approval: Approval) -> bool:
    """Whether the title is whole in the header."""
    return texts.heading(approval).endswith(" ".join(anew(approval).title.split()) or texts.UNTITLED)


def brief(approval: Approval) -> list[Block] | None:
    """What is asked of one action, for a row of a list: `None` unless it is whole there, and nothing is hidden."""
    if len(approval.actions) != 1:
        return None
    body, why = _single(approval, BRIEF), _why(approval, BRIEF)
    blocks = [*body.blocks, *why.blocks]
    whole = body.whole and why.whole and (body.raw or not unshown(approval))
    named = texts.title(approval, 120) == (approval.title.strip() or texts.UNTITLED)
    hidden = MASK in json.dumps([approval.title, *blocks], ensure_ascii=False)
    return blocks if whole and named and not hidden and fits(blocks, most=BRIEFLY) else None


def _incomplete(approval: Approval) -> str:
    if approval.status is Status.PENDING and DecisionType.APPROVE in approval.allowed:
        return ":mag: *Not everything fits here.* *Approve…* shows all of it first."
    if approval.status is Status.PENDING:
        return ":mag: *Not everything fits here.* Read the rest before you decide."
    return ":mag: Not everything fits here."


def _single(approval: Approval, room: Room) -> _Part:
    if not approval.actions:
        return _Part([])
    action = approval.actions[0]
    change, whole, args = _proposed(approval, 0, room.verdicts // 2)
    if args or change:
        drawn = arguments(args, limit=room.value, room=room.args, most=room.count)
        # What is asked for over HTTP has no name but what the title says.
        named = (
            [] if texts.title(approval) == action.name else [words(run(line(action.name, 100) or "(no name)", "code"))]
        )
        return _Part([*change, rich(*named, *drawn.elements)], drawn.whole and whole)
    if unshown(approval) and not isinstance(approval.payload, str):
        shown = show(approval.payload, room.args // 2)
        return _Part([rich(words(run("What the agent sent", "bold")), preformatted(shown.text))], shown.whole, raw=True)
    return _Part([])


def _proposed(approval: Approval, index: int, limit: int) -> tuple[list[Block], bool, Mapping[str, JsonValue]]:
    """What an edit changes that others must still approve, whether that is all of it, and the arguments as they are
    asked now."""
    count = tally.tally(approval)[index]
    if approval.status is not Status.PENDING or count.edit is None or count.verdict is not None:
        return [], True, approval.actions[index].args
    change, whole = verdicts.proposal(approval, count.edit, index, limit=limit)
    return change, whole, tally.proposed(approval, index)


def _why(approval: Approval, room: Room) -> _Part:
    """The agent's own words. Of a question they are the question."""
    lines = [anew(approval).description]
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


def _batch(approval: Approval, room: Room, *, aside: bool, passed_on: bool) -> _Part:
    """One section per action, with its buttons or its verdict."""
    said = tally.verdicts(approval)
    still = [index for index, verdict in enumerate(said) if verdict is None]
    chosen = list(range(len(said)))
    if len(chosen) > room.window:
        chosen = (still or chosen)[: room.window]
    blocks: list[Block] = []
    whole = len(chosen) == len(said)
    for index in chosen:
        part = _action(approval, index, said[index], room, aside=aside, passed_on=passed_on)
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


def _action(
    approval: Approval, index: int, said: Decision | None, room: Room, *, aside: bool = False, passed_on: bool
) -> _Part:
    action = approval.actions[index]
    share = max(120, room.args // min(len(approval.actions), room.window))
    name = [run(f"{index + 1}. "), run(line(action.name, 80) or "(no name)", "bold")]
    change, complete, args = _proposed(approval, index, share // 2)
    drawn = arguments(args, limit=min(room.value, share), room=share, most=6)
    elements = [words(*name), *drawn.elements]
    why = clean(action.description).strip()
    kept = cut(why, 150)
    whole = drawn.whole and complete and kept == why and line(action.name, 80) == " ".join(action.name.split())
    if why:
        elements.append(quote(kept))
    blocks: list[Block] = [divider(), rich(*elements), *change]
    if said is not None and not _together(approval):
        blocks.append(context(texts_votes.action_verdict(approval, index, said)))
        blocks.extend(verdicts.substance(approval, said, index, limit=share // 2))
    elif said is None and approval.status is Status.PENDING:
        if votes := _votes(approval, index):
            blocks.append(context(votes))
        blocks.extend([] if passed_on else buttons.of_action(approval, index, hidden=aside or not whole))
    return _Part(blocks, whole)


def _votes(approval: Approval, index: int) -> str:
    """The votes about one action of several, once there are any."""
    count = tally.tally(approval)[index]
    return texts_votes.standing(approval, index) if count.approvals or count.denials else ""


def _asking(approval: Approval, now: datetime, said: texts.Said | None) -> list[Block]:
    """Who asks; while it waits, what happens if nobody answers; who is asked."""
    waiting = approval.status is Status.PENDING
    opened = f"Opened {texts.moment(approval.opened_at)}" if waiting else ""
    whose: list[str | Block] = [plain_text(texts.asker(approval)), texts.on_behalf(approval), opened]
    until = texts.deadline(approval, now) if waiting else ""
    return [context(*whose), context(until, texts_votes.nobody_asked(approval, said))]


def _open(approval: Approval, now: datetime, *, hidden: bool, passed_on: bool, said: texts.Said | None) -> list[Block]:
    """How far it is, and what can be done."""
    batch = len(approval.actions) > 1
    blocks: list[Block] = [context(step)] if (step := texts_votes.escalated(approval, said)) else []
    if texts_votes.several(approval.policy):
        far = texts_votes.each_needs(approval) if batch else texts_votes.so_far(approval)
        blocks.append(context(far))
    if passed_on:
        return [*blocks, section(texts_votes.passed_on(approval, said))]
    if held := texts_votes.held(approval, now):
        blocks.append(context(held))
    if _note_text(approval):
        blocks.append(_note(approval))
    rows = (buttons.of_all if batch else buttons.single)(approval, hidden=hidden)
    return blocks + buttons.with_more(approval, rows)


def _closed(approval: Approval, now: datetime, room: Room) -> list[Block]:
    """What was done."""
    if approval.status is Status.SUPERSEDED:
        blocks = [section(":wastebasket: *No longer needed.* Signoff executed nothing.")]
        why = line(approval.error or "", 300)
        return [*blocks, context(plain_text(why))] if why else blocks
    if approval.cancelled is not None:
        blocks = [section(texts_state.cancelled(approval))]
        why = line(approval.cancelled.why, 300)
        return [*blocks, context(plain_text(why))] if why else blocks
    batch = len(approval.actions) > 1
    blocks: list[Block] = verdicts.listed(approval, room.verdicts) if not batch or _together(approval) else []
    if batch and not blocks:
        blocks = [divider(), section(_sum(approval))]
    progress = texts_state.progress(approval)
    blocks.append(context(progress) if approval.status is not Status.FAILED else section(progress))
    if approval.status is Status.FAILED:
        blocks.extend(_failure(approval))
    return blocks + buttons.undo(approval, now)


def _together(approval: Approval) -> bool:
    """All actions fell by the same words, which are then said once."""
    said = approval.decisions
    return bool(said) and all(decision.action is None for decision in said)


def _sum(approval: Approval) -> str:
    kinds = [said.type for said in tally.verdicts(approval) if said is not None]
    counted = [f"{kinds.count(kind)} {texts.DONE[kind].lower()}" for kind in DecisionType if kind in kinds]
    return f"All {len(approval.actions)} actions are decided: {', '.join(counted)}."


def _failure(approval: Approval) -> list[Block]:
    from_agent = "" if texts.unanswered(approval) else verdicts.error_line(approval)
    shown = [rich(preformatted(from_agent))] if from_agent else []
    return [*shown, buttons.failed(approval)]


def _note_text(approval: Approval) -> str:
    if texts.overdue(approval):
        return ":alarm_clock: *Overdue.* The time ran out, and it waits on until somebody decides."
    if texts_state.refused(approval):
        return ":leftwards_arrow_with_hook: *The agent could not take the last answer* and asks again."
    return texts_votes.edited_note(approval) or texts_state.revised(approval)


def _note(approval: Approval) -> Block:
    told = texts.overdue(approval) or texts_state.refused(approval)
    error = inline(approval.error or "", 300) if told else ""
    return section(_note_text(approval) + (f"\n{error}" if error else ""))
