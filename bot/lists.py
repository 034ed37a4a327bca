"""Several approvals in rows, and one approval with everything known about it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals import automatic
from approvals.model import ActorRef, Approval, Decision, Source, Status
from approvals.policy import Urgency
from approvals.ports import Page
from bot import texts, texts_state, texts_votes
from bot.card import SMALL, draw
from bot.rich import (
    MAX_WEIGHT,
    Block,
    Message,
    actions,
    button,
    clean,
    context,
    cut,
    divider,
    escape,
    fallback,
    header,
    inline,
    line,
    plain_text,
    rich,
    run,
    section,
    words,
)

MAX_ROWS = 15
MAX_DECISIONS = 12
MAX_FILTER = 150
"""Characters of a filter in a button: written as ASCII they stay within the 2,000 of its value."""
DETAILS = 4200
"""Characters that what is said beyond the card may take, at the most."""


def row(approval: Approval, now: datetime, extra: str = "") -> Block:
    """One approval in a list: its title as plain text, how it stands, and a button to see it."""
    facts = [f"*{texts_state.state(approval)}* · opened {texts.span((now - approval.opened_at).total_seconds())} ago"]
    if approval.status is Status.PENDING and approval.expires_at is not None:
        facts.append(f"until {texts.moment(approval.expires_at)}")
    if extra:
        facts.append(extra)
    return {
        "type": "section",
        "fields": [
            plain_text(texts.title(approval, 120)),
            {"type": "mrkdwn", "text": "\n".join(facts), "verbatim": True},
        ],
        "accessory": button("Show", "show", approval.id, about=texts.title(approval, 60)),
    }


@dataclass(frozen=True, slots=True)
class Around:
    """Of a list of what its reader may see: where the pages around it begin, `None` where there is none."""

    before: int | None = None
    after: int | None = None


def listing(
    page: Page, *, title: str, graph: str | None, now: datetime, page_size: int, around: Around | None = None
) -> Message:
    """A page of approvals, oldest first. `title` is ours; `graph` is the filter in use.

    Without `around` the reader sees everything, and is told how much that is.
    """
    shown = page.approvals[: max(1, min(page_size, MAX_ROWS))]
    blocks = [header(title)]
    if graph:
        blocks.append(context(plain_text(f"Only of the agent {line(graph, 80)}")))
    if not shown:
        sentence = _empty(page, graph) if around is None else _nothing(around, graph)
        turns = [] if around is None else _around(around, graph)
        rest = [section(sentence), *([actions(turns)] if turns else [])]
        return Message(fallback(f"{escape(line(title, 100))}: {sentence}"), [*blocks, *rest])
    blocks.extend(row(approval, now) for approval in shown)
    last = page.offset + len(shown)
    if around is None:
        blocks.append(context(f"{page.offset + 1}–{last} of {page.total}, oldest first."))
        turns = _turns(page, graph, page_size, last)
    else:
        blocks.append(context(f"{len(shown)} of those that you may see, oldest first."))
        turns = _around(around, graph)
    if turns:
        blocks.append(actions(turns))
    first = inline(shown[0].title, 120) or texts.UNTITLED
    count = page.total if around is None else len(shown)
    return Message(fallback(f"{escape(line(title, 100))}: {count}. The oldest here: {first}"), blocks)


def _nothing(around: Around, graph: str | None) -> str:
    if around.after is not None:
        return "Nothing that you may see is among these. *Next* looks further."
    if around.before is not None:
        return "There is nothing on this page any more. `/approvals` starts at the first one."
    return _empty(Page((), 0, 0), graph)


def _around(around: Around, graph: str | None) -> list[Block]:
    back = [] if around.before is None else [button("Previous", "list:prev", _where(around.before, graph))]
    on = [] if around.after is None else [button("Next", "list:next", _where(around.after, graph))]
    return back + on


def _empty(page: Page, graph: str | None) -> str:
    if page.offset and page.total:
        return "There is nothing on this page any more. `/approvals` starts at the first one."
    if graph:
        return f"Nothing of the agent {inline(graph, 80)} is waiting. `/approvals` lists those of all agents."
    return texts.HELP_EMPTY


def _turns(page: Page, graph: str | None, page_size: int, last: int) -> list[Block]:
    turns: list[Block] = []
    if page.offset > 0:
        back = max(0, page.offset - max(1, min(page_size, MAX_ROWS)))
        turns.append(button("Previous", "list:prev", _where(back, graph)))
    if last < page.total:
        turns.append(button("Next", "list:next", _where(last, graph)))
    return turns


def _where(offset: int, graph: str | None) -> str:
    return json.dumps({"offset": offset, "graph": graph and graph[:MAX_FILTER]}, separators=(",", ":"))


def details(approval: Approval, now: datetime) -> Message:
    """The card, and what the record says beyond it: for whoever has to find out why."""
    drawn = draw(approval, now, SMALL, most=MAX_WEIGHT - DETAILS)
    facts = rich(*(words(run(f"{name}: ", "bold"), run(value)) for name, value in _facts(approval, now) if value))
    blocks = [*drawn.blocks, divider(), section("*Details*"), facts]
    said = approval.decisions[-MAX_DECISIONS:]
    if said:
        blocks.append(section(f"*Decisions* ({len(approval.decisions)})"))
        blocks.append(rich(*_told(said, line(approval.policy.name, 60))))
    return Message(drawn.text, blocks)


def _facts(approval: Approval, now: datetime) -> Sequence[tuple[str, str]]:
    policy = approval.policy
    plain = automatic.decided(approval)
    held = approval.paused_until(now)
    asked = ", ".join(line(name, 60) for name in approval.audience[:10])
    source = f" (from {line(policy.source, 60)})" if policy.source else ""
    return (
        ("Status", f"{approval.status.value}, version {approval.version}, revision {approval.revision}"),
        ("Agent", line(approval.graph, 80)),
        ("Thread id", line(approval.thread_id, 120)),
        ("Interrupt id", line(approval.interrupt.id, 120)),
        ("Node", line(approval.interrupt.node, 80)),
        ("Dialect", line(approval.dialect, 60)),
        ("Reply shape", line(approval.reply_shape, 60)),
        ("Because", line(approval.why, 200)),
        ("Policy", line(policy.name, 80) + source),
        ("Decided", texts_votes.by_policy(approval) if plain else ""),
        ("Urgency", approval.urgency.value if approval.urgency is not Urgency.NORMAL else ""),
        ("Needed", texts_votes.plainly(texts_votes.needed(policy)) if texts_votes.several(policy) else ""),
        ("Held until", texts.utc(held) if held and approval.status is Status.PENDING else ""),
        ("May break the glass", ", ".join(line(name, 60) for name in policy.break_glass[:5])),
        ("Who may decide", asked + (f" and {len(approval.audience) - 10} more" if len(approval.audience) > 10 else "")),
        ("Own requests", "may be decided" if policy.self_approval else "are decided by others"),
        ("Opened", texts.utc(approval.opened_at)),
        ("Expires", texts.utc(approval.expires_at) if approval.expires_at else ""),
        ("Reminders given", str(approval.reminders) if approval.reminders else ""),
        ("Cards", str(len(approval.messages))),
        ("Tries", str(approval.attempts) if approval.attempts else ""),
        ("Error", line(approval.error or "", 300)),
        ("To ask anew", f"signoff repair {line(approval.thread_id, 120)}" if approval.status is Status.FAILED else ""),
    )


def _told(said: Sequence[Decision], policy: str) -> list[Block]:
    elements: list[Block] = []
    for decision in said:
        which = "" if decision.action is None else f", action {decision.action + 1}"
        runs = [
            run(f"{texts.utc(decision.at)} "),
            run(decision.type.value, "bold"),
            run(f"{which}{' alone (glass broken)' if decision.alone else ''} by "),
            *_who(decision.actor, policy),
        ]
        if decision.reason:
            runs.append(run(f": {cut(' '.join(clean(decision.reason).split()), 80)}"))
        elements.append(words(*runs))
    return elements


def _who(actor: ActorRef, policy: str) -> list[Block]:
    if actor.source is Source.POLICY:
        return [run(f"policy {policy}")]
    slack = actor.source is Source.SLACK
    by = _person(actor.id) if slack else run(f"{line(actor.id, 60) or 'somebody'} ({actor.source.value})")
    return [by, run(" for "), _person(actor.behalf)] if actor.behalf else [by]


def _person(name: str) -> Block:
    return {"type": "user", "user_id": name} if texts.is_person(name) else run(line(name, 60) or "somebody")
