"""Policies in plain words: whom each one asks, and what follows as time passes. Pure; every such sentence is here.

Names come as they are written in the policy; whoever draws for Slack hands in `name`, which makes mentions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from approvals.policy import EscalationStep, OnExpiry, Policy

Name = Callable[[str], str]

MEMBERS = "members of "
"""How a channel is said as an audience, by every `name`."""

ENDS = {OnExpiry.DENY: "denied", OnExpiry.APPROVE: "approved", OnExpiry.WAIT: "marked overdue"}


def plain(entry: str) -> str:
    """An audience entry as text: a channel stands for its members."""
    return f"{MEMBERS}{entry}" if entry.startswith("#") else entry


def length(seconds: float) -> str:
    """A time exactly: `40 s`, `1 h 30 min`, `2 d`."""
    rest, parts = int(seconds), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        # A day is said as 24 h, and 36 h not as a day and a half: hours are what people plan in.
        if unit == "d" and (rest or count < 2):
            rest += count * size
        elif count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def listed(items: Iterable[str], last: str) -> str:
    """`a, b or c`."""
    found = list(items)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""


def about(policy: Policy) -> str:
    """What it is about: agents and actions, as globs."""
    match = policy.match
    if policy.name == "default" and match.graph == match.action == "*":
        return "everything else"
    what = [] if match.action == "*" else [f"actions {match.action}"]
    what += [] if match.graph == "*" else [f"agent {match.graph}"]
    return " of ".join(what) or "everything"


def course(policy: Policy, name: Name = plain) -> str:
    """Who decides, and what follows, in the order in which it happens."""
    parts = [_who(policy, name), *_terms(policy)]
    if policy.remind:
        parts.append(f"reminded after {listed(map(length, policy.remind), 'and')}")
    parts += [_step(step, name) for step in policy.escalate]
    if policy.expire is None:
        parts.append("no deadline")
    else:
        parts.append(f"{ENDS[policy.expire.then]} after {length(policy.expire.after)}")
    return ", ".join(parts)


def sentence(policy: Policy, name: Name = plain) -> str:
    """The whole of it on one line."""
    what = about(policy)
    return f"{policy.name}{'' if what == 'everything' else f' ({what})'}: {course(policy, name)}"


def _one_of(entries: Iterable[str], name: Name) -> str:
    names = [name(entry) for entry in entries]
    if len(names) == 1 and names[0].startswith(MEMBERS):
        return f"any member of {names[0].removeprefix(MEMBERS)}"
    alone = len(names) == 1 and not names[0].startswith(("@", "<!"))
    return names[0] if alone else f"one of {listed(names, 'or')}"


def _who(policy: Policy, name: Name) -> str:
    if not policy.who or policy.who == (policy.channel,):
        return _one_of([policy.channel], name)
    return f"{_one_of(policy.who, name)} in {_place(policy.channel, name)}"


def _place(channel: str, name: Name) -> str:
    return name(channel).removeprefix(MEMBERS)


def _terms(policy: Policy) -> list[str]:
    terms: list[str] = []
    if policy.self_approval:
        terms.append("whoever asked may decide too")
    if policy.reason_required:
        terms.append(f"with a reason to {listed(policy.reason_required, 'or')}")
    if policy.confirm:
        terms.append("asked once more before an approval counts")
    return terms


def _step(step: EscalationStep, name: Name) -> str:
    to = listed(map(name, step.to), "and")
    where = f" in {_place(step.channel, name)}" if step.channel and step.to != (step.channel,) else ""
    return f"then {to} too after {length(step.after)}{where}"
