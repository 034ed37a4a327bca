"""Everything that an approval asks, whole, cut into pages that fit a Slack view. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue

from approvals.model import Action, Approval
from approvals.tally import proposed
from bot.rich import Block, clean, faithful, preformatted, rich, run, words
from bot.values import dump, unshown

CHUNK = 2800
"""Characters of one piece of text."""

PER_BLOCK = 20
"""Elements of one block: many short arguments share one."""

PER_PAGE = 40
"""Blocks of one page; Slack takes 100 in a view."""

PAGE_BYTES = 120_000
"""Of one page, written as ASCII JSON, the longest way to write it. Slack takes 250 kB."""


def digest(approval: Approval) -> str:
    """SHA-256, in hex, of everything that the pages show, as canonical JSON (keys sorted, no spaces, ASCII).

    That is the title, the descriptions, each action's name and arguments as an approval would approve them, what the
    agent sent, and what was asked back with the answers.
    """
    actions: list[JsonValue] = [
        {"name": action.name, "description": action.description, "args": dict(proposed(approval, index))}
        for index, action in enumerate(approval.actions)
    ]
    said: dict[str, JsonValue] = {
        "title": approval.title,
        "description": approval.description,
        "actions": actions,
        "payload": approval.payload,
        "questions": [[question.text, question.answer] for question in approval.questions],
    }
    text = json.dumps(said, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def pages(approval: Approval) -> list[list[Block]]:
    """At least one page; nothing is left out, and invisible characters are named."""
    found: list[list[Block]] = [[]]
    cost = 0
    for block in _blocks(approval):
        more = len(json.dumps(block))
        if found[-1] and (len(found[-1]) >= PER_PAGE or cost + more > PAGE_BYTES):
            found.append([])
            cost = 0
        found[-1].append(block)
        cost += more
    return found


def _blocks(approval: Approval) -> Iterator[Block]:
    held: list[Block] = []
    used = 0
    for element, length in _elements(approval):
        if held and (len(held) >= PER_BLOCK or used + length > CHUNK):
            yield rich(*held)
            held, used = [], 0
        held.append(element)
        used += length
    if held:
        yield rich(*held)


def _elements(approval: Approval) -> Iterator[tuple[Block, int]]:
    yield from _prose(approval.title if len(approval.title) > 100 else "")
    yield from _prose(approval.description)
    for index, action in enumerate(approval.actions):
        if len(approval.actions) > 1 or action.args:
            yield from _heading(
                f"Action {index + 1} of {len(approval.actions)}" if len(approval.actions) > 1 else "Action"
            )
            yield from _text(action.name)
        yield from _action(replace(action, args=proposed(approval, index)))
        if proposed(approval, index) != action.args:
            yield from _heading("Before it was edited")
            yield from _action(replace(action, description=""))
    for question in approval.questions:
        yield from _heading(f"Question {question.number}")
        yield from _prose(question.text)
        if question.answer is not None:
            yield from _heading("Its answer")
            yield from _prose(question.answer)
    if approval.payload is not None and (unshown(approval) or not any(action.args for action in approval.actions)):
        yield from _heading("As the agent sent it")
        payload = approval.payload
        yield from _text(payload if isinstance(payload, str) else dump(payload, indent=2))


def _action(action: Action) -> Iterator[tuple[Block, int]]:
    yield from _prose(action.description)
    for name, value in action.args.items():
        yield from _heading(name)
        yield from _text(value if isinstance(value, str) else dump(value, indent=2))


def _heading(text: str) -> Iterator[tuple[Block, int]]:
    for piece in _pieces(faithful(text)):
        yield words(run(piece, "bold")), len(piece)


def _prose(text: str) -> Iterator[tuple[Block, int]]:
    for piece in _pieces(clean(text)) if text.strip() else ():
        yield words(run(piece)), len(piece)


def _text(text: str) -> Iterator[tuple[Block, int]]:
    for piece in _pieces(faithful(text)):
        yield preformatted(piece), len(piece)


def _pieces(text: str) -> Iterator[str]:
    """Cut at the end of a line where one is near."""
    if not text:
        yield "(empty)"
    start = 0
    while start < len(text):
        end = min(len(text), start + CHUNK // 2)
        if end < len(text) and (near := text.rfind("\n", start + CHUNK // 4, end)) > 0:
            end = near + 1
        yield text[start:end]
        start = end
