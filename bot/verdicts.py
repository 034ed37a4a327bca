"""What was decided: who, what, when, and the words or changes that came with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from approvals.model import Approval, Decision, DecisionType, Resolution, Source
from bot import schema_form, texts_votes
from bot.rich import Block, clean, context, cut, first_line, line, quote, rich, run, section, words
from bot.values import MAX_NAME, reading

MAX_CHANGES = 8
MAX_LISTED = 6


def error_line(approval: Approval, limit: int = 400) -> str:
    """The first line of what went wrong. From the agent, so not to be parsed."""
    return first_line(approval.error or "", limit)


def listed(approval: Approval, room: int) -> list[Block]:
    """Every decision with its substance; the last few where there are many."""
    blocks: list[Block] = []
    decisions = approval.decisions[-MAX_LISTED:]
    if len(approval.decisions) > len(decisions):
        blocks.append(context(f"{len(approval.decisions) - len(decisions)} earlier decisions are not drawn here."))
    for decision in decisions:
        named = f"Action {decision.action + 1}: " if decision.action is not None and len(approval.actions) > 1 else ""
        blocks.append(section(named + texts_votes.verdict(approval, decision)))
        index = decision.action if decision.action is not None else 0
        blocks.extend(substance(approval, decision, index, limit=room // len(decisions)))
    return blocks


def substance(approval: Approval, decision: Decision, index: int, *, limit: int) -> list[Block]:
    """The reason, the answer, the changed arguments: one `rich_text` block, or none at all."""
    elements: list[Block] = []
    if decision.type is DecisionType.EDIT and decision.args is not None and 0 <= index < len(approval.actions):
        elements.append(_changes(approval, decision, index, limit)[0])
    if decision.type is DecisionType.RESPOND and decision.text:
        elements.append(quote(cut(clean(schema_form.told(approval, decision.text)).strip(), limit)))
    expired = decision.actor.source is Source.POLICY and approval.resolution is Resolution.EXPIRED
    if decision.reason and not expired:
        elements.append(quote(cut(clean(decision.reason).strip(), limit)))
    return [rich(*elements)] if elements else []


def proposal(approval: Approval, edit: Decision, index: int, *, limit: int) -> tuple[list[Block], bool]:
    """What an edit changes that others must still approve: who, old and new, why. False where some of it was cut."""
    changes, whole = _changes(approval, edit, index, limit)
    elements = [changes]
    if edit.reason:
        kept = cut(clean(edit.reason).strip(), limit)
        elements.append(quote(kept))
    return [context(texts_votes.edited_by(edit)), rich(*elements)], whole


def _changes(approval: Approval, decision: Decision, index: int, limit: int) -> tuple[Block, bool]:
    """Old and new for each argument that differs; by type too, so that `1` is not `true`. False where some was cut."""
    before, after = approval.actions[index].args, decision.args or {}
    names = [name for name in dict.fromkeys((*before, *after)) if not _same(before, after, name)]
    if not names:
        return words(run("Nothing was changed in it.", "italic")), True
    runs: list[Block] = []
    whole = len(names) <= MAX_CHANGES
    each = max(20, limit // (2 * min(len(names), MAX_CHANGES)) - 20)
    for name in names[:MAX_CHANGES]:
        if runs:
            runs.append(run("\n"))
        runs.extend((run(line(name, min(MAX_NAME, each)) or "(no name)", "bold"), run(": ")))
        if name in before:
            old = reading(name, before[name], each)
            whole = whole and old.whole and not old.tall
            runs.append(run(line(old.text, each), "strike"))
            runs.append(run(" → "))
        runs.append(run(line(reading(name, after[name], each).text, each) if name in after else "(removed)", "bold"))
    if len(names) > MAX_CHANGES:
        runs.append(run(f"\nand {len(names) - MAX_CHANGES} more changes", "italic"))
    return words(*runs), whole


def _same(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], name: str) -> bool:
    if name not in before or name not in after:
        return False
    return type(before[name]) is type(after[name]) and before[name] == after[name]
