"""The audit in plain words: who did what. Slack `mrkdwn`; whatever comes from elsewhere is escaped on the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from approvals.events import Event, EventType
from approvals.model import DecisionType, Resolution, Source
from bot import texts
from bot.rich import inline

TITLE = "Audit trail"
NOTHING = "Nothing was written down about this approval."
ORDER = "The earliest first. Times are in your own time zone."
MAX_REASON = 200

_DID: Mapping[str, str] = {
    DecisionType.APPROVE: "approved",
    DecisionType.EDIT: "approved with changes",
    DecisionType.DENY: "denied",
    DecisionType.RESPOND: "answered",
}


def line(event: Event) -> str:
    """One event: when, who, what."""
    told = _WORDS.get(event.type)
    said = told(event) if told else f"{_who(event)} noted: {event.type.value.replace('_', ' ')}"
    return f"{moment(event.at)} · {said}"


def moment(at: datetime) -> str:
    """Like `texts.moment`, to the second: several things may happen in a minute."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time_secs}}|{texts.utc(at)}>"


def page(number: int, pages: int, events: int) -> str:
    """Which page it is; pages count from 1."""
    return f"Page {number} of {pages} · {events} entries"


def archived(count: int) -> str:
    """That earlier entries are not here any more."""
    entries = "1 earlier entry is" if count == 1 else f"{count} earlier entries are"
    return f"{entries} in the archive. Whoever runs Signoff can look there."


def _who(event: Event) -> str:
    policy = event.data.get("policy")
    if event.actor.source is Source.POLICY and isinstance(policy, str):
        return f"The policy {inline(policy, 60)}"
    name = texts.who(event.actor)
    return name[:1].upper() + name[1:]


def _text(event: Event, name: str) -> str:
    found = event.data.get(name)
    return inline(found, MAX_REASON) if isinstance(found, str) else ""


def _number(event: Event, name: str) -> int:
    found = event.data.get(name)
    return found if isinstance(found, int) else 0


def _because(event: Event, name: str) -> str:
    said = _text(event, name)
    return f": {said}" if said else ""


def _names(event: Event, name: str) -> str:
    found = event.data.get(name)
    return texts.everybody([one for one in found if isinstance(one, str)]) if isinstance(found, list) else ""


def _decided(event: Event) -> str:
    said = f"{_who(event)} {_DID.get(str(event.data.get('decision')), 'decided')}"
    action, bulk = event.data.get("action"), _number(event, "bulk")
    if isinstance(action, int):
        said += f" action {action + 1}"
    if event.type is EventType.BROKE_GLASS:
        said += " alone (glass broken)"
    if isinstance(votes := event.data.get("approvals"), str):
        said += f" ({inline(votes, 20)} approvals so far)"
    if event.data.get("seen"):
        said += ", having seen it in full"
    if bulk:
        said += f" (one of {bulk} chosen at once)"
    return said + _because(event, "reason")


def _viewed(event: Event) -> str:
    whole, pages = event.data.get("whole"), _number(event, "pages")
    if pages < 2 or not whole:
        return f"{_who(event)} {'was shown it in full' if whole else f'began to read it in full ({pages} pages)'}"
    return f"{_who(event)} was shown it in full ({pages} pages)"


def _resolved(event: Event) -> str:
    how = event.data.get("resolution")
    known = isinstance(how, str) and how in tuple(Resolution)
    ended = texts.ENDED[Resolution(how)].lower() if known else "decided"
    held = event.data.get("held_until")
    until = f"; it can be taken back until {_at(held)}" if isinstance(held, str) else ""
    return f"It is {ended}{until}"


def _at(iso: str) -> str:
    try:
        return moment(datetime.fromisoformat(iso))
    except ValueError:
        return inline(iso, 40)


def _opened(event: Event) -> str:
    return f"The agent {_text(event, 'graph') or '(no name)'} asked; the policy {_text(event, 'policy')} applies"


def _cards(event: Event) -> str:
    found = event.data.get("messages")
    count = len(found) if isinstance(found, list) else 1
    return f"Signoff posted {'a card' if count == 1 else f'{count} cards'}"


def _paused(event: Event) -> str:
    until = event.data.get("until")
    what = "is looking at it" if event.type is EventType.ACKNOWLEDGED else "held it"
    return f"{_who(event)} {what}{f' until {_at(until)}' if isinstance(until, str) else ''}"


_GONE = {"guest": "a guest by now", "external": "from another workspace by now", "deactivated": "deactivated by now"}


def _discounted(event: Event) -> str:
    why = _GONE.get(str(event.data.get("why")), "not in Slack any more")
    return f"The vote of {_names(event, 'who') or 'somebody'} counts no longer: {why}"


def _undone(event: Event) -> str:
    return f"{_who(event)} took the decision back"


def _reapplied(event: Event) -> str:
    return f"{_who(event)} put it under the policy {_text(event, 'policy')} (before: {_text(event, 'was')})"


_WORDS: Mapping[EventType, Callable[[Event], str]] = {
    EventType.OPENED: _opened,
    EventType.ANNOUNCED: _cards,
    EventType.VIEWED: _viewed,
    EventType.AMENDED: lambda event: (
        f"The agent asked something else: revision {_number(event, 'revision')}, earlier votes do not count"
    ),
    EventType.DECIDED: _decided,
    EventType.BROKE_GLASS: _decided,
    EventType.DISCOUNTED: _discounted,
    EventType.ACKNOWLEDGED: _paused,
    EventType.SNOOZED: _paused,
    EventType.LAPSED: lambda _: "The hold was over",
    EventType.REMINDED: lambda event: f"Signoff reminded, for the {_nth(_number(event, 'reminders'))} time",
    EventType.ESCALATED: lambda event: (
        f"Nobody decided: step {_number(event, 'level')} of the escalation, {_names(event, 'to') or 'nobody new'} asked"
    ),
    EventType.ESCALATION_SKIPPED: lambda event: (
        f"Step {_number(event, 'level')} of the escalation was left out{_because(event, 'why')}"
    ),
    EventType.OVERDUE: lambda event: f"The time ran out; it stays open{_because(event, 'why')}",
    EventType.RESOLVED: _resolved,
    EventType.RELEASED: lambda _: "The time to take it back was over",
    EventType.UNDONE: _undone,
    EventType.SUPERSEDED: lambda event: f"It was no longer needed{_because(event, 'why')}",
    EventType.RESUMING: lambda _: "Signoff handed the answer to the agent",
    EventType.RESUMED: lambda event: (
        "The agent took the answer and finished" if event.data.get("finished") else "The agent took the answer"
    ),
    EventType.REPORTED: lambda _: "Signoff said in the thread what the agent did",
    EventType.TOLD: lambda _: "Signoff told everybody that it was decided alone",
    EventType.RESUME_FAILED: lambda event: f"The agent failed and is tried again{_because(event, 'error')}",
    EventType.REASKED: lambda event: f"The agent could not take the answer and asks again{_because(event, 'error')}",
    EventType.RETRIED: lambda event: f"{_who(event)} had the agent try again",
    EventType.GAVE_UP: lambda event: f"The agent did not go on{_because(event, 'error')}",
    EventType.POLICY_REAPPLIED: _reapplied,
    EventType.ASKED_BACK: lambda event: f"{_who(event)} asked back{_because(event, 'text')}",
    EventType.ANSWERED: lambda event: f"{_who(event)} answered{_because(event, 'text')}",
    EventType.CANCELLED: lambda event: f"{_who(event)} cancelled it{_because(event, 'why')}",
    EventType.CALLED_BACK: lambda _: "Whoever asked was called back, and took the answer",
    EventType.CALLBACK_FAILED: lambda event: f"The call back did not come through{_because(event, 'error')}",
    EventType.CALLBACK_GIVEN_UP: lambda event: f"The call back was given up{_because(event, 'error')}",
    EventType.CALLBACK_REPLAYED: lambda event: f"{_who(event)} had the call back sent again",
    EventType.SERVER_AWAY: lambda event: f"The agent's server did not answer{_because(event, 'why')}",
    EventType.SERVER_BACK: lambda _: "The agent's server answered again",
    EventType.WITHHELD: lambda event: f"The answer was held back from the agent{_because(event, 'why')}",
}


def _nth(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{last}"
