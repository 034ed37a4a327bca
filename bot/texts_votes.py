"""Sentences about votes: who said what, what is still missing, who holds it, who decided alone, what a policy decided.

Ours are `mrkdwn`; whatever comes from elsewhere is escaped on the way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from approvals import automatic
from approvals.hours import Pause, PauseKind
from approvals.model import Approval, Decision, DecisionType, Resolution, Source
from approvals.policy import Policy, for_requester
from approvals.tally import Count, GroupCount, carried, edits, tally, void
from bot import texts
from bot.rich import inline, line

MAX_NAMES = 6
MAX_GROUPS = 6

GLASS_TITLE = "Break the glass"
GLASS_ASKS = "What do you decide?"
GLASS_WARNING = (
    ":rotating_light: *You decide this alone.* Nobody else is waited for, and the agent goes on. "
    "Everybody concerned is told that it was you, and why."
)
GLASS_LABEL = "Break the glass…"
REASON_CHOOSE = "Choose a reason"
REASON_LABEL = "Reason"
REASON_WORDS = "In your own words"
REASON_HINT = "It is shown on the card, given to the agent, and kept in the audit log."
REASON_OTHER = "Another one, in my own words"
REASON_NEEDED = "Needed where you chose another one above."


def several(policy: Policy) -> bool:
    """Whether one vote is not always enough."""
    return policy.quorum.approve > 1 or policy.quorum.deny > 1 or bool(policy.groups)


def duration(seconds: float) -> str:
    """A length of time in full: `30 min`, `1 h 30 min`, `2 d`."""
    left, parts = round(max(0.0, seconds)), list[str]()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if count := left // length:
            parts.append(f"{count} {unit}")
        left %= length
    return " ".join(parts) or "0 s"


# -- what was said


def verdict(approval: Approval, decision: Decision) -> str:
    """Who said what, and when. A vote that counts no more says so."""
    done = texts.DONE[decision.type]
    at = texts.moment(decision.at)
    if decision.actor.source is Source.POLICY:
        by = f"by policy {inline(approval.policy.name, 60)} · {at}"
        if approval.resolution is Resolution.EXPIRED:
            return f":hourglass: Nobody answered in time: *{done} automatically* {by}"
        return f":robot_face: *{done} automatically* {by}"
    by = f"by {texts.who(decision.actor)} · {at}"
    if decision.alone:
        return f":rotating_light: *{done} alone (glass broken)* {by}"
    if void(approval, decision):
        return f":heavy_minus_sign: {done} {by} · _does not count any more_"
    return f"{texts.ICON[decision.type]} *{done}* {by}"


def action_verdict(approval: Approval, index: int, decision: Decision) -> str:
    """The same for one action of several, with those who voted so before."""
    others = [vote for vote in carried(approval, index) if vote is not decision]
    return verdict(approval, decision) + (f" · with {_names(others)}" if others else "")


def _names(votes: Sequence[Decision]) -> str:
    shown = [_name(vote) for vote in votes[:MAX_NAMES]]
    return ", ".join(shown) + (f" and {len(votes) - MAX_NAMES} more" if len(votes) > MAX_NAMES else "")


def _name(vote: Decision) -> str:
    return texts.who(vote.actor) + (" (edited)" if vote.type is DecisionType.EDIT else "")


# -- what is missing


def standing(approval: Approval, index: int) -> str:
    """The votes about one open action: `1 of 2 approvals · Ana`, group by group, and the denials."""
    return " · ".join(_standing(approval.policy, tally(approval)[index]))


def _standing(policy: Policy, count: Count) -> list[str]:
    quorum, parts = policy.quorum, list[str]()
    if quorum.approve > 1:
        parts.append(f"*{len(count.approvals)} of {quorum.approve} approvals*")
    parts += [_group(group) for group in count.groups[:MAX_GROUPS]]
    if len(count.groups) > MAX_GROUPS:
        parts.append(f"and {len(count.groups) - MAX_GROUPS} more groups")
    loose = [vote for vote in count.approvals if not any(vote in group.votes for group in count.groups)]
    if loose:
        parts.append(_names(loose))
    if not parts and quorum.deny > 1 and not count.denials:
        parts.append(needed(policy))
    if quorum.deny > 1 and count.denials:
        parts.append(f"*{len(count.denials)} of {quorum.deny} denials* · {_names(count.denials)}")
    return parts


def missing(approval: Approval) -> str:
    """The same about the only action for a reminder: without those who voted, whom a mention would tell once more."""
    policy, count = approval.policy, tally(approval)[0]
    quorum, parts = policy.quorum, list[str]()
    if quorum.approve > 1:
        parts.append(f"*{len(count.approvals)} of {quorum.approve} approvals*")
    parts += [_group(replace(group, votes=())) for group in count.groups[:MAX_GROUPS]]
    if len(count.groups) > MAX_GROUPS:
        parts.append(f"and {len(count.groups) - MAX_GROUPS} more groups")
    if quorum.deny > 1 and (count.denials or not parts):
        parts.append(f"*{len(count.denials)} of {quorum.deny} denials*" if count.denials else needed(policy))
    return " · ".join(parts)


def _group(group: GroupCount) -> str:
    name = inline(group.name, 40)
    if group.have >= group.need:
        return f"{name} ✓ {_names(group.votes)}".rstrip()
    by = f" ({_names(group.votes)})" if group.votes else ""
    return f"{name}: *{group.need - group.have} more needed*{by}"


def so_far(approval: Approval) -> str:
    """The votes about the only action, with a mark that the eye finds."""
    return f":ballot_box_with_ballot: {standing(approval, 0)}" if approval.actions else ""


def needed(policy: Policy) -> str:
    """How many must say so, in words."""
    quorum, parts = policy.quorum, list[str]()
    if quorum.approve > 1:
        parts.append(f"{quorum.approve} approvals")
    if policy.groups:
        groups = [
            f"{group.approve} of {inline(group.name, 40)}" if group.approve > 1 else inline(group.name, 40)
            for group in policy.groups[:MAX_GROUPS]
        ]
        more = f" and {len(policy.groups) - MAX_GROUPS} more groups" if len(policy.groups) > MAX_GROUPS else ""
        parts.append(f"an approval of each: {', '.join(groups)}{more}")
    if quorum.deny > 1:
        parts.append(f"{quorum.deny} denials to deny")
    return "; ".join(parts)


def each_needs(approval: Approval) -> str:
    """The same under the actions of a batch."""
    return f":ballot_box_with_ballot: Each action needs {needed(approval.policy)}."


def counts_only(approval: Approval) -> str:
    """Said before a click that may not be the last one."""
    return f"Your vote counts; needed: {needed(approval.policy)}. With the last one the agent goes on at once."


def goes_on(policy: Policy) -> str:
    """Said before a click that ends it."""
    if policy.undo:
        return f"It can be taken back for {duration(policy.undo)}; then the agent goes on."
    return "The agent goes on at once; this cannot be taken back."


def edit_voids() -> str:
    """Said in the form of an edit that others must still approve."""
    return "Approvals that others gave before do not count for what you change. They are asked again."


# -- what happens to it


def edited_by(edit: Decision) -> str:
    """Above the difference that an edit proposes."""
    return f":pencil2: *Changed* by {texts.who(edit.actor)} · {texts.moment(edit.at)}"


def edited_note(approval: Approval) -> str:
    """What an edit means for those who must still approve; empty where there is none."""
    standing = edits(approval)
    if not standing:
        return ""
    index, edit = standing[-1]
    what = f"action {index + 1}" if len(approval.actions) > 1 else "what is asked"
    rest = "Approvals from before do not count. You decide on what stands here now."
    return f":pencil2: *{texts.who(edit.actor)} has changed {what}.* {rest}"


def held(approval: Approval, now: datetime) -> str:
    """Who holds it, and until when; empty where nobody does."""
    holding = [pause for pause in approval.pauses if pause.since <= now and (pause.until is None or now < pause.until)]
    if not holding:
        return ""
    last = max(holding, key=lambda pause: (pause.until is None, pause.until or pause.since))
    return _held(last)


def _held(pause: Pause) -> str:
    by = texts.person(pause.by)
    if pause.kind is PauseKind.ASKED_BACK or pause.until is None:
        most = f", until {texts.moment(pause.until)} at the most" if pause.until else ""
        return f":hourglass_flowing_sand: Reminders and further steps wait for the answer to {by}{most}."
    until = texts.moment(pause.until)
    if pause.kind is PauseKind.ACKNOWLEDGED:
        return f":eyes: *{by} is looking into it* until {until}. Everybody else can still decide."
    return f":zzz: *{by} put it off* until {until}. Everybody else can still decide."


def passed_on(approval: Approval, said: texts.Said | None = None) -> str:
    """On a copy of the card before people who are no longer asked."""
    whom = texts.everybody(approval.audience, said=said)
    return f":fast_forward: *Others are asked now:* {whom}. Nothing is left to do here."


def looking(seconds: float) -> str:
    """An option of the menu."""
    return f"I'm looking ({duration(seconds)})"


def later(seconds: float) -> str:
    """An option of the menu."""
    return f"Remind me in {duration(seconds)}"


def by_policy(approval: Approval) -> str:
    """Of what a policy decided at once, for the details. Plain, not escaped."""
    done = texts.DONE[approval.decisions[-1].type] if approval.decisions else "Decided"
    why = next((decision.reason for decision in approval.decisions if decision.reason), None)
    return f"{done} automatically by policy {line(approval.policy.name, 60)}" + (f": {line(why, 200)}" if why else "")


def plainly(text: str) -> str:
    """What was escaped, for where nothing is parsed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def broke_glass(approval: Approval, decision: Decision, by: str = "") -> str:
    """To everybody concerned. `by`: the one who did, without a mention, which would tell them once more."""
    about = inline(approval.title) or texts.UNTITLED
    done = texts.DONE[decision.type].lower()
    return f"{by or texts.who(decision.actor)} broke the glass and {done} this alone: {about}"


def escalated(approval: Approval, said: texts.Said | None = None) -> str:
    """That nobody decided in time, and who is asked since; empty where it is asked of those it was opened for."""
    steps = for_requester(approval.policy, approval.requester).escalate[: approval.level]
    if not steps:
        return ""
    last = steps[-1]
    now = (
        f"Now only {texts.everybody(last.to, said=said)} can decide"
        if last.replace
        else f"Also asked now: {texts.everybody(last.to, said=said)}"
    )
    return f":arrow_up: *Escalated: nobody decided in time.* {now}."


def nobody_asked(approval: Approval, said: texts.Said | None = None) -> str:
    """Of whom it was asked; where the policy decided at once, of nobody."""
    return "Nobody was asked" if automatic.decided(approval) else texts.asked(approval, said=said)
