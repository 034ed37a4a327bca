"""Policies in plain words: whom each one asks, and what follows as time passes. Pure; every such sentence is here.

Names and other people's words come as they are written in the policy; whoever draws for Slack hands in a `Voice` that
makes mentions of names and escapes the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from approvals.hours import Hours
from approvals.policy import MANAGER, Automatic, EscalationStep, Expiry, OnExpiry, Policy

MEMBERS = "members of "
"""How a channel is said as an audience, by every voice."""

ACKNOWLEDGE = 1800.0
"""Seconds for which "I am looking" holds the next step unless a policy says otherwise: not worth a word."""

_ENDS = {
    OnExpiry.DENY: "denied",
    OnExpiry.APPROVE: "approved",
    OnExpiry.RESPOND: "answered",
    OnExpiry.WAIT: "marked overdue",
    OnExpiry.FAIL: "failed",
}
_DECIDED = {"approve": "approved", "deny": "denied", "respond": "answered"}
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _plain(entry: str) -> str:
    return f"{MEMBERS}{entry}" if entry.startswith("#") else entry


@dataclass(frozen=True, slots=True)
class Voice:
    """How audience entries are drawn, how words that are not ours, and how patterns and conditions."""

    entry: Callable[[str], str] = _plain
    text: Callable[[str], str] = str
    code: Callable[[str], str] = str

    def name(self, entry: str) -> str:
        """An audience entry."""
        return "the requester's manager" if entry == MANAGER else self.entry(entry)

    def place(self, channel: str) -> str:
        """A channel as a place."""
        return self.name(channel).removeprefix(MEMBERS)


PLAIN = Voice()


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
    return f"{', '.join(found[:-1])} {last} {found[-1]}" if len(found) > 1 else "".join(found)


def sentence(policy: Policy, voice: Voice = PLAIN) -> str:
    """The whole of it on one line."""
    what = about(policy, voice)
    small = [] if policy.enabled else ["switched off"]
    small += [] if what == "everything" else [what]
    beside = f" ({'; '.join(small)})" if small else ""
    return f"{voice.text(policy.name)}{beside}: {course(policy, voice)}"


def about(policy: Policy, voice: Voice = PLAIN) -> str:
    """What it is about: actions, agents, nodes, urgency, and its condition."""
    match = policy.match
    parts = [] if match.action == "*" else [f"actions {voice.code(match.action)}"]
    parts += [] if match.graph == "*" else [f"agent {voice.code(match.graph)}"]
    what = " of ".join(parts)
    more = [] if match.node == "*" else [f"at node {voice.code(match.node)}"]
    more += [f"where it presses: {listed((one.value for one in match.urgency), 'or')}"] if match.urgency else []
    more += [f"where {voice.code(policy.when)}"] if policy.when else []
    if not what and not more:
        return "everything else" if policy.name == "default" else "everything"
    return ", ".join([what, *more] if what else more)


def course(policy: Policy, voice: Voice = PLAIN) -> str:
    """Who decides, and what follows, in the order in which it happens."""
    if policy.decide is not None:
        return _by_itself(policy.decide, policy, voice)
    parts = [_asked(policy, voice), *_terms(policy, voice)]
    if policy.remind:
        parts.append(f"reminded after {_times(policy.remind)}")
    parts += [_step(step, voice) for step in policy.escalate]
    parts.append(_end(policy.expire, voice))
    if policy.hours is not None:
        parts.append(working(policy.hours))
    return ", ".join(parts)


def _by_itself(rule: Automatic, policy: Policy, voice: Voice) -> str:
    said = f" “{voice.text(rule.text)}”" if rule.text else ""
    why = f" ({voice.text(rule.reason)})" if rule.reason else ""
    told = f", told in {voice.place(policy.channel)}" if rule.tell else ""
    return f"{_DECIDED[rule.decision]} at once{said} without asking anybody{why}{told}"


def _asked(policy: Policy, voice: Voice) -> str:
    people = [_some(group.approve, group.who, voice) + f" for {voice.text(group.name)}" for group in policy.groups]
    whole = policy.who or (() if policy.groups else (policy.channel,))
    if whole or policy.quorum.approve > 1:
        everybody = whole or tuple(dict.fromkeys(entry for group in policy.groups for entry in group.who))
        people.insert(0, _some(policy.quorum.approve, everybody, voice))
    where = "" if whole == (policy.channel,) else f" in {voice.place(policy.channel)}"
    return f"{listed(people, 'and')}{where}"


def _some(count: int, entries: Sequence[str], voice: Voice) -> str:
    """So many of these people."""
    names = [voice.name(entry) for entry in entries]
    if count > 1:
        return f"{_COUNTS[count] if count < len(_COUNTS) else count} of {listed(names, 'and')}"
    if len(names) == 1 and names[0].startswith(MEMBERS):
        return f"any member of {names[0].removeprefix(MEMBERS)}"
    alone = len(names) == 1 and not names[0].startswith(("@", "<!"))
    return names[0] if alone else f"one of {listed(names, 'or')}"


def _terms(policy: Policy, voice: Voice) -> list[str]:
    terms: list[str] = []
    if policy.quorum.deny > 1:
        terms.append(f"{_COUNTS[policy.quorum.deny] if policy.quorum.deny <= 10 else policy.quorum.deny} to deny")
    if policy.self_approval:
        terms.append("whoever asked may decide too")
    if policy.reason_required:
        terms.append(f"with a reason to {listed(policy.reason_required, 'or')}")
    if policy.reason_optional:
        terms.append(f"room for a reason to {listed(policy.reason_optional, 'or')}")
    if policy.reasons:
        terms.append(f"reasons to choose from: {listed((f'“{voice.text(one)}”' for one in policy.reasons), 'or')}")
    if policy.confirm:
        terms.append("asked once more before an approval counts")
    if policy.break_glass:
        terms.append(f"in an emergency {listed(map(voice.name, policy.break_glass), 'or')} alone")
    if policy.urgency is not None:
        terms.append(f"treated as {policy.urgency.value}")
    if policy.acknowledge not in (None, ACKNOWLEDGE):
        terms.append(f"“I am looking” holds it for {length(policy.acknowledge)}")
    if policy.ask_back is None:
        terms.append("nobody may ask back")
    elif policy.ask_back.pause is not None:
        terms.append(f"a question back holds it for {length(policy.ask_back.pause)} at the most")
    if policy.owner:
        terms.append(f"{listed(map(voice.name, policy.owner), 'or')} answers for the agent")
    if policy.snooze:
        terms.append(f"can be put off for {listed(map(length, policy.snooze), 'or')}")
    return terms


def _times(times: Sequence[float]) -> str:
    """The first few: a backoff can have many."""
    if len(times) <= 4:
        return listed(map(length, times), "and")
    return f"{', '.join(map(length, times[:3]))} and {len(times) - 3} times more"


def _step(step: EscalationStep, voice: Voice) -> str:
    to = listed(map(voice.name, step.to), "and")
    who = f"{to} instead" if step.replace else f"{to} too"
    groups = f" for {listed(map(voice.text, step.stands_for), 'and')}" if step.stands_for else ""
    where = f" in {voice.place(step.channel)}" if step.channel and step.to != (step.channel,) else ""
    again = ""
    if step.repeat is not None:
        times = "once" if step.repeat.times == 1 else f"{step.repeat.times} times"
        again = f" (told again {times}, every {length(step.repeat.every)})"
    return f"then {who}{groups} after {length(step.after)}{where}{again}"


def _end(expire: Expiry | None, voice: Voice) -> str:
    if expire is None:
        return "no deadline"
    said = f" “{voice.text(expire.text)}”" if expire.text else ""
    return f"{_ENDS[expire.then]}{said} after {length(expire.after)}"


def working(hours: Hours, zone: str = "") -> str:
    """When the clocks run, in the zones that are named; without any, in those that the policy says."""
    days = sorted(hours.days)
    running = len(days) > 2 and days[-1] - days[0] == len(days) - 1
    said = f"{_DAYS[days[0]]}–{_DAYS[days[-1]]}" if running else listed((_DAYS[day] for day in days), "and")
    zone = zone or {"team": "the team's time", "approver": "the approvers' time"}.get(hours.zone, f"{hours.zone} time")
    count = len(hours.holidays)
    off = f", {count} {'holiday' if count == 1 else 'holidays'}" if count else ""
    return f"the clocks run {said} {_clock(hours.start)}–{_clock(hours.end)} ({zone}{off})"


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
