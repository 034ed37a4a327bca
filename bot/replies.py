"""Every sentence that answers a command, a form or a click that went nowhere. Slack `mrkdwn`; what comes from
elsewhere is escaped on the way in. (Sentences about an approval stand in `texts`.)"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from approvals.away import LONGEST, Away, Fault, Wrong
from approvals.model import SYSTEM, Standing
from approvals.policies import Finding
from bot import texts
from bot.rich import inline

LATE = 10.0
"""Seconds from which on work that is due counts as late."""

NOTHING_FOR_YOU = ":white_check_mark: Nothing is waiting for you."
NOT_DONE = "Nothing was changed"
SLOW = "One moment"
SLOW_FORM = "This takes longer than usual. The card will show what came of it; if it does not change, try again."
SLOW_HERE = "This takes longer than usual. What came of it is said here in a moment."
SLOW_SAVE = (
    ":hourglass: *One moment.* This takes longer than usual, and what you typed stays here. Whether it was saved is "
    "said here in a moment."
)
BROKEN = (
    "Something went wrong on our side, and it was logged. If a card still shows its buttons, nothing was decided: "
    "please try again in a moment."
)
MALFORMED = (
    "That button or form is not one of ours, or too old to be understood. Nothing was changed; use the latest card."
)
STRAY = "That does nothing any more. Nothing was changed; type `/approvals` to see what waits."
MEMBERS_ONLY = "Approvals are for full members of this workspace."
MAY_NOT_RUN = (
    "You are not among those who may start agents from Slack. Whoever runs Signoff can add you to `SIGNOFF_RUNNERS`."
)
USAGE_RUN = 'Name the graph and its input: `/approvals run refund {"amount": 20}`'

POLICIES = "Policies"
LOADING = "Reading the policies…"
NO_ADMIN = (
    "Policies are changed by admins, and you are not among them. Nothing was changed. "
    "Whoever runs Signoff can add you to `SIGNOFF_ADMINS`."
)
UNREADABLE = (
    "The policies cannot be read here: another version of Signoff wrote them, or a setting is missing. "
    "Nothing was changed. `signoff policy show` on the server says what is wrong."
)
FROM_SETTINGS = "Version 0: from the settings. What you save becomes version 1."
FIRST_COUNTS = (
    "Tried from top to bottom: the first that matches counts, and one that denies by itself goes before all. "
    "What waits already keeps the policy that it was asked under. `/approvals simulate` shows who would be asked."
)
REAPPLY_SURE = (
    "Everything that waits is put under the policies of this page: asked anew, of whom they name, with all of its "
    "time. Votes that were given are void."
)
FORM_HINT = (
    "It counts on every replica as soon as it is saved, for what is asked from then on. Times: `90s`, `10m`, `1h30m`, "
    "`2d`. What starts with `#` or `@` needs quotes."
)
FORM_YAML = "YAML, as in the policy file."
WRITE_IT = "Write the policy here."
REMOVE_SURE = "What it was about falls to the policies below it. The history keeps it."
BROKEN_HERE = (
    ":warning: Something went wrong on our side, and it was logged. The history says whether it was done; if it was "
    "not, please try again in a moment."
)
NO_HISTORY = "Nothing was published yet: the settings count."
MORE_HISTORY = "Older ones: `signoff policy history --limit 1000`, `signoff policy rollback N`."
SOMEBODY = "Somebody else"


def limited(seconds: float) -> str:
    """Slack does not answer us for a while: too much was asked of it."""
    minutes = max(1, math.ceil(seconds / 60))
    return (
        f"Slack asks us to wait ({minutes} min) before it answers what we need to know for this. Nothing was changed; "
        "please try again then."
    )


def sentence(text: str) -> str:
    """A detail as a sentence of its own, plain: for the field of a form."""
    text = text.strip() or "This cannot be taken as it is."
    return (text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else "."))[:300]


def usage_show(given: str) -> str:
    """`show` without an id that could be one."""
    what = f"`{inline(given.strip(), 40)}` is not the id of an approval" if given.strip() else "Which one?"
    return f"{what}. Ids look like `AB2C3D4E5F6G7H2J` and stand on each card: `/approvals show ID`"


def bad_json(problem: str) -> str:
    """Input that is not JSON."""
    return f"The input is not JSON: {inline(problem, 120)}. {USAGE_RUN}"


def no_such(approval_id: str) -> str:
    """An id that nothing has."""
    return f"There is no approval `{inline(approval_id, 40)}`. `/approvals` lists what waits."


def no_such_graph(name: str, known: Sequence[str]) -> str:
    """A graph that `langgraph.json` does not name."""
    names = ", ".join(f"`{inline(one, 40)}`" for one in sorted(known)[:20]) or "none"
    return f"There is no graph `{inline(name, 40)}`. Known: {names}."


def not_started(detail: str) -> str:
    """A thread that could not be registered."""
    return f"It was not started: {inline(detail, 200)}."


def started(graph: str) -> str:
    """A graph that runs now."""
    return f"`{inline(graph, 60)}` runs, on your behalf. When it asks, its card is posted; `/approvals` lists it too."


def not_asked(whom: str) -> str:
    """To somebody whom the question was not put to; `whom` is ready for `mrkdwn`."""
    return f"This question was not put to you. Nothing was changed. It can be answered by {whom}."


# -- away and cover

AWAY_FORMS = (
    "`away until Monday`, `away until tomorrow 14:00`, `away until 2026-12-01` or `away for 3d`, each with "
    "`cover @name` if somebody decides for you"
)
COVER_SELF = "You cannot cover for yourself. Name somebody else, or leave `cover` out. Nothing was changed."

_FAULTS: Mapping[Fault, str] = {
    Fault.NO_END: "Until when?",
    Fault.END: "`{part}` is no time that can be understood.",
    Fault.PAST: "`{part}` is over already.",
    Fault.TOO_LONG: f"`{{part}}` is more than {LONGEST.days} days ahead, which is the most.",
    Fault.COVER: "`cover` names nobody: write `cover @name`.",
}
_UNFIT: Mapping[Standing, str] = {
    Standing.GUEST: "is a guest of this workspace",
    Standing.EXTERNAL: "belongs to another workspace",
    Standing.DEACTIVATED: "is deactivated",
    Standing.BOT: "is a bot",
    Standing.UNKNOWN: "is not known to Slack",
}


def away_wrong(wrong: Wrong) -> str:
    """What cannot be done, and how it goes."""
    return f"{_FAULTS[wrong.fault].format(part=inline(wrong.part, 60))} Nothing was changed. Write {AWAY_FORMS}."


def away_until(away: Away) -> str:
    """How things stand, in one line."""
    who = f"{texts.person(away.cover)} covers" if away.cover else "nobody covers"
    return f"You are away until {texts.moment(away.until)} · {who}"


def away_by_status(away: Away) -> str:
    """The same where only their Slack status says so."""
    return (
        f"Your Slack status says that you are away until {texts.moment(away.until)}: reminders leave you out where "
        "others are asked too. Clear the status to end it; `/approvals away` names who covers for you."
    )


def away(away: Away | None, cover: Away | None = None) -> str:
    """How things stand, with what follows. `cover`: the one who covers is away as well."""
    if away is None:
        return f"You are not away. To say that you are: {AWAY_FORMS}."
    if away.set_by == SYSTEM:
        return away_by_status(away)
    said = f"{away_until(away)}. "
    if away.cover:
        said += f"{texts.person(away.cover)} is asked too and may decide for you, but never what you requested. "
    if cover is not None:
        said += f"Note that {texts.person(cover.user_id)} is away as well, until {texts.moment(cover.until)}. "
    return f"{said}`/approvals back` ends it."


def back(away: Away | None, *, ended: bool) -> str:
    """They came back. `away`: their Slack status still says otherwise."""
    said = "Welcome back: nobody covers for you any more." if ended else "You were not away."
    return f"{said} {away_by_status(away)}" if away else said


def covers(away: Away) -> str:
    """To the one who covers."""
    return (
        f"{texts.person(away.user_id)} is away until {texts.moment(away.until)} and named you as cover: until then you "
        "may decide what they are asked. The record says that it was you, for them."
    )


def you_cover(away: Away) -> str:
    """The same in one line."""
    return f"You cover for {texts.person(away.user_id)} until {texts.moment(away.until)}"


def asked_for(user_id: str) -> str:
    """Why the one who covers has this card."""
    return f"You are asked in place of {texts.person(user_id)}."


def cover_unclear(typed: str, found: int) -> str:
    """The name fits nobody, or several."""
    who = f"Nobody is called `{inline(typed, 60)}`" if not found else f"`{inline(typed, 60)}` fits {found} people"
    return f"{who}. Name them by e-mail address or member id: `cover ben@example.com`. Nothing was changed."


def cover_unfit(user_id: str, standing: Standing) -> str:
    """Somebody who cannot decide cannot cover either."""
    why = _UNFIT.get(standing, "cannot decide")
    return f"{texts.person(user_id)} {why} and cannot cover: name a full member. Nothing was changed."


# -- policies


def published(number: int, *, new: bool) -> str:
    """What counts now."""
    return f":white_check_mark: Version {number} counts now." if new else f"Nothing to do: version {number} says that."


def mistakes(said: str) -> str:
    """Above a form that was sent, where it is too late to say it below the field; `said` is plain."""
    return f":warning: *Not saved yet.* {inline(said, 1800)}"


def newer(number: int, who: str) -> str:
    """Somebody else was faster; `who` is ready for `mrkdwn`."""
    return f":warning: Nothing was changed: {who} published version {number} meanwhile. This is how it stands now."


def meanwhile(number: int, who: str, *, gone: bool) -> str:
    """The same, over a form that keeps what was typed."""
    lost = " The policy that you edit is not in it any more: saved now, it is added." if gone else ""
    return (
        f":warning: *Not saved yet.* {who} published version {number} while you were writing; below is what changed."
        f"{lost} Save again to put yours on top of it."
    )


def would_break(problem: str) -> str:
    """A change that would leave a text with mistakes."""
    return f":warning: Nothing was changed: the policies would not be right any more ({inline(problem, 200)})."


def not_changed(detail: str) -> str:
    """Any other no."""
    return f":warning: Nothing was changed: {inline(detail, 200)}."


def by_hand(name: str) -> str:
    """A policy that is an alias of something else in the text."""
    return (
        f":warning: Nothing was changed: {inline(name, 80)} stands elsewhere in the text (an alias). Edit it instead."
    )


def too_long(length: int) -> str:
    """A policy that no input of Slack holds."""
    return (
        f"This policy has {length:,} characters, and a form in Slack holds 3,000. "
        "Change it in a file: `signoff policy show`, then `signoff policy apply FILE`."
    )


def reapplied(asked: int, same: int) -> str:
    """What became of what waits."""
    if not asked:
        return "Nothing is asked anew: what waits is under these policies already." if same else "Nothing waits."
    rest = f" {same} stay as they are: their policy says the same." if same else ""
    return f":white_check_mark: {asked} asked anew.{rest}"


def findings(found: Sequence[Finding], first: int, lines: int) -> str:
    """Mistakes below the field they are in, plain, by the field's own lines. It begins on line `first` of the text."""
    said: list[str] = []
    for one in found[:3]:
        line = one.line - first + 1
        where = re.sub(r"^(policies\[\d+\]|default)\.?", "", one.where)
        key = f" {where}:" if where else ""
        said.append(
            f"Line {line}:{key} {one.what}" if 1 <= line <= lines else f"{one.where or 'Elsewhere'}: {one.what}"
        )
    more = f" … and {len(found) - 3} more." if len(found) > 3 else ""
    return " · ".join(said)[:1500] + more


def drawn(now: datetime) -> str:
    """When a Home tab was drawn."""
    return f"As of {texts.moment(now)}. It is kept up to date."


def policies_now(version: int, count: int | None) -> str:
    """Which policies count now, for admins."""
    if count is None:
        return f":warning: *Policies*: version {version} cannot be read. `signoff policy show` says what is wrong."
    where = f"version {version}" if version else "from the settings"
    return f"*Policies*: {where}, {count} {'policy' if count == 1 else 'policies'} and what counts for everything else"


def health(redis_seconds: float, due: int, late_seconds: float) -> str:
    """How well things run, for admins."""
    redis = f"Redis answers in {max(1, round(redis_seconds * 1000))} ms"
    if late_seconds < LATE:
        return f":white_check_mark: {redis} · no work is late"
    what = "1 thing is" if due == 1 else f"{due} things are"
    return f":warning: {redis} · {what} due, the oldest for {texts.span(late_seconds)}"
