"""Sentences about what lies ahead: what would become of a question, and what is wrong with policies. Slack `mrkdwn`."""

from __future__ import annotations

from collections.abc import Iterable

from approvals import lint, outlook, words
from approvals.hours import zones_of
from bot import texts
from bot.rich import Block, Message, context, fallback, inline, section, size
from bot.simulate import Simulated

USAGE_SIMULATE = (
    "Name the graph and what it would ask: `/approvals simulate refund "
    '{"action": "issue_refund", "args": {"amount": 340}}`, on behalf of somebody else with `requester:@ana` before it.'
)
MAY_NOT_SIMULATE = (
    "You are not among those who may look ahead: that is for whoever may start agents from Slack (`SIGNOFF_RUNNERS`) "
    "and for admins (`SIGNOFF_ADMINS`)."
)
SLACK = words.Voice(texts.entry, lambda said: inline(said, 200))
"""Policies in words, as Slack draws them."""

_STEPS = 18
"""Steps that are shown at the most; what lies between is counted."""

_ROOM = 2900
"""Characters of one section."""


def bad_question(problem: str) -> str:
    """A question that is not JSON."""
    return f"That is not JSON: {inline(problem, 120)}. {USAGE_SIMULATE}"


def unclear(typed: str, found: int) -> str:
    """The requester that was named fits nobody, or several."""
    who = f"Nobody is called `{inline(typed, 60)}`" if not found else f"`{inline(typed, 60)}` fits {found} people"
    return f"{who}. Name them by e-mail address or member id: `requester:ana@example.com`."


def simulated(found: Simulated) -> Message:
    """The whole walk, for whoever asked: when it comes in the reader's own zone, and beneath it in that of each person
    whom it concerns."""
    walk, approval = found.walk, found.walk.approval
    source = f" of {inline(approval.policy.source, 60)}" if approval.policy.source else ""
    whose = f", requested by {texts.person(approval.requester)}" if approval.requester else ""
    head = f"*If nobody answers*{whose}, under the policy {inline(approval.policy.name, 60)}{source}:"
    steps = [_step(found, index) for index in range(len(walk.steps))]
    if len(steps) > _STEPS:
        steps[_STEPS - 5 : -4] = [f"• … {len(steps) - _STEPS + 1} more …"]
    lines = [head, *steps, outlook.ending(walk, known=found.known)]
    if kept := approval.hours:
        zones = " or ".join(zones_of(kept, approval.zones))
        lines.append(f"Times are counted in working hours: {inline(words.working(kept, zones), 200)}.")
    lines += [f"Not told: {inline(doubt, 200)}." for doubt in walk.doubts[:5]]
    lines += [f"{texts.entry(name)}: {inline(why, 200)}." for name, why in [*found.unresolved.items()][:5]]
    lines = [line for line in lines if line] + ["Nothing was started, and nobody was told."]
    return Message(fallback(head), _sections(lines))


def _step(found: Simulated, index: int) -> str:
    walk = found.walk
    one = walk.steps[index]
    said = f"• {texts.moment(one.at)} · {outlook.step(walk, one, SLACK, known=found.known)}"
    theirs = outlook.in_words(outlook.local(one.at, walk.concerned(index), found.clocks), texts.person)
    return f"{said}\n   ◦ {theirs}" if theirs else said


def _sections(lines: Iterable[str]) -> list[Block]:
    """As many lines in each as it holds."""
    parts: list[str] = []
    for line in lines:
        kept = line if size(line) <= _ROOM else fallback(line)
        if parts and size(parts[-1]) + size(kept) < _ROOM:
            parts[-1] += f"\n{kept}"
        else:
            parts.append(kept)
    return [section(part) for part in parts]


def uncovered(found: lint.Finding) -> Message:
    """To an admin: one thing that is wrong with the policies."""
    head = f"*A policy cannot do what it says.* {outlook.finding(found, SLACK)}."
    rest = "`signoff policy lint` lists all of these. You are told once, and again if it is mended and comes back."
    return Message(fallback(head), [section(head), context(rest)])
