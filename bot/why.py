"""Why an agent asks: the last messages and tool calls of its thread, in a modal. Pure; all of it is the agent's."""

from __future__ import annotations

import json

from approvals.history import Call, Said, Talk
from approvals.model import Approval
from bot import texts, texts_why
from bot.modals import notice
from bot.rich import Block, clean, context, cut, inline, line, modal, plain_text, quote, rich, run, section, size, words
from bot.values import arguments

LAST = 20
"""So many messages are read at the most."""

MAX_SAID = 1500
"""Characters of one message."""

MAX_ALL = 12_000
"""Characters of all of them: the older ones give way."""

MAX_BYTES = 120_000
"""Of the view, written as ASCII JSON, the longest way to write it. Slack takes 250 kB."""

MAX_CALLS = 6
"""Calls of one message that are drawn."""


def loading() -> Block:
    """Opened at once, filled in when the thread was read."""
    return notice(texts_why.TITLE, texts_why.LOADING)


def view(approval: Approval, talk: Talk | None) -> Block:
    """What was said, newest last; a kind word where there is nothing, or where it cannot be read (`None`)."""
    if talk is None:
        return notice(texts_why.TITLE, texts_why.UNREAD)
    head: Block = {"type": "section", "text": plain_text(texts.title(approval))}
    if talk.said:
        return modal(texts_why.TITLE, [head, *_messages(talk)], callback_id="why")
    if talk.state:
        drawn = arguments(talk.state, limit=600, room=6000, most=40)
        return modal(texts_why.TITLE, [head, context(texts_why.NO_MESSAGES), rich(*drawn.elements)], callback_id="why")
    return modal(texts_why.TITLE, [head, section(texts_why.NOTHING)], callback_id="why")


def _messages(talk: Talk) -> list[Block]:
    """The newest as far as there is room, and how many came before."""
    found: list[list[Block]] = []
    used = cost = 0
    for one in reversed(talk.said):
        drawn, length = _said(one)
        cost += len(json.dumps(drawn))
        used += length
        if found and (used > MAX_ALL or cost > MAX_BYTES):
            break
        found.append(drawn)
    earlier = talk.earlier + len(talk.said) - len(found)
    head = [context(texts_why.earlier(earlier))] if earlier else []
    return head + [block for drawn in reversed(found) for block in drawn]


def _said(one: Said) -> tuple[list[Block], int]:
    """One message with its calls, and how many characters it took."""
    name = inline(one.name, 60)
    who = texts_why.WHO[one.role] + (f" · {name}" if name else "")
    text = cut(clean(one.text).strip(), MAX_SAID)
    elements: list[Block] = [quote(text)] if text else []
    used = size(text)
    for call in one.calls[:MAX_CALLS]:
        drawn, length = _call(call, apart=bool(elements))
        elements += drawn
        used += length
    if len(one.calls) > MAX_CALLS:
        elements.append(words(run(texts_why.more_calls(len(one.calls) - MAX_CALLS), "italic")))
    return [context(who), rich(*(elements or [words(run(texts_why.NO_TEXT, "italic"))]))], used


def _call(call: Call, *, apart: bool) -> tuple[list[Block], int]:
    name = line(call.name, 80) or "(no name)"
    drawn = arguments(call.args, limit=400, room=1000, most=12)
    above = "\n" if apart else ""
    return [words(run(above + texts_why.CALLS), run(name, "code")), *drawn.elements], size(name) + drawn.used
