"""One approval in a row of a list, and one approval with everything known about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from approvals import automatic
from approvals.model import ActorRef, Approval, Decision, Source, Status
from approvals.policy import Urgency
from bot import replies_find, texts, texts_state, texts_votes
from bot.card import DETAILS, SMALL, draw
from bot.rich import (
    MAX_WEIGHT,
    Block,
    Message,
    button,
    clean,
    context,
    cut,
    divider,
    line,
    plain_text,
    rich,
    run,
    section,
    words,
)

MAX_ROWS = 15
MAX_DECISIONS = 12


def row(approval: Approval, now: datetime, extra: str = "", link: str | None = None) -> Block:
    """One approval in a list: its title as plain text, how it stands, where its card is, and a button to see it."""
    facts = [f"*{texts_state.state(approval)}* · opened {texts.span((now - approval.opened_at).total_seconds())} ago"]
    if approval.status is Status.PENDING and approval.expires_at is not None:
        facts.append(f"until {texts.moment(approval.expires_at)}")
    if extra:
        facts.append(extra)
    return titled(approval, facts, link)


def titled(approval: Approval, facts: Sequence[str], link: str | None = None) -> Block:
    """The row itself. `facts` are `mrkdwn` of ours, each a line; `link` opens its card."""
    lines = [*facts, replies_find.OPEN_CARD.format(url=link)] if link else facts
    return {
        "type": "section",
        "fields": [
            plain_text(texts.title(approval, 120)),
            {"type": "mrkdwn", "text": "\n".join(lines), "verbatim": True},
        ],
        "accessory": button("Show", "show", approval.id, about=texts.title(approval, 60)),
    }


def details(approval: Approval, now: datetime, link: str | None = None) -> Message:
    """The card, and what the record says beyond it: for whoever has to find out why. `link`: where the card stands."""
    drawn = draw(approval, now, SMALL, most=MAX_WEIGHT - DETAILS)
    facts = rich(*(words(run(f"{name}: ", "bold"), run(value)) for name, value in _facts(approval, now) if value))
    stands = [context(replies_find.CARD_IS.format(url=link))] if link else []
    blocks = [*drawn.blocks, *stands, divider(), section("*Details*"), facts]
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
