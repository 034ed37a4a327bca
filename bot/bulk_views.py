"""The forms in which several approvals are decided in one go: choose, confirm, and what came of it. Pure.

`private_metadata` names what was looked for and what was chosen, by ids and revisions: never what is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from approvals.model import Approval, DecisionType
from approvals.policy import Policy
from bot import bulk, forms, reasons, texts, texts_bulk
from bot.bulk import MOST, Group
from bot.card import brief
from bot.find import LONGEST
from bot.rich import (
    MAX_LABEL,
    Block,
    actions,
    button,
    clean,
    context,
    divider,
    fallback,
    line,
    modal,
    plain_text,
    rich,
    run,
    section,
    words,
)
from bot.values import reading

OPEN, KIND, TICK = "bulk:open", "bulk:kind", "bulk:tick"
PICK, DECIDE = "bulk_pick", "bulk_decide"
VERDICT = "verdict"
PER_GROUP = 10
"""Options that Slack takes in one group of checkboxes."""

_CHOSEN = re.compile(r"(A[A-Z2-7]{15}):([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One that was ticked, and the revision that was shown."""

    id: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a form goes by: the list it was opened from, as it would be typed, and whether that was the Home tab;
    for the confirmation what was chosen, and which way."""

    find: str
    home: bool = False
    verdict: DecisionType | None = None
    chosen: tuple[Chosen, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """One that was not decided, and the sentence that says why (`mrkdwn`)."""

    named: str
    why: str


def way_in(find: str) -> Block:
    """The button of a list that opens the form."""
    value = json.dumps({"find": find}, separators=(",", ":"))
    return button(texts_bulk.OPEN, OPEN, value, about=texts_bulk.OPEN_ABOUT)


# -- choose


def choose(groups: Sequence[Group], about: About, key: str = "", *, ticked: bool = False) -> Block:
    """What can be decided together, of one kind: of the one that `key` names, or of the first. There is at least one.

    `ticked`: all of them are chosen already.
    """
    group = next((one for one in groups if one.kind.key == key), groups[0])
    offered = group.approvals[:MOST]
    blocks = _kinds(groups, group)
    tick = button(texts_bulk.TICK_ALL, TICK, group.kind.key)
    blocks.append(section(texts_bulk.counted(len(group.approvals), MOST), None if ticked else tick))
    for start in range(0, len(offered), PER_GROUP):
        blocks.append(_boxes(offered, start, group.kind.key, ticked=ticked))
    blocks.append(_verdict())
    if said := texts_bulk.apart(group.apart):
        blocks.append(context(said))
    return modal(
        texts_bulk.TITLE, blocks, callback_id=PICK, metadata=_meta(about), submit=texts_bulk.NEXT, close="Cancel"
    )


def _kinds(groups: Sequence[Group], group: Group) -> list[Block]:
    options = [{"text": plain_text(texts_bulk.kind(one.kind)), "value": one.kind.key} for one in groups[:100]]
    here = next(option for one, option in zip(groups, options, strict=False) if one is group)
    if len(options) == 1:
        return [{"type": "section", "text": here["text"]}]
    element: Block = {
        "type": "static_select",
        "action_id": KIND,
        "options": options,
        "initial_option": here,
        "placeholder": plain_text(texts_bulk.KIND),
    }
    return [actions([element])]


def _boxes(offered: Sequence[Approval], start: int, key: str, *, ticked: bool) -> Block:
    """One group of them. Of a single group Slack sees to it that something is ticked; of several we do.

    Another block id where all are ticked, and for another kind: Slack keeps what was chosen under the same one.
    """
    some = offered[start : start + PER_GROUP]
    options = [_option(approval) for approval in some]
    element: Block = {"type": "checkboxes", "action_id": forms.ACTION_ID, "options": options}
    if ticked:
        element["initial_options"] = options
    return {
        "type": "input",
        "block_id": f"pick:{key}:{start}{':all' if ticked else ''}",
        "label": plain_text(texts_bulk.group(start + 1, start + len(some), len(offered))),
        "element": element,
        "optional": len(offered) > PER_GROUP,
    }


def _option(approval: Approval) -> Block:
    option: Block = {
        "text": plain_text(texts.title(approval, MAX_LABEL)),
        "value": f"{approval.id}:{approval.revision}",
    }
    said = "; ".join(
        f"{line(name, 30)}: {reading(name, value, 40).text}" for name, value in approval.actions[0].args.items()
    )
    return option | ({"description": plain_text(line(clean(said), MAX_LABEL))} if line(clean(said), MAX_LABEL) else {})


def _verdict() -> Block:
    options = [{"text": plain_text(label), "value": kind.value} for kind, label in texts_bulk.VERDICTS.items()]
    return {
        "type": "input",
        "block_id": VERDICT,
        "label": plain_text(texts_bulk.VERDICT),
        "element": {"type": "radio_buttons", "action_id": forms.ACTION_ID, "options": options},
    }


def ticked(state: Mapping[str, Any]) -> tuple[Chosen, ...]:
    """What was chosen in it, in its order; at most `bulk.MOST`. Whatever is not of our making is left out."""
    found: list[Chosen] = []
    for block in state:
        if block.startswith("pick:"):
            for value in _values(state, block):
                if (read := _CHOSEN.fullmatch(value)) is not None:
                    found.append(Chosen(read[1], int(read[2])))
    return tuple(dict.fromkeys(found))[:MOST]


def _values(state: Mapping[str, Any], block: str) -> list[str]:
    found = cast("object", state.get(block))
    for name in (forms.ACTION_ID, "selected_options"):
        found = cast("Mapping[str, object]", found).get(name) if isinstance(found, Mapping) else None
    options = cast("list[object]", found) if isinstance(found, list) else []
    chosen = [cast("Mapping[str, object]", option) for option in options if isinstance(option, Mapping)]
    return [str(option.get("value")) for option in chosen]


def verdict(state: Mapping[str, Any]) -> DecisionType | None:
    """Which way; `None` for nothing that is offered."""
    said = forms.entry(state, VERDICT)
    return DecisionType(said) if said in bulk.VERDICTS else None


# -- confirm


def confirm(kept: Sequence[Approval], left: Sequence[Left], about: About) -> Block:
    """Names each of them, whole, and asks why. `kept` is not empty, and shown copies; `about` says which way."""
    kind = about.verdict or DecisionType.APPROVE
    blocks: list[Block] = [section(texts_bulk.confirm(kind, len(kept))), *_said_once(kept)]
    for number, approval in enumerate(kept, 1):
        blocks.append(rich(words(run(f"{number}. "), run(texts.title(approval, 120), "bold"))))
        blocks += _whole(approval)
    blocks.append(divider())
    blocks += _left(texts_bulk.LEFT_OUT, left)
    blocks += reason_inputs(kept, kind)
    name = texts_bulk.sure(kind, len(kept))
    return modal(f"{name}?", blocks, callback_id=DECIDE, metadata=_meta(about), submit=name, close="Back")


def _said_once(kept: Sequence[Approval]) -> list[Block]:
    """The kind that all of them are of, and that each is decided by itself."""
    return [context(plain_text(texts_bulk.kind(bulk.kind(kept[0]), 150))), context(texts_bulk.EACH)]


def _whole(approval: Approval) -> list[Block]:
    """All that is asked, without the name of the action, which is said once above."""
    body = brief(approval) or []
    if not body or not approval.actions[0].args or len(body[0]["elements"]) < 2:
        return body
    return [rich(*body[0]["elements"][1:]), *body[1:]]


def reason_inputs(approvals: Sequence[Approval], kind: DecisionType) -> list[Block]:
    """The list of reasons, where all offer the same, and the lines."""
    required = bulk.needs_reason(approvals, kind)
    inputs = reasons.inputs(policy_for(approvals), required=required)
    inputs[-1]["hint"] = plain_text(texts_bulk.reason_for(required))
    return inputs


def policy_for(approvals: Sequence[Approval]) -> Policy:
    """By which the reason is asked for and read: the reasons that all of them offer."""
    return replace(approvals[0].policy, reasons=bulk.reasons(approvals))


def _left(title: str, left: Sequence[Left]) -> list[Block]:
    """A section for each: a sentence of ours may be long."""
    said = [context(f"• {one.named}: {one.why}") for one in left]
    return [section(title), *said] if said else []


def none_left(left: Sequence[Left]) -> Block:
    """Instead of the confirmation, where nothing is left to confirm."""
    return modal(texts_bulk.TITLE, _left(f"*{texts_bulk.NONE_LEFT}:*", left), callback_id="notice", close="Back")


def result(done: Sequence[tuple[str, str]], left: Sequence[Left]) -> Block:
    """What came of it: each that was decided, by name, with what became of it; then the others, with why."""
    blocks: list[Block] = []
    for became in dict.fromkeys(what for _, what in done):
        names = [named for named, what in done if what == became]
        blocks.append(section(f":white_check_mark: *{became}* ({len(names)})"))
        blocks += [context(*[f"• {named}" for named in names[at : at + 10]]) for at in range(0, len(names), 10)]
    blocks += _left(f":warning: {texts_bulk.NOT_DECIDED}", left)
    blocks.append(context(texts_bulk.MORE))
    view = modal(texts_bulk.result(len(done), len(done) + len(left)), blocks, callback_id="notice")
    return view | {"clear_on_close": True}


def working(kind: DecisionType, count: int) -> Block:
    """While it is done."""
    view = modal(texts_bulk.WORKING, [section(fallback(texts_bulk.working(kind, count)))], callback_id="notice")
    return view | {"clear_on_close": True}


# -- what the forms go by


def _meta(about: About) -> dict[str, object]:
    data: dict[str, object] = {"find": about.find, "home": about.home}
    if about.verdict is not None:
        data |= {"verdict": about.verdict.value, "chosen": [f"{one.id}:{one.revision}" for one in about.chosen]}
    return data


def about(view: Mapping[str, Any]) -> About | None:
    """What a form goes by; `None` when it is not one of ours."""
    try:
        found = cast("object", json.loads(view.get("private_metadata") or ""))
    except (TypeError, ValueError, RecursionError):
        return None
    data = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    find, home, kind, chosen = data.get("find"), data.get("home"), data.get("verdict"), data.get("chosen", [])
    if not isinstance(find, str) or len(find) > LONGEST or type(home) is not bool or not isinstance(chosen, list):
        return None
    if kind is not None and kind not in bulk.VERDICTS:
        return None
    read = [_CHOSEN.fullmatch(str(one)) for one in cast("list[object]", chosen)[: MOST + 1]]
    these = tuple(Chosen(one[1], int(one[2])) for one in read if one is not None)
    if len(these) != len(read) or len(these) > MOST or (kind is None) != (not these):
        return None
    return About(find=find, home=home, verdict=None if kind is None else DecisionType(cast("str", kind)), chosen=these)
