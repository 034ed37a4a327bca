"""Sentences about deciding several approvals in one go. Slack `mrkdwn`, as in `texts`; what is for `plain_text` says
so."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.model import Approval, DecisionType, Status
from bot import texts
from bot.bulk import Alone, Kind
from bot.rich import inline, line

OPEN = "Select several…"
OPEN_ABOUT = "decide approvals of one kind together"
TITLE = "Select several"
LOOKING = "Looking for what waits for you…"
NONE = (
    "There are no two of the same kind left that wait for you and can be decided together. "
    "`/approvals` lists what waits."
)
KIND = "Kind"
VERDICT = "Your decision"
VERDICTS: Mapping[DecisionType, str] = {DecisionType.APPROVE: "Approve all", DecisionType.DENY: "Deny all"}
NEXT = "Next"
TICK = "Tick what you want to decide together. Nothing is decided before you have seen all of it once more."
TICK_ALL = "Tick all"
NEEDS_REASON = "Please give a reason: their policy asks for one."
PICK_SOME = "Please tick at least one."
EACH = "Each of them is decided and written down by itself, exactly as by its own button."
LEFT_OUT = "*Not among them any more:*"
NONE_LEFT = "None of them can be decided in this way any more"
WORKING = "One moment"
NOT_DECIDED = "*Not decided:*"
CARD = "Some of this changed since you saw it, or it has to be decided by itself. Decide it on its card."
BROKEN = "Something went wrong on our side, and it was logged. Look at its card before you try again."
MORE = "`/approvals` lists what is left."
NOTHING = "Nothing was decided"

_APART: Mapping[Alone, str] = {
    Alone.CRITICAL: "critical",
    Alone.CONFIRM: "to be confirmed by its policy",
    Alone.GLASS: "with a way to break the glass",
    Alone.CHANGED: "changed since it was first asked",
    Alone.ASKED: "with questions asked about it",
    Alone.HIDDEN: "with more than fits here, or with something hidden",
    Alone.OTHER: "to be answered in another way",
}


def kind(which: Kind, limit: int = 75) -> str:
    """The agent and the action. Plain."""
    return line(f"{which.graph} · {which.action or '(no name)'}", limit)


def counted(count: int, most: int) -> str:
    """How many there are, and how many are offered at once."""
    first = f" Here are the first {most}; the others come after." if count > most else ""
    return f"{count} of these wait for you.{first} {TICK}"


def apart(found: Mapping[Alone, int]) -> str:
    """Those that are not offered; empty if there are none."""
    parts = [f"{count} {_APART[why]}" for why, count in found.items() if count]
    if not parts:
        return ""
    how = (
        "It is decided by itself, on its card" if sum(found.values()) == 1 else "Decide them one by one, on their cards"
    )
    return f"Not offered here: {', '.join(parts)}. {how}."


def group(first: int, last: int, count: int) -> str:
    """What a group of boxes is called. Plain."""
    some = "" if (first, last) == (1, count) else f" {first}–{last}" if last > first else f" {first}"
    return f"Approvals{some}"


def sure(kind: DecisionType, count: int) -> str:
    """The title of what is confirmed, and its button. Plain, 24 characters at the most."""
    return f"{_verb(kind)} {count}"


def confirm(kind: DecisionType, count: int) -> str:
    """What is about to happen."""
    these = "this one" if count == 1 else f"these {count}"
    return f"*{_verb(kind)} {these}?*"


def working(kind: DecisionType, count: int) -> str:
    """While it happens."""
    return f"{'Approving' if kind is DecisionType.APPROVE else 'Denying'} {count}, one after the other…"


def _verb(kind: DecisionType) -> str:
    return texts.LABEL[kind].rstrip("…")


def reason_for(required: bool) -> str:
    """Below the field of the reason, where only some need one. Plain."""
    return "It is written down with each of them." + (" Their policy asks for one." if required else "")


def result(done: int, count: int) -> str:
    """The title of what came of it. Plain, 24 characters at the most."""
    return NOTHING if not done else f"Done: {done} of {count}"


def became(approval: Approval) -> str:
    """What one decision did, as the first words of a line about several."""
    if approval.status is Status.PENDING:
        return "Your vote is counted; others still have to vote"
    ended = texts.ENDED[approval.resolution] if approval.resolution is not None else "Decided"
    held = f"; *Undo* on the card until {texts.moment(approval.held_until)}" if approval.held_until else ""
    return f"{ended}{held}"


def named(approval: Approval | None, approval_id: str) -> str:
    """One of them, by its title."""
    return inline(approval.title, 120) or texts.UNTITLED if approval is not None else inline(approval_id, 20)
