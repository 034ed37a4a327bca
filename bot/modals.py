"""Modals: a reason, edited arguments, an answer, everything in full, a notice. Pure.

`private_metadata` names what the modal is about, as JSON `{"id", "revision", "action"}`: never what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from approvals.model import Approval, DecisionType
from approvals.tally import proposed, tally
from bot import forms, reasons, schema_form, texts, texts_votes, verdicts
from bot.buttons import GLASS, alone, which
from bot.review import pages
from bot.rich import (
    Block,
    actions,
    button,
    clean,
    context,
    cut,
    divider,
    faithful,
    fallback,
    line,
    modal,
    plain_text,
    preformatted,
    quote,
    rich,
    section,
)

MAX_SAID = 2000
MAX_ABOUT = 20
MAX_TYPED = 30
VERDICT = "verdict"
REVIEW = "review"
WORD = "word"
"""The block of what is said on top of a form."""
"""The form in which everything is read, and approved on its last page."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a modal is about. `action` counts from 0; `None` for all that is open."""

    id: str
    revision: int
    action: int | None = None


def metadata(view: Mapping[str, Any]) -> Meta | None:
    """What our modal is about; `None` when the view is not one of ours."""
    try:
        found = cast("object", json.loads(view.get("private_metadata") or ""))
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    data = cast("dict[str, object]", found)
    about, revision, action = data.get("id"), data.get("revision"), data.get("action")
    if set(data) != {"id", "revision", "action"} or not isinstance(about, str) or not about:
        return None
    if type(revision) is not int or not (action is None or type(action) is int):
        return None
    if revision < 1 or (action is not None and action < 0):
        return None
    return Meta(about, revision, action)


def _meta(approval: Approval, action: int | None) -> dict[str, object]:
    return {"id": approval.id, "revision": approval.revision, "action": action}


def _needs(approval: Approval, kind: DecisionType) -> bool:
    return kind.value in approval.policy.reason_required


def _why(approval: Approval, kind: DecisionType) -> list[Block]:
    """The fields for a reason, where the policy wants one or makes room for it."""
    if not _needs(approval, kind) and kind.value not in approval.policy.reason_optional:
        return []
    return reasons.inputs(approval.policy, required=_needs(approval, kind))


def _about(approval: Approval, action: int | None) -> list[Block]:
    """What the decision is about, in the agent's words."""
    blocks: list[Block] = [{"type": "section", "text": plain_text(texts.heading(approval))}]
    if action is not None and len(approval.actions) > 1:
        name = line(approval.actions[action].name, 150)
        blocks.append(context(plain_text(f"Action {action + 1} of {len(approval.actions)}: {name}")))
    still = sum(1 for count in tally(approval) if count.verdict is None)
    if action is None and still > 1:
        blocks.append(context(f"This is about all {still} actions that are still open."))
    return blocks


def approve(approval: Approval, action: int | None) -> Block:
    """For policies that want a reason for an approval too."""
    return _only_why(approval, action, DecisionType.APPROVE)


def deny(approval: Approval, action: int | None) -> Block:
    """Asks why."""
    return _only_why(approval, action, DecisionType.DENY)


def _only_why(approval: Approval, action: int | None, kind: DecisionType) -> Block:
    name = kind.value.capitalize()
    return modal(
        name,
        [*_about(approval, action), *reasons.inputs(approval.policy, required=_needs(approval, kind))],
        callback_id=kind.value,
        metadata=_meta(approval, action),
        submit=name,
        close="Back",
    )


def glass(approval: Approval) -> Block:
    """For somebody who decides alone: what, and why."""
    options = [{"text": plain_text(texts.LABEL[kind].rstrip("…")), "value": kind.value} for kind in alone(approval)]
    element: Block = {"type": "radio_buttons", "action_id": forms.ACTION_ID, "options": options}
    verdict: Block = {
        "type": "input",
        "block_id": VERDICT,
        "label": plain_text(texts_votes.GLASS_ASKS),
        "element": element,
    }
    blocks = [section(texts_votes.GLASS_WARNING), *_about(approval, None)]
    for index, count in enumerate(tally(approval)):
        if count.edit is not None and count.verdict is None and len(blocks) < MAX_ABOUT:
            blocks += verdicts.proposal(approval, count.edit, index, limit=MAX_SAID)[0]
    return modal(
        texts_votes.GLASS_TITLE,
        [*blocks, verdict, *reasons.inputs(approval.policy, required=True)],
        callback_id=GLASS,
        metadata=_meta(approval, None),
        submit="Decide alone",
        close="Back",
    )


def glass_verdict(state: Mapping[str, Any]) -> DecisionType | None:
    """What was chosen in it; `None` for nothing that is offered there."""
    said = forms.entry(state, VERDICT)
    return DecisionType(said) if said in (DecisionType.APPROVE, DecisionType.DENY) else None


def verdict_of(callback_id: str, state: Mapping[str, Any]) -> DecisionType | None:
    """What one of our forms decides; `None` for nothing that it offers."""
    if callback_id == GLASS:
        return glass_verdict(state)
    return DecisionType.APPROVE if callback_id == REVIEW else DecisionType(callback_id)


def edit(approval: Approval, action: int) -> Block:
    """One input per argument, filled in with what an approval would approve now."""
    blocks = [*_about(approval, action), *forms.inputs(proposed(approval, action))]
    if texts_votes.several(approval.policy):
        blocks.append(context(texts_votes.edit_voids()))
    blocks += _why(approval, DecisionType.EDIT)
    return modal(
        "Edit and approve",
        blocks,
        callback_id="edit",
        metadata=_meta(approval, action),
        submit="Approve",
        close="Back",
    )


def respond(approval: Approval, action: int | None, branch: int | None = None) -> Block:
    """Asks for the answer in words, or for one of those that the question states. `branch` is the form that was chosen
    where the answer takes one of several."""
    blocks = _about(approval, action)
    index = action if action is not None else 0
    asks = [approval.description, approval.actions[index].description if index < len(approval.actions) else ""]
    for text in dict.fromkeys(clean(said).strip() for said in asks):
        if text and text != texts.title(approval):
            blocks.append(rich(quote(cut(text, MAX_SAID))))
    formed = schema_form.has_form(approval)
    blocks.extend(schema_form.inputs(approval, branch) if formed else [forms.answer_input(approval)])
    blocks += _why(approval, DecisionType.RESPOND)
    return modal(
        "Respond",
        blocks,
        callback_id="respond",
        metadata=_meta(approval, action),
        submit="Send",
        close="Back",
    )


def review(approval: Approval, page: int, action: int | None = None, *, approve: bool = False) -> Block:
    """Everything that was asked, whole, page by page (from 0; beyond the end is the last one).

    `approve`: whoever reads it may approve this action, or all that are open, on the last page.
    """
    every = pages(approval)
    page = max(0, min(page, len(every) - 1))
    last = page + 1 == len(every)
    blocks: list[Block] = [{"type": "section", "text": plain_text(texts.title(approval))}, *every[page]]
    turns: list[Block] = []
    if page > 0:
        turns.append(button("Previous page", "review:prev", _turn(approval, page - 1)))
    if not last:
        style = "primary" if approve else None
        turns.append(button("Next page", "review:next", _turn(approval, page + 1), style=style))
    if len(every) > 1:
        where = f"Page {page + 1} of {len(every)}"
        blocks.append(context(f"{where} · *Approve* stands on the last one" if approve and not last else where))
    if turns:
        blocks.append(actions(turns))
    if approve and last:
        blocks += _at_the_end(approval, action)
    name = "Approve" if action is not None or len(approval.actions) < 2 else f"Approve {which(approval)}"
    submit = cut(name, 24) if approve and last else ""
    return modal("Review in full", blocks, callback_id=REVIEW, metadata=_meta(approval, action), submit=submit)


def _at_the_end(approval: Approval, action: int | None) -> list[Block]:
    """What follows from an approval, and the reason where the policy wants one or makes room for it."""
    several = texts_votes.several(approval.policy)
    said = texts_votes.counts_only(approval) if several else texts_votes.goes_on(approval.policy)
    blocks = [divider(), context(said)]
    if action is not None and len(approval.actions) > 1:
        name = line(approval.actions[action].name, 150)
        blocks.insert(1, context(plain_text(f"You approve action {action + 1} of {len(approval.actions)}: {name}")))
    return blocks + _why(approval, DecisionType.APPROVE)


def _turn(approval: Approval, page: int) -> str:
    return json.dumps({"id": approval.id, "revision": approval.revision, "page": page}, separators=(",", ":"))


def notice(title: str, text: str, typed: Sequence[str] = ()) -> Block:
    """A modal that just says something. Both are ours; `text` is `mrkdwn`, escaped where it holds foreign words.

    `typed` is what was typed into the form before, so that nothing of it is lost.
    """
    blocks = [section(text if len(text) <= 2900 else fallback(text))]
    kept = [cut(faithful(one), MAX_SAID) for one in typed[:MAX_TYPED] if one.strip()]
    if kept:
        blocks += [context("What you had entered, to copy:"), *(rich(preformatted(one)) for one in kept)]
    return modal(title, blocks, callback_id="notice")


def saying(view: Mapping[str, Any], text: str) -> Block:
    """A form as Slack showed it, with a word of ours on top. What was typed stays: ids stay the same."""
    kept = ("type", "title", "submit", "close", "callback_id", "private_metadata", "clear_on_close", "notify_on_close")
    blocks = [block for block in view["blocks"] if block.get("block_id") != WORD]
    said = section(text if len(text) <= 2900 else fallback(text)) | {"block_id": WORD}
    return {name: view[name] for name in kept if view.get(name)} | {"blocks": [said, *blocks]}
