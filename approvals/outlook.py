"""A simulation, and what is wrong with policies, in plain words. Pure; names are said by a `Voice`, as in `words`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from approvals.lint import Finding, Kind
from approvals.simulate import Simulation, Step, StepKind
from approvals.words import PLAIN, Voice

MOST_NAMES = 8
MOST_ZONES = 3
MOST_TOGETHER = 4
"""People of one zone who are named."""

_ENDS: Mapping[str, str] = {
    "approve": "approved",
    "deny": "denied",
    "respond": "answered",
    "failed": "given up without an answer",
}


def step(walk: Simulation, one: Step, voice: Voice = PLAIN, *, known: bool = True) -> str:
    """What happens at a step. `known`: people were looked up, and their number says something."""
    who, where = _names(one.who, voice.name), _names(one.where, lambda place: _place(place, voice))
    count = f" ({people(len(one.people))})" if known and one.who else ""
    end, why = _ENDS.get(walk.end, walk.end), voice.text(one.why)
    match one.kind:
        case StepKind.OPENED:
            return f"asked: {who}{count}, in {where}"
        case StepKind.DECIDED:
            return f"{end} by the policy, without asking" + (f"; told in {where}" if where else "")
        case StepKind.REMINDED:
            return f"reminded in {where}"
        case StepKind.ESCALATED:
            told = f"told in {where}; " if where else ""
            return f"{told}now {who} may decide{count}"
        case StepKind.SKIPPED:
            return f"step {one.level} tells nobody: {why}"
        case StepKind.EXPIRED:
            return f"time is up: {end} by the policy"
        case StepKind.OVERDUE:
            return "time is up, and it goes on waiting" + (f": {why}" if why else "")


def ending(walk: Simulation, *, known: bool = True) -> str:
    """What is to be said of the whole: how it goes on after the last step, and how many people could have decided."""
    parts: list[str] = []
    if walk.cut:
        parts.append("It goes on for longer than is shown.")
    elif not walk.ended:
        parts.append("After that it waits until somebody decides.")
    if known and walk.steps[0].kind is not StepKind.DECIDED:
        parts.append(f"In all, {people(len(walk.people))} could have decided.")
    return " ".join(parts)


def people(count: int) -> str:
    """`nobody`, `1 person`, `3 people`."""
    return "nobody" if not count else "1 person" if count == 1 else f"{count} people"


# -- in each person's own time


@dataclass(frozen=True, slots=True)
class Local:
    """A moment as the people of one zone have it. `place` is what the zone is called: `New York`."""

    zone: str
    at: datetime
    people: tuple[str, ...]

    @property
    def place(self) -> str:
        """The city of an IANA name; any other name as it is."""
        return self.zone.rpartition("/")[2].replace("_", " ")


def local(at: datetime, who: Sequence[str], clocks: Mapping[str, tzinfo]) -> tuple[Local, ...]:
    """A moment in the zone of each of these people, zone by zone, those with most people first. Who has no clock is
    left out."""
    zones: dict[str, list[str]] = {}
    for one in who:
        if one in clocks:
            zones.setdefault(str(clocks[one]), []).append(one)
    found = [Local(zone, at.astimezone(clocks[them[0]]), tuple(them)) for zone, them in zones.items()]
    return tuple(sorted(found, key=lambda each: -len(each.people)))


def in_words(found: Sequence[Local], say: Callable[[str], str]) -> str:
    """`Ana, Ben: Fri 16:30 Madrid · Cleo: Fri 10:30 New York`. `say` names a person. However many there are, it stays
    short: the rest is counted."""
    said = [f"{_some(each.people, say)}: {each.at:%a %H:%M} {each.place}" for each in found[:MOST_ZONES]]
    if rest := found[MOST_ZONES:]:
        count = sum(len(each.people) for each in rest)
        said.append(f"and {count} more in {len(rest)} {'zone' if len(rest) == 1 else 'zones'}")
    return " · ".join(said)


def _some(who: Sequence[str], say: Callable[[str], str]) -> str:
    shown = ", ".join(say(one) for one in who[:MOST_TOGETHER])
    return shown + (f" and {len(who) - MOST_TOGETHER} more" if len(who) > MOST_TOGETHER else "")


# -- what is wrong


def finding(found: Finding, voice: Voice = PLAIN) -> str:
    """What is wrong and how it is mended: `refunds: who: …`."""
    return f"{voice.text(found.policy)}: {voice.text(found.where)}: {_wrong(found, voice)}"


def _wrong(found: Finding, voice: Voice) -> str:
    entry = voice.name(found.entry) if found.entry else ""
    why = f" ({voice.text(found.why)})" if found.why else ""
    have, need = people(found.have), people(found.need)
    return {
        Kind.UNKNOWN: f"{entry} is not there{why}; correct it",
        Kind.EMPTY: f"{entry} has nobody in it; add people, or name others",
        Kind.UNABLE: f"none of {entry} can decide{why}; name full members of the workspace",
        Kind.NOT_INSIDE: f"no card can be posted to {voice.place(found.entry)}{why}; invite the bot",
        Kind.NOBODY: "there is nobody who could decide this; name people who can",
        Kind.TOO_FEW: f"{need} must agree, and there is only {have}; ask fewer, or name more",
        Kind.AWAY: f"{need} must agree, and {have} of them is here now; name a cover, or more people",
        Kind.REQUESTER: f"{need} must agree, and there is just {have}: nobody of them could ask for it; name one more",
        Kind.STANDS_FOR_NONE: "the step stands for none of the groups that must approve; add for: to it",
        Kind.STRANDED: (
            f"from this step on {need} must agree, and there is only {have}, unless somebody voted before; "
            "name more, or leave replace out"
        ),
        Kind.UNREACHED: (
            f"nobody of {entry} is where the card stands{why}, and it is sent to none of them; "
            "invite them there, or name a channel that they are in"
        ),
        Kind.APPROVES_UNSEEN: "nobody could decide, and when the time is up it is approved; let it deny or wait",
    }[found.kind]


def _place(place: str, voice: Voice) -> str:
    channel = place.startswith("#") or (place[:1] in "CG" and place.isalnum() and place.isupper())
    return voice.place(place) if channel else f"a direct message to {voice.name(place)}"


def _names(entries: Sequence[str], say: Callable[[str], str]) -> str:
    shown = [say(entry) for entry in entries[:MOST_NAMES]]
    return ", ".join(shown) + (f" and {len(entries) - MOST_NAMES} more" if len(entries) > MOST_NAMES else "")
