"""Every sentence that answers a command, a form or a click that went nowhere. Slack `mrkdwn`; what comes from
elsewhere is escaped on the way in. (Sentences about an approval stand in `texts`.)"""

from __future__ import annotations

from collections.abc import Sequence

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
    "• `/approvals help` shows this.\n"
    "You decide on the card itself: Approve, Edit or Deny. Only those whom the policy names can."
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
