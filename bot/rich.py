"""Small builders of Block Kit, and what makes text from an agent harmless. Pure.

Text from an agent goes into `plain_text` objects and `rich_text` elements, which Slack does not parse. Where it has to
stand in `mrkdwn`, `&`, `<` and `>` are escaped, so that no mention, link or date comes of it. Lengths count UTF-16
units, as Slack's clients do: never less than Slack counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

Block = dict[str, Any]

MAX_TEXT = 300
"""Characters of a message's top-level text. Slack takes 4,000 in `chat.update`; a notification shows much less."""

MAX_HEADER = 150
MAX_SECTION = 3000
MAX_LABEL = 75
MAX_MENU = 5
MAX_BLOCKS = 50
MAX_WEIGHT = 9000
"""Characters of text in one message. Slack does not say its limit; refusals were seen from 11,341 on."""

CUT = "…"

_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e"
    "\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f{_HIDDEN}]")
_LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029]")
_DOUBTFUL = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029{_HIDDEN}]")
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


@dataclass(frozen=True)
class Message:
    """What `chat.postMessage` and `chat.update` take. `text` says enough by itself, as a notification."""

    text: str
    blocks: list[Block]


# -- text


def clean(text: str) -> str:
    """Without control characters, invisible ones and those that turn the direction of reading. Lines stay."""
    text = _UNSAFE.sub("", _LINE_END.sub("\n", text)).replace("\t", "    ")
    return _STACKED.sub(r"\1", text)


def faithful(text: str) -> str:
    """Like `clean`, but what cannot be seen is named instead: an argument is shown with everything that is in it."""
    return _UNSAFE.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", _LINE_END.sub("\n", text)).replace("\t", "    ")


def doubtful(text: str) -> bool:
    """Holds characters that an input field may not give back as they were."""
    return _DOUBTFUL.search(text) is not None


def line(text: str, limit: int) -> str:
    """On one line, cleaned and cut."""
    return cut(" ".join(clean(text[: limit * 8]).split()), limit)


def first_line(text: str, limit: int) -> str:
    """The first line that says something, cleaned and cut."""
    return next((cut(found.strip(), limit) for found in clean(text[: limit * 8]).split("\n") if found.strip()), "")


def size(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def cut(text: str, limit: int) -> str:
    """At most `limit` units, with an ellipsis where something is missing."""
    if size(text[: limit + 1]) <= limit:
        return text
    units = text[: limit - 1].encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    return units.decode("utf-16-le", "ignore").rstrip() + CUT


def escape(text: str) -> str:
    """For `mrkdwn`: exactly the three characters that Slack asks for, in its order."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inline(text: str, limit: int = 150) -> str:
    """Somebody's text inside a `mrkdwn` sentence of ours: one line, cut, and escaped after the cut."""
    return escape(line(text, limit))


def fallback(sentence: str) -> str:
    """A finished `mrkdwn` sentence as the top-level text: cut, but never within an escape or a `<…>`."""
    if size(sentence) <= MAX_TEXT:
        return sentence
    kept = cut(sentence, MAX_TEXT)[:-1]
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start > kept.rfind(closing):
            kept = kept[:start]
    return kept.rstrip() + CUT


# -- text objects


def plain_text(text: str) -> Block:
    """A `plain_text` object. `:names:` of emoji stay text."""
    return {"type": "plain_text", "text": text or CUT, "emoji": False}


def mrkdwn(text: str) -> Block:
    """A `mrkdwn` object of our own making; nothing in it becomes a link by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


# -- blocks


def header(text: str) -> Block:
    """A header of somebody's text."""
    return {"type": "header", "text": plain_text(line(text, MAX_HEADER))}


def section(text: str, accessory: Block | None = None) -> Block:
    """A sentence of ours."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block | {"accessory": accessory} if accessory else block


def context(*texts: str | Block) -> Block:
    """Small print: sentences of ours, or ready text objects."""
    return {"type": "context", "elements": [mrkdwn(text) if isinstance(text, str) else text for text in texts if text]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(buttons: Sequence[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: str | None = None,
    confirm: Block | None = None,
    about: str = "",
) -> Block:
    """`about` completes the label for those who hear the page instead of seeing it."""
    block: Block = {
        "type": "button",
        "text": plain_text(cut(label, MAX_LABEL)),
        "action_id": action_id,
        "value": value,
        "accessibility_label": line(f"{label}: {about}" if about else label, MAX_LABEL),
    }
    if style:
        block["style"] = style
    if confirm:
        block["confirm"] = confirm
    return block


def overflow(action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """A menu behind three dots: labels and values, five at most."""
    made = [{"text": plain_text(cut(label, MAX_LABEL)), "value": value} for label, value in options[:MAX_MENU]]
    return {"type": "overflow", "action_id": action_id, "options": made}


def confirmation(title: str, text: str, yes: str) -> Block:
    """The dialog that asks once more. `text` may hold somebody's words: it is not parsed."""
    return {
        "title": plain_text(cut(title, 100)),
        "text": plain_text(cut(text, 300)),
        "confirm": plain_text(cut(yes, 30)),
        "deny": plain_text("Go back"),
    }


# -- rich text: typed elements, in which nothing is parsed


def rich(*elements: Block) -> Block:
    """A `rich_text` block."""
    return {"type": "rich_text", "elements": list(elements)}


def run(text: str, *styles: str) -> Block:
    """A piece of text with styles such as `bold`, `strike`, `italic`, `code`."""
    piece: Block = {"type": "text", "text": text or CUT}
    return piece | {"style": dict.fromkeys(styles, True)} if styles else piece


def words(*runs: Block) -> Block:
    """A paragraph."""
    return {"type": "rich_text_section", "elements": list(runs)}


def quote(text: str) -> Block:
    """Somebody's words, marked as such."""
    return {"type": "rich_text_quote", "elements": [run(text)]}


def preformatted(text: str) -> Block:
    """Text that keeps its lines and spaces."""
    return {"type": "rich_text_preformatted", "elements": [run(text)]}


# -- how much it is


def weight(blocks: Sequence[Block]) -> int:
    """Characters of all text in them: what Slack adds up before it says `msg_blocks_too_long`."""
    total = 0
    stack: list[object] = list(blocks)
    while stack:
        found = stack.pop()
        if isinstance(found, Mapping):
            entries = cast("Mapping[str, object]", found)
            stack.extend(entry for key, entry in entries.items() if key != "text" or not isinstance(entry, str))
            text = entries.get("text")
            total += size(text) if isinstance(text, str) else 0
        elif isinstance(found, list):
            stack.extend(cast("list[object]", found))
    return total


def fits(blocks: Sequence[Block], *, most: int = MAX_WEIGHT) -> bool:
    """Whether one message holds them."""
    return len(blocks) <= MAX_BLOCKS and weight(blocks) <= most


# -- views


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str = "",
    metadata: Mapping[str, object] | None = None,
    submit: str = "",
    close: str = "Close",
) -> Block:
    """A modal. `metadata` is written into `private_metadata` as JSON."""
    view: Block = {"type": "modal", "title": plain_text(cut(title, 24)), "close": plain_text(close)}
    if callback_id:
        view["callback_id"] = callback_id
    if metadata is not None:
        view["private_metadata"] = json.dumps(metadata, separators=(",", ":"))
    if submit:
        view["submit"] = plain_text(submit)
    return view | {"blocks": list(blocks)}
