"""The modal in which admins change policies: the list, the form of one, the history. Pure.

Whatever these views name (a version, a place in it) is checked again when it comes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from approvals import words
from approvals.book import PolicyVersion
from approvals.policy import Policy, PolicySet
from approvals.policy_text import NEW, PolicyText
from bot import replies, texts
from bot.modals import notice
from bot.rich import (
    Block,
    actions,
    button,
    clean,
    confirmation,
    context,
    cut,
    divider,
    inline,
    modal,
    plain_text,
    preformatted,
    rich,
    section,
    size,
)

PAGE = 20
"""Policies on one page: the view stays within its 100 blocks, and one can still find something in it."""

MAX_BLOCK = 3000
"""Characters that an input of a form holds at the most."""

MAX_WORDS = 700
MAX_DIFFERENCE = 2500
TEXT, NOTE = "text", "note"


def _code(text: str) -> str:
    return f"`{inline(text, 150).replace('`', chr(39))}`"


VOICE = words.Voice(texts.entry, lambda said: inline(said, 150), _code)
"""Names as mentions; what somebody wrote is escaped."""


@dataclass(frozen=True, slots=True)
class At:
    """What a button or a form is about: what to do, at which place of which version, from which page of the list."""

    do: str
    index: int
    number: int
    page: int = 0

    def __str__(self) -> str:
        return f"{self.do}:{self.index}:{self.number}:{self.page}"


_AT = re.compile(r"([a-z]{1,12}):(-?[0-9]{1,6}):([0-9]{1,9}):([0-9]{1,4})")


def at(text: str) -> At | None:
    """What it is about; `None` for what is not of our making."""
    found = _AT.fullmatch(text)
    return At(found[1], int(found[2]), int(found[3]), int(found[4])) if found else None


def metadata(view: Mapping[str, Any]) -> At | None:
    """What a view of ours is about."""
    found = view.get("private_metadata")
    return at(found) if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of the policies, read. `version` is `None` for what the settings say."""

    number: int
    text: PolicyText
    policies: PolicySet
    version: PolicyVersion | None


def loading() -> Block:
    """Opened at once, filled in as soon as we know what with."""
    return notice(replies.POLICIES, replies.LOADING)


def _view(
    title: str, blocks: Sequence[Block], about: At, callback: str, *, submit: str = "", close: str = "Close"
) -> Block:
    return modal(title, blocks, callback_id=callback, submit=submit, close=close) | {"private_metadata": str(about)}


# -- the list


def listing(shown: Shown, page: int = 0, said: str = "") -> Block:
    """The policies in the order in which they are tried, each in words."""
    rules = shown.policies.policies
    last = max(0, (len(rules) - 1) // PAGE)
    page = max(0, min(page, last))
    here = At("list", 0, shown.number, page)
    blocks = [section(said)] if said else []
    blocks.append(context(_stands(shown)))
    blocks.append(divider())
    for index in range(page * PAGE, min(len(rules), (page + 1) * PAGE)):
        blocks.append(_row(rules, index, here))
    if page == last:
        accessory = button("Edit", "admin:edit", str(At("edit", DEFAULT, shown.number, page)), about="everything else")
        blocks.append(section(_said("Everything else", shown.policies.default), accessory))
    blocks.append(divider())
    if last:
        blocks.append(context(f"Page {page + 1} of {last + 1}, {len(rules)} policies"))
        blocks.append(actions(_turns(here, last)))
    blocks.append(actions(_buttons(here)))
    blocks.append(context(replies.FIRST_COUNTS))
    return _view(replies.POLICIES, blocks, here, "admin:list")


DEFAULT = -1
"""The place of the default, which has no number among the policies."""


def _row(rules: Sequence[Policy], index: int, here: At) -> Block:
    policy = rules[index]
    choices = [("Edit…", "edit")]
    choices += [("Move up", "up")] if index else []
    choices += [("Move down", "down")] if index + 1 < len(rules) else []
    choices.append(("Switch off", "off") if policy.enabled else ("Switch on", "on"))
    choices.append(("Remove…", "remove"))
    options = [
        {"text": plain_text(label), "value": str(At(do, index, here.number, here.page))} for label, do in choices
    ]
    accessory: Block = {"type": "overflow", "action_id": "admin:policy", "options": options}
    row = section(_said(f"{index + 1}. {inline(policy.name, 80)}", policy), accessory)
    return row | {"block_id": f"policy:{index}"}


def _said(title: str, policy: Policy) -> str:
    about = words.about(policy, VOICE)
    small = [] if policy.enabled else [":no_entry_sign: switched off"]
    small += [] if about.startswith("everything") else [about]
    head = f"*{title}*{''.join(f' · {part}' for part in small)}"
    return _within(f"{head}\n{_capital(words.course(policy, VOICE))}.")


def _within(text: str) -> str:
    """Cut between two words, never within a mention."""
    if len(text) <= MAX_WORDS:
        return text
    kept = text[:MAX_WORDS].rpartition(", ")[0]
    return f"{kept} …"


def _capital(text: str) -> str:
    return text if text.startswith("<") else text[:1].upper() + text[1:]


def _stands(shown: Shown) -> str:
    if shown.version is None:
        return replies.FROM_SETTINGS
    version = shown.version
    note = f" · {inline(version.note, 100)}" if version.note else ""
    return f"Version {version.number} · {author(version)} · {texts.moment(version.at)}{note}"


def author(version: PolicyVersion) -> str:
    """Who made a version."""
    return "the policy file" if version.author.id == "file" else texts.who(version.author)


def _turns(here: At, last: int) -> list[Block]:
    turns: list[Block] = []
    if here.page:
        turns.append(button("Previous page", "admin:prev", str(At("page", 0, here.number, here.page - 1))))
    if here.page < last:
        turns.append(button("Next page", "admin:next", str(At("page", 0, here.number, here.page + 1))))
    return turns


def _buttons(here: At) -> list[Block]:
    ask = confirmation("Ask everything anew?", replies.REAPPLY_SURE, "Ask anew")
    return [
        button("Add a policy…", "admin:add", str(At("add", NEW, here.number, here.page)), style="primary"),
        button("History…", "admin:history", str(At("history", 0, here.number, here.page))),
        button("Apply to what waits", "admin:reapply", str(At("reapply", 0, here.number, here.page)), confirm=ask),
    ]


# -- the form of one policy

TEMPLATE = """\
name: new
match:
  graph: "*"
channel: "#approvals"
who: ["@group"]
expire: {after: 24h, then: deny}
"""


def form(about: At, name: str, text: str, *, note: str = "", said: str = "", changed: str = "") -> Block:
    """One policy as it is written. `said` and `changed` tell what somebody else saved meanwhile."""
    if size(text) > MAX_BLOCK:
        return notice(replies.POLICIES, replies.too_long(size(text)))
    blocks: list[Block] = []
    if said:
        blocks.append(section(said))
    if changed:
        blocks.append(rich(preformatted(cut(clean(changed), MAX_DIFFERENCE))))
    title = {NEW: "Add a policy", DEFAULT: "Everything else"}.get(about.index, "Edit a policy")
    blocks.append(_input(TEXT, "Everything else" if about.index == DEFAULT else name or "The policy", text))
    note_element: Block = {"type": "plain_text_input", "action_id": NOTE, "max_length": 200}
    if note:
        note_element["initial_value"] = note
    label = plain_text("Why (for the history)")
    blocks.append({"type": "input", "block_id": NOTE, "label": label, "element": note_element, "optional": True})
    blocks.append(context(replies.FORM_HINT))
    return _view(title, blocks, about, "admin:save", submit="Save", close="Back")


def _input(block: str, label: str, text: str) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": block, "multiline": True, "max_length": MAX_BLOCK}
    if text:
        element["initial_value"] = text.rstrip("\n")
    return {
        "type": "input",
        "block_id": block,
        "label": plain_text(cut(" ".join(label.split()), 100)),
        "hint": plain_text(replies.FORM_YAML),
        "element": element,
    }


def removal(about: At, policy: Policy) -> Block:
    """Asks once more."""
    blocks = [section(_said(inline(policy.name, 80), policy)), context(replies.REMOVE_SURE)]
    return _view("Remove a policy", blocks, about, "admin:remove", submit="Remove", close="Back")


# -- the history


def history(versions: Sequence[PolicyVersion], about: At, said: str = "") -> Block:
    """The last versions, newest first."""
    blocks = [section(said)] if said else []
    for version in versions:
        head = f"*Version {version.number}*{' · counts now' if version.number == about.number else ''}"
        note = f"\n{inline(version.note, 150)}" if version.note else ""
        look = button(
            "Look…",
            "admin:version",
            str(At("version", version.number, about.number, about.page)),
            about=f"version {version.number}",
        )
        row = section(f"{head}\n{author(version)} · {texts.moment(version.at)}{note}", look)
        blocks.append(row | {"block_id": f"version:{version.number}"})
    if not versions:
        blocks.append(section(replies.NO_HISTORY))
    elif versions[-1].number > 1:
        blocks.append(context(replies.MORE_HISTORY))
    return _view("History", blocks, At("history", 0, about.number, about.page), "admin:versions", close="Back")


def version(one: PolicyVersion, about: At, changes: str, back: str, said: str = "") -> Block:
    """What one version changed, and what bringing it back would change."""
    blocks = [section(said)] if said else []
    blocks.append(section(f"*What version {one.number} changed* ({author(one)}, {texts.moment(one.at)})"))
    blocks.append(_difference(changes))
    if one.number == about.number:
        blocks.append(context("This version counts now."))
        return _view(f"Version {one.number}", blocks, about, "admin:look", close="Back")
    blocks.append(section(f"*What bringing it back would change*, from version {about.number} that counts now"))
    blocks.append(_difference(back))
    blocks.append(context("It becomes a new version; nothing of the history is lost."))
    return _view(f"Version {one.number}", blocks, about, "admin:back", submit="Bring back", close="Back")


def _difference(text: str) -> Block:
    return rich(preformatted(cut(clean(text), MAX_DIFFERENCE))) if text else context("Nothing.")


def typed(values: Mapping[str, Any], block: str) -> str:
    """What stands in an input of the form; nothing for what is not there."""
    inputs = cast("Mapping[str, Any]", values.get(block) or {})
    return str(cast("Mapping[str, Any]", inputs.get(block) or {}).get("value") or "")
