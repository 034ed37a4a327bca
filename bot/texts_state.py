"""How an approval stands, in a few words: for lists, for notifications, and after the decision. Pure.

Ours are `mrkdwn`; whatever comes from elsewhere is escaped on the way in.
"""

from __future__ import annotations

from approvals import automatic
from approvals.model import Approval, Resolution, Status
from approvals.revised import Revised
from approvals.tally import carried, tally
from bot import texts
from bot.rich import inline


def progress(approval: Approval) -> str:
    """What becomes of the agent after the decision."""
    if approval.cancelled is not None:
        return ""
    if approval.terms is not None and approval.status is not Status.FAILED and approval.held_until is None:
        return f":checkered_flag: The answer is there for {inline(approval.terms.name, 60) or 'whoever asked'} to read."
    if approval.status is Status.RESOLVED and approval.held_until is not None:
        return f":hourglass_flowing_sand: The agent goes on {texts.moment(approval.held_until)}; until then: *Undo*."
    if approval.unreachable and approval.status is Status.RESOLVED:
        waits = "*The agent's server does not answer; the decision waits.*"
        return f":hourglass_flowing_sand: {waits} It is handed over once the server is back."
    if approval.unreachable and approval.status is Status.RESUMING:
        away = "*The agent's server does not answer; the decision is on its way.*"
        return f":hourglass_flowing_sand: {away} Once the server is back, Signoff sees whether it arrived."
    if approval.status is Status.RESOLVED:
        return ":hourglass_flowing_sand: Decided; resuming the agent…"
    if approval.status is Status.RESUMING:
        tries = f" Try {approval.attempts} did not work; trying again." if approval.attempts else ""
        return f":hourglass_flowing_sand: Resuming the agent…{tries}"
    if approval.status is Status.RESUMED:
        finished = approval.outcome is not None and approval.outcome.finished
        return ":checkered_flag: The agent finished." if finished else ":arrow_forward: The agent went on."
    if texts.unanswered(approval):
        return ":hourglass: *Nobody answered in time, and the agent got no answer.* It stands where it asked."
    if texts.stuck(approval):
        return ":warning: *The agent is stuck on an answer from elsewhere.* Nothing that was decided here reached it."
    if approval.status is Status.FAILED:
        tries = f" after {approval.attempts} tries" if approval.attempts > 1 else ""
        return f":warning: *The agent could not go on*{tries}. The answer is kept; nothing is lost."
    return ""


def refused(approval: Approval) -> bool:
    """Whether it is asked again since the agent could not take an answer. (Older records do not say why they are.)"""
    return bool(approval.error) and approval.revised in (None, Revised.ANSWER)


def revised(approval: Approval) -> str:
    """Why it is asked anew; empty where it is not, and after an edit, of which the card says more."""
    if approval.revision == 1 or approval.revised is Revised.EDIT:
        return ""
    if approval.revised is Revised.QUESTION:
        return ":arrows_counterclockwise: *The question has changed.* Earlier decisions do not count."
    if approval.revised is Revised.POLICY:
        named = inline(approval.policy.name, 60)
        return f":arrows_counterclockwise: *Asked anew under the policy {named}.* Earlier decisions do not count."
    if approval.revised is Revised.UNDO:
        return ":leftwards_arrow_with_hook: *A decision was taken back.* The rest stands as it did before it."
    return ":arrows_counterclockwise: *It is asked anew.* You decide on what stands here now."


def cancelled(approval: Approval) -> str:
    """Who no longer wants an answer."""
    by = f" by {texts.who(approval.cancelled.by)}" if approval.cancelled else ""
    when = f" · {texts.moment(approval.resolved_at)}" if approval.resolved_at else ""
    return f":wastebasket: *Cancelled*{by}{when}. No answer is needed any more, and none was given."


def state(approval: Approval) -> str:
    """A word or two for lists."""
    if approval.status is Status.PENDING:
        return texts.PRESSING.get(approval.urgency, "").replace(": ", " · ") + _waiting(approval)
    if approval.status is Status.SUPERSEDED:
        return "No longer needed"
    if texts.stuck(approval):
        return "Answered elsewhere; the agent is stuck"
    if texts.unanswered(approval):
        return "Expired; the agent got no answer"
    if approval.cancelled is not None:
        return texts.ENDED[Resolution.CANCELLED]
    ended = texts.ENDED[approval.resolution] if approval.resolution else "Decided"
    if automatic.decided(approval):
        ended += " automatically"
    if approval.status is Status.FAILED:
        return f"{ended}; the agent could not go on"
    return ended


def _waiting(approval: Approval) -> str:
    counts = tally(approval)
    done = sum(1 for count in counts if count.verdict is not None)
    if texts.overdue(approval):
        return "Overdue"
    if done:
        return f"{done} of {len(counts)} decided"
    need = approval.policy.quorum.approve
    have = len(counts[0].approvals) if len(counts) == 1 else 0
    return f"{have} of {need} approvals" if have and need > 1 else "Waiting"


def headline(approval: Approval) -> str:
    """The card in one sentence, for notifications. Escaped, short."""
    about = inline(texts.title(approval, 180), 180)
    if approval.status is Status.PENDING:
        mark = texts.PRESSING.get(approval.urgency, "")
        return f"{mark}{'Overdue' if texts.overdue(approval) else 'Decision needed'}: {about}"
    if approval.status is Status.SUPERSEDED:
        return f"No longer needed: {about}"
    if approval.status is Status.FAILED:
        return f"{state(approval)}: {about}"
    if approval.cancelled is not None:
        return f"Cancelled: {about}"
    last = approval.decisions[-1] if approval.decisions else None
    if last is None or approval.resolution is Resolution.EXPIRED:
        return f"{state(approval)}: {about}"
    if automatic.decided(approval):
        return f"{state(approval)} by policy {inline(approval.policy.name, 60)}: {about}"
    together = carried(approval, 0) if len(approval.actions) == 1 else ()
    by = ", ".join(texts.who(vote.actor) for vote in (together or (last,))[-3:])
    return f"{state(approval)} by {by}{' alone' if last.alone else ''}: {about}"
