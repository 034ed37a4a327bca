"""Every sentence a person reads in Slack. Ours are `mrkdwn`; whatever comes from elsewhere is escaped on the way in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from agents.naming import anew
from approvals import entries
from approvals.lifecycle import offered
from approvals.model import ActorRef, Approval, DecisionType, Resolution, Source, Status
from approvals.policy import MANAGER, OnExpiry, Urgency
from approvals.redact import MASK
from approvals.refusals import Reason, Refusal
from approvals.tally import edits, proposed, verdicts
from bot.rich import MAX_HEADER, inline, line, size

Said = Mapping[str, str]
"""How audience entries are drawn where it was looked up whom they name, by entry; the others are drawn as written."""

MOST, MOST_SAID = 8, 20
"""So many entries stand in a row; more where they were looked up, since who does not stand there is not told."""

_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")
_GROUP = re.compile(r"S[A-Z0-9]{2,30}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,30}")

DONE: Mapping[DecisionType, str] = {
    DecisionType.APPROVE: "Approved",
    DecisionType.EDIT: "Edited and approved",
    DecisionType.DENY: "Denied",
    DecisionType.RESPOND: "Answered",
}
ENDED: Mapping[Resolution, str] = {
    Resolution.APPROVED: "Approved",
    Resolution.EDITED: "Edited and approved",
    Resolution.DENIED: "Denied",
    Resolution.RESPONDED: "Answered",
    Resolution.EXPIRED: "Expired",
    Resolution.CANCELLED: "Cancelled",
}
LABEL: Mapping[DecisionType, str] = {
    DecisionType.APPROVE: "Approve",
    DecisionType.EDIT: "Edit…",
    DecisionType.DENY: "Deny…",
    DecisionType.RESPOND: "Respond…",
}
ICON: Mapping[DecisionType, str] = {
    DecisionType.APPROVE: ":white_check_mark:",
    DecisionType.EDIT: ":pencil2:",
    DecisionType.DENY: ":no_entry:",
    DecisionType.RESPOND: ":speech_balloon:",
}
PRESSING: Mapping[Urgency, str] = {Urgency.HIGH: "❗ Urgent: ", Urgency.CRITICAL: "🚨 Critical: "}
EDITED = "✏️ Changed, was: "
CHANGED = "✏️ Changed: "
UNTITLED = "Untitled approval"
HELP_EMPTY = (
    ":white_check_mark: Nothing is waiting for a decision. "
    "When an agent asks, its card is posted, and it is listed here."
)

HIDDEN = f"{MASK} hides what may be a secret. The agent has the real value."


# -- people, places and times


def is_person(name: str) -> bool:
    """Looks like a Slack user id."""
    return _PERSON.fullmatch(name) is not None


def person(name: str) -> str:
    """A mention if it looks like a Slack user id, else the name as text."""
    return f"<@{name}>" if is_person(name) else inline(name, 80)


def who(actor: ActorRef) -> str:
    """Whoever did something, with the door they came through where it was not Slack."""
    if actor.behalf is not None:
        return f"{who(replace(actor, behalf=None))} for {person(actor.behalf)}"
    if actor.source is Source.SLACK:
        return person(actor.id)
    if actor.source is Source.POLICY:
        return "the policy"
    if actor.source is Source.SYSTEM:
        return "Signoff"
    door = "command line" if actor.source is Source.CLI else "API"
    name = actor.id.removeprefix(entries.API) if actor.source is Source.API else actor.id
    return f"{inline(name, 60) or 'somebody'} ({door})"


def entry(name: str) -> str:
    """An audience entry as Slack draws it: a mention where it is an id."""
    name = entries.head(name)
    if name.startswith(entries.API):
        return f"{inline(name.removeprefix(entries.API), 60)} (API)"
    if name.startswith(MANAGER):
        return f"the manager of {person(name.partition(':')[2])}" if ":U" in name else "the requester's manager"
    if _GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    if _CHANNEL.fullmatch(name):
        return f"members of <#{name}>"
    return f"members of {inline(name, 80)}" if name.startswith("#") else person(name)


def everybody(entries: Sequence[str], most: int = MOST, said: Said | None = None) -> str:
    """Audience entries in a row."""
    known = said or {}
    most = MOST_SAID if known else most
    shown = [known.get(name) or entry(name) for name in entries[:most]]
    return ", ".join(shown) + (f" and {len(entries) - most} more" if len(entries) > most else "")


def utc(at: datetime) -> str:
    """The same moment for those who do not see Slack's own dates."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def moment(at: datetime) -> str:
    """A time in the reader's own zone, as Slack draws it."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{utc(at)}>"


def span(seconds: float) -> str:
    """A length of time in its largest unit: `40 s`, `5 min`, `2 h`, `3 d`."""
    seconds = max(0.0, seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


# -- an approval


def title(approval: Approval, limit: int = 150) -> str:
    """Plain, on one line, never empty; after an edit that of what it was changed to. Not escaped."""
    return line(anew(approval).title, limit) or UNTITLED


def heading(approval: Approval) -> str:
    """The title, and before it how much it presses and that it was edited, while it waits. Plain; fits a header."""
    waits = approval.status is Status.PENDING
    mark = PRESSING.get(approval.urgency, "") if waits else ""
    if waits and any(_edited(approval)):
        mark += CHANGED if was(approval) else EDITED
    return mark + title(approval, MAX_HEADER - size(mark))


def _edited(approval: Approval) -> Iterator[bool]:
    """Of each action, whether it was edited and others must still say so: what is decided says so by itself."""
    for at, said in enumerate(verdicts(approval)):
        yield said is None and proposed(approval, at) != approval.actions[at].args


def was(approval: Approval) -> str:
    """The title before an edit changed it; empty where it is the same, or cannot be told."""
    return line(approval.title, 150) if anew(approval).title != approval.title else ""


def overdue(approval: Approval) -> bool:
    """Its time ran out and it goes on waiting."""
    policy = approval.policy
    return approval.status is Status.PENDING and policy.expire is not None and approval.expires_at is None


def stuck(approval: Approval) -> bool:
    """It failed without an answer of ours: somebody else's answer sticks to its thread."""
    return approval.status is Status.FAILED and approval.reply is None and not unanswered(approval)


def unanswered(approval: Approval) -> bool:
    """Its time ran out, and the policy gives the agent no answer then."""
    spoke = any(decision.actor.source is Source.POLICY for decision in approval.decisions)
    expired = approval.status is Status.FAILED and approval.resolution is Resolution.EXPIRED
    return expired and approval.reply is None and not spoke


def deadline(approval: Approval, now: datetime | None = None) -> str:
    """Until when, and what happens then. With `now`, a deadline that has passed is said to have passed."""
    if overdue(approval):
        return "The deadline has passed."
    if approval.expires_at is None:
        return "No deadline: it stays open until somebody decides."
    if now is not None and approval.expires_at <= now:
        return f"The deadline passed ({moment(approval.expires_at)}): {_then(approval)} in a moment."
    return f"Until {moment(approval.expires_at)}, then {_then(approval)}."


def _then(approval: Approval) -> str:
    ends = approval.policy.expire.then if approval.policy.expire else OnExpiry.WAIT
    if ends is OnExpiry.APPROVE and edits(approval):
        ends = OnExpiry.WAIT
    return {
        OnExpiry.DENY: "denied automatically",
        OnExpiry.APPROVE: "approved automatically",
        OnExpiry.RESPOND: "answered automatically",
        OnExpiry.WAIT: "marked overdue, and it stays open",
        OnExpiry.FAIL: "the agent gets no answer",
    }[ends]


def asked(approval: Approval, audience: Sequence[str] | None = None, said: Said | None = None) -> str:
    """Who may decide (`audience`: who of them is called by name), and how far it was escalated."""
    text = f"Asked: {everybody(approval.audience if audience is None else audience, said=said)}"
    if not approval.level:
        return text
    return f"{text} · escalated, step {approval.level} of {len(approval.policy.escalate)}"


def asker(approval: Approval) -> str:
    """The agent, or the API key, that asks, and in which environment where that has a name. Plain."""
    where = f", in {named}" if (named := line(approval.environment, 40)) else ""
    if approval.terms is not None:
        return f"Asked by: {line(approval.terms.name, 60) or '(no name)'} (API){where}"
    return f"Agent: {line(approval.graph, 60) or '(no name)'}{where}"


def on_behalf(approval: Approval) -> str:
    """The requester, if one is known."""
    return f"For {person(approval.requester)}" if approval.requester else ""


# -- refusals


def refusal(refused: Refusal, approval: Approval | None, viewer_id: str) -> str:
    """What happened and what to do next, for the one who tried. `mrkdwn`; the detail is escaped."""
    return " ".join(_SENTENCES[refused.reason](_Case(refused, approval, viewer_id)).split())


def field(refused: Refusal) -> str:
    """The same for an error beside an input of a modal, which Slack draws as plain text."""
    detail = line(refused.detail, 250)
    if refused.reason is Reason.REASON_REQUIRED:
        return "Please give a reason."
    if detail:
        return detail[:1].upper() + detail[1:]
    return "This value does not fit."


class _Case:
    def __init__(self, refused: Refusal, approval: Approval | None, viewer: str) -> None:
        self.approval = approval
        self.viewer = viewer
        self.detail = _sentence(inline(refused.detail, 300))

    def asked(self) -> str:
        return everybody(self.approval.audience) if self.approval else "the approvers"

    def decided(self) -> str:
        """`Already approved by … at …`."""
        approval = self.approval
        if approval is not None and approval.cancelled is not None:
            return f"Already cancelled by {who(approval.cancelled.by)}"
        if approval is None or approval.resolution is None:
            return "Already decided"
        last = approval.decisions[-1] if approval.decisions else None
        how = ENDED[approval.resolution].lower()
        if last is None:
            return f"Already {how}"
        if last.actor.id == self.viewer and last.actor.source is Source.SLACK:
            return f"You have already {_did(last.type)} this ({moment(last.at)})"
        return f"Already {how} by {who(last.actor)} ({moment(last.at)})"

    def own(self) -> str:
        requester = self.approval.requester if self.approval else None
        return "your own request" if requester in (None, self.viewer) else f"what {person(requester or '')} requested"

    def expired(self) -> str:
        approval = self.approval
        last = approval.decisions[-1] if approval and approval.decisions else None
        if last is None or last.actor.source is not Source.POLICY:
            return "The time for this ran out."
        return f"The time for this ran out: it was {_did(last.type)} automatically ({moment(last.at)})."

    def gone(self) -> str:
        why = inline(self.approval.error or "", 200) if self.approval else ""
        return f"This is no longer needed{f' ({why})' if why else ''}."

    def choices(self) -> str:
        if self.approval is None or self.approval.status is not Status.PENDING:
            return ""
        kinds = [LABEL[kind].rstrip("…") for kind in offered(self.approval, None)]
        return f" Offered: {', '.join(kinds)}." if kinds else " Decide its actions one by one."


def _sentence(text: str) -> str:
    if not text:
        return ""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def _did(kind: DecisionType) -> str:
    return DONE[kind].lower()


_FOLLOW = "Nothing was changed."

_SENTENCES: Mapping[Reason, Callable[[_Case], str]] = {
    Reason.UNKNOWN: lambda _: (
        "There is no such approval in the records (any more). Nothing was changed. `/approvals` lists what is waiting."
    ),
    Reason.ALREADY_RESOLVED: lambda case: f"{case.decided()}; nothing was changed.",
    Reason.ACTION_DECIDED: lambda _: (
        "Somebody has already decided this action; nothing was changed. The card shows which ones are still open."
    ),
    Reason.ALREADY_VOTED: lambda _: (
        "Your vote is counted already; others still have to vote. Nothing was changed. "
        "You can change your mind as long as it is open."
    ),
    Reason.NO_GLASS: lambda case: f"You are not among those who may decide this alone. {_FOLLOW} Ask {case.asked()}.",
    Reason.TOO_LATE: lambda _: (
        "It is too late to take this back: the agent goes on with it. "
        "Nothing was changed. The card says what comes of it."
    ),
    Reason.HELD_ALREADY: lambda _: (
        "Somebody holds it for at least as long already; the card says until when. Nothing was changed."
    ),
    Reason.ASKED_ALREADY: lambda _: "This very question waits for its answer already. Nothing was changed.",
    Reason.ENOUGH_ASKED: lambda _: (
        "Enough was asked about this already; the card shows the answers. Nothing was changed. "
        "Decide, or talk to each other in the thread."
    ),
    Reason.ANSWERED_ALREADY: lambda _: (
        "Somebody has answered this already; the thread and the card show what. Nothing was changed."
    ),
    Reason.NOT_ASKED: lambda _: "This question was not put to you. Nothing was changed.",
    Reason.EXPIRED: lambda case: f"{case.expired()} {_FOLLOW} If it is still wanted, start the agent again.",
    Reason.SUPERSEDED: lambda case: f"{case.gone()} {_FOLLOW} There is nothing left to do here.",
    Reason.CHANGED: lambda _: (
        "The question has changed since you opened it. Nothing was changed. "
        "Read the card again, then decide on what it says now."
    ),
    Reason.NOT_OFFERED: lambda case: f"The agent does not take this decision here. {_FOLLOW}{case.choices()}",
    Reason.NO_SUCH_ACTION: lambda case: f"There is no such action here. {case.detail} {_FOLLOW} Read the card again.",
    Reason.REASON_REQUIRED: lambda case: (
        f"This decision needs a reason{_by_policy(case)}. {_FOLLOW} Decide again and give one."
    ),
    Reason.UNREAD: lambda _: (
        "Not all of it fits on the card, and you have not seen the rest yet. Nothing was changed. "
        "Press *Approve…* on the card: it shows everything, and the last page has the button."
    ),
    Reason.INVALID_ANSWER: lambda case: (
        f"The agent cannot take this answer. {case.detail} {_FOLLOW} Correct it and send it again."
    ),
    Reason.NOT_APPROVER: lambda case: f"You are not among those who may decide this. {_FOLLOW} Ask {case.asked()}.",
    Reason.OWN_REQUEST: lambda case: f"You cannot decide {case.own()}. {_FOLLOW} Somebody else has to: {case.asked()}.",
    Reason.GUEST: lambda case: f"Guests of the workspace cannot decide. {_FOLLOW} Ask {case.asked()}.",
    Reason.EXTERNAL: lambda case: f"People from another workspace cannot decide. {_FOLLOW} Ask {case.asked()}.",
    Reason.DEACTIVATED: lambda case: f"This account is deactivated and cannot decide. {_FOLLOW} Ask {case.asked()}.",
    Reason.BOT: lambda case: f"Bots cannot decide. {_FOLLOW} Ask {case.asked()}.",
    Reason.UNKNOWN_PERSON: lambda _: (
        "Slack does not say who you are, so you cannot decide. Nothing was changed. "
        "Try again; if it stays so, ask whoever runs Signoff."
    ),
    Reason.NOT_POSSIBLE: lambda case: (
        f"That is not possible now. {case.detail} {_FOLLOW} The card shows how things stand."
    ),
    Reason.BUSY: lambda _: "Several people acted on this at the same moment. Nothing was changed. Please try again.",
}


def _by_policy(case: _Case) -> str:
    return f" (policy {inline(case.approval.policy.name, 60)})" if case.approval else ""
