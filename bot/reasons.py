"""Why somebody decides: a list where the policy offers reasons, and words of one's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals.policy import Policy
from bot import forms, texts_votes
from bot.rich import MAX_LABEL, Block, cut, plain_text

PRESET = "preset"
MAX_WORDS = 2000


def inputs(policy: Policy, *, required: bool) -> list[Block]:
    """The list, if there is one, and the lines. With a list each may stay empty; that one is there is checked later."""
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
    return [_list(policy), words] if policy.reasons else [words]


def _hint(policy: Policy, *, required: bool) -> str:
    either = f"{texts_votes.REASON_EITHER} " if required and policy.reasons else ""
    return either + texts_votes.REASON_HINT


def _list(policy: Policy) -> Block:
    """Options are named by their place: a reason may be longer than an option's value."""
    offered = policy.reasons[: forms.MAX_OPTIONS]
    options = [{"text": plain_text(cut(text, MAX_LABEL)), "value": str(at)} for at, text in enumerate(offered)]
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
        "optional": True,
    }


def read(policy: Policy | None, state: Mapping[str, Any]) -> str | None:
    """The chosen reason, the words, or both as `reason: words`; `None` for neither."""
    words = forms.text(state, forms.REASON)
    at = forms.entry(state, PRESET)
    offered = policy.reasons if policy is not None else ()
    chosen = offered[int(at)] if at is not None and at.isdecimal() and int(at) < len(offered) else ""
    return ": ".join(part for part in (chosen, words) if part) or None
