"""Every sentence that answers a command, a form or a click that went nowhere. Slack `mrkdwn`; what comes from
elsewhere is escaped on the way in. (Sentences about an approval stand in `texts`.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from approvals.away import LONGEST, Away, Fault, Wrong
from approvals.model import SYSTEM, Standing
from bot import texts
from bot.rich import inline

PENDING = "Waiting for a decision"
NOT_DONE = "Nothing was changed"
SLOW = "One moment"
SLOW_FORM = "This takes longer than usual. The card will show what came of it; if it does not change, try again."
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
HELP = (
    "*What waits for people*\n"
    "• `/approvals` lists what is pending, oldest first; `/approvals list page 2 graph:refund` turns the page and "
    "filters.\n"
    "• `/approvals show ID` shows one of them, with its details.\n"
    '• `/approvals run GRAPH {"key": "value"}` starts an agent, for those who may.\n'
    "• `/approvals away until Monday cover @ben` says that you are away, and who decides for you; `/approvals back` "
    "ends it.\n"
    "• `/approvals help` shows this.\n"
    "You decide on the card itself: Approve, Edit or Deny. Only those whom the policy names can."
)


def limited(seconds: float) -> str:
    """Slack does not answer us for a while: too much was asked of it."""
    minutes = max(1, round(seconds / 60))
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


def usage_list(given: str) -> str:
    """Words that `list` does not know."""
    return f"`list` does not know `{inline(given, 60)}`. Try `/approvals list page 2 graph:refund`."


def unknown_command(given: str) -> str:
    """A verb that does not exist."""
    return f"There is no `{inline(given, 40)}`.\n\n{HELP}"


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


def cover_unclear(typed: str, found: int) -> str:
    """The name fits nobody, or several."""
    who = f"Nobody is called `{inline(typed, 60)}`" if not found else f"`{inline(typed, 60)}` fits {found} people"
    return f"{who}. Name them by e-mail address or member id: `cover ben@example.com`. Nothing was changed."


def cover_unfit(user_id: str, standing: Standing) -> str:
    """Somebody who cannot decide cannot cover either."""
    why = _UNFIT.get(standing, "cannot decide")
    return f"{texts.person(user_id)} {why} and cannot cover: name a full member. Nothing was changed."
