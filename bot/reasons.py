"""Why somebody decides: a list where the policy offers reasons, and words of one's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals.policy import Policy
from bot import forms, texts_votes
from bot.rich import MAX_LABEL, Block, line, plain_text

PRESET, OTHER = "preset", "other"
MAX_WORDS = 2000
MAX_OFFERED = forms.MAX_OPTIONS - 1


def inputs(policy: Policy, *, required: bool) -> list[Block]:
    """The list, if there is one, and the lines. Of a list something must be chosen where a reason is required; that the
    lines are filled in for another one is checked where it is decided."""
    words: Block = {
        "type": "input",
        "block_id": forms.REASON,
        "label": plain_text(texts_votes.REASON_WORDS if policy.reasons else texts_votes.REASON_LABEL),
        "element": {
            "type": "plain_text_input",
            "action_id": forms.ACTION_ID,
            "multiline": True,
            "max_length": MAX_WORDS,
        },
        "optional": not required or bool(policy.reasons),
        "hint": plain_text(_hint(policy, required=required)),
    }
    return [_list(policy, required=required), words] if policy.reasons else [words]


def _hint(policy: Policy, *, required: bool) -> str:
    needed = f"{texts_votes.REASON_NEEDED} " if required and policy.reasons else ""
    return needed + texts_votes.REASON_HINT


def _list(policy: Policy, *, required: bool) -> Block:
    """Options are named by their place: a reason may be longer than an option's value."""
    offered = policy.reasons[:MAX_OFFERED]
    options = [{"text": plain_text(line(text, MAX_LABEL)), "value": str(at)} for at, text in enumerate(offered)]
    if required:
        options.append({"text": plain_text(texts_votes.REASON_OTHER), "value": OTHER})
    return {
        "type": "input",
        "block_id": PRESET,
        "label": plain_text(texts_votes.REASON_LABEL),
        "element": {
            "type": "static_select",
            "action_id": forms.ACTION_ID,
            "placeholder": plain_text(texts_votes.REASON_CHOOSE),
            "options": options,
        },
        "optional": not required,
    }


def read(policy: Policy | None, state: Mapping[str, Any]) -> str | None:
    """The chosen reason, the words, or both as `reason: words`; `None` for neither."""
    words = forms.text(state, forms.REASON)
    at = forms.entry(state, PRESET)
    offered = policy.reasons if policy is not None else ()
    chosen = offered[int(at)] if at is not None and at.isdecimal() and int(at) < len(offered) else ""
    return ": ".join(part for part in (chosen, words) if part) or None
