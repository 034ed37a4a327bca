"""What every drawing must hold: Slack's limits, and that nothing of an agent's is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from approvals.model import Approval
from bot.blocks import Message
from localslack.validate import check_blocks, check_view, text_length, view_bytes

MAX_TEXT = 300
MAX_WEIGHT = 9000
OURS = re.compile(
    r"<(?:https://acme\.slack\.com/archives/C0APPROVALS/p\d+\|[^<>|]+|@[UW][A-Z0-9]{2,30}|!subteam\^S[A-Z0-9]{2,30}|#[CG][A-Z0-9]{2,30}|!date\^\d+\^[^<>|]+\|[^<>|]+)>"
)
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def parsed(value: object) -> Iterator[str]:
    """Every text that Slack parses: `mrkdwn` objects."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for entry in value.values():
            yield from parsed(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from parsed(entry)


def drawn_texts(value: object) -> Iterator[str]:
    """Every text that is drawn."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in ("text", "accessibility_label") and isinstance(entry, str):
                yield entry
            else:
                yield from drawn_texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from drawn_texts(entry)


def users(value: object) -> Iterator[str]:
    """Every typed mention: `rich_text` elements of people."""
    if isinstance(value, dict):
        if value.get("type") == "user":
            yield value["user_id"]
        assert value.get("type") not in ("usergroup", "broadcast", "link", "channel", "markdown")
        for entry in value.values():
            yield from users(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from users(entry)


def harmless(blocks: object, approval: Approval | None = None) -> None:
    """Only mentions and dates of ours are left once they are taken out, and nothing that cannot be seen."""
    people = set(users(blocks))
    for text in parsed(blocks):
        people.update(re.findall(r"<@([^>]+)>", text))
        rest = OURS.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
    for text in drawn_texts(blocks):
        assert not UNSEEN.search(text), repr(text)
    if approval is not None:
        actors = [decision.actor for decision in approval.decisions]
        known = {actor.id for actor in actors} | {actor.behalf for actor in actors} | set(approval.audience)
        known |= {pause.by for pause in approval.pauses} | set(approval.policy.owner)
        for question in approval.questions:
            known |= {question.by, question.answered_by, *question.to}
        assert people <= known | {approval.requester}


def sound(message: Message, approval: Approval | None = None) -> None:
    """A message that Slack takes, whose text is enough for a notification."""
    problems = check_blocks(message.blocks, "message")
    assert not problems, [str(problem) for problem in problems]
    assert len(message.blocks) <= 50
    assert text_length(message.blocks) <= MAX_WEIGHT
    assert 0 < len(message.text) <= MAX_TEXT
    assert not UNSEEN.search(message.text)
    assert "<" not in OURS.sub("", message.text)
    harmless(message.blocks, approval)


def sound_view(view: dict[str, Any], approval: Approval | None = None, *, inputs: bool = False) -> None:
    """A view that Slack takes. Inputs hold values as they are, so their text is not looked at."""
    problems = check_view(view)
    assert not problems, [str(problem) for problem in problems]
    assert view_bytes(view) <= 250_000
    shown = [block for block in view["blocks"] if block["type"] != "input"] if inputs else view["blocks"]
    harmless(shown, approval)
