"""Sentences about finding approvals: what was found, what was not understood. Slack `mrkdwn`, as in `replies`."""

from __future__ import annotations

from collections.abc import Mapping

from bot import texts
from bot.find import Fault, Find, Scope, Wrong
from bot.rich import inline

HELP = (
    "*What waits for people*\n"
    "• `/approvals` lists what you may decide, the first deadline on top; `/approvals all` what waits for others too, "
    "`/approvals mine` what you asked for.\n"
    "• Filters: `graph:refund`, `from:@ana` (who asked), `older:2h`, words of the title or of an action, `page 2`; "
    "all at once: `/approvals all from:@ana older:2h parcel`. `/approvals find parcel` looks in all that waits.\n"
    "• `/approvals history` lists what was decided, the latest first; `history @ana` by whom, "
    "`history graph:refund` of which agent.\n"
    "• `/approvals show ID` shows one of them, with its details and where its card stands.\n"
    '• `/approvals run GRAPH {"key": "value"}` starts an agent, for those who may.\n'
    "• `/approvals away until Monday cover @ben` says that you are away, and who decides for you; `/approvals back` "
    "ends it.\n"
    '• `/approvals simulate GRAPH {"action": …}` shows who would be asked and what would follow, and when it is where '
    "they are, for those who may; with `requester:@ana` on behalf of somebody else.\n"
    "• `/approvals admin` shows and changes the policies, for admins.\n"
    "• `/approvals help` shows this.\n"
    "You decide on the card itself: Approve, Edit or Deny. What fits into a row whole can be decided there. Only those "
    "whom the policy names can."
)
EXAMPLE = "`/approvals all graph:refund from:@ana older:2h parcel page 2`"

TITLES: Mapping[Scope, str] = {
    Scope.WAITING: "Waiting for you",
    Scope.ALL: "Waiting for a decision",
    Scope.MINE: "What you asked for",
    Scope.HISTORY: "Decided",
}
_FAULTS: Mapping[Fault, str] = {
    Fault.KEY: "`{part}` is no filter. There are `graph:`, `from:` and `older:`.",
    Fault.EMPTY: "`{part}` says nothing behind the colon; there is no space after it.",
    Fault.TWICE: "`{part}` is one too many: each filter can be given once.",
    Fault.AGE: "`{part}` is no length of time. Write `older:90s`, `older:10m`, `older:1h30m` or `older:2d`.",
    Fault.PAGE: "`{part}` is no page. Write `page 2`.",
    Fault.PERSON: "`{part}` is whose? Write `from:@name` for who asked, `/approvals history @name` for who decided.",
    Fault.LONG: "`{part}` is too long. Leave out some of the words.",
}
NOTHING_HERE = "Nothing that you look for is among these. *Next* looks further."
PAGE_GONE = "There is nothing on this page any more. `/approvals` starts at the first one."
CARD_IS = ":link: <{url}|The card, where it stands>"
OPEN_CARD = ":link: <{url}|Open the card>"
SHARED_CARD = ":link: <{url}|The same card in the channel>, where others see it too."
LINK_TITLE = "Link to this approval"
LINK_IS = "*Link* (it opens the card for whoever is where the card stands)"
SHOW_IS = "*Command* (shows it in any conversation)"
ID_IS = "*Id*"
NO_LINK = "Slack gives no link to its card now. The command below shows it anyway."
MANY = "That message shows several approvals at once. Choose *Show* on one of them, or type `/approvals`."
NOT_OURS = (
    "That message is not about an approval. Use the menu on a card of Signoff's, or on a message in its thread; "
    "`/approvals` lists what waits."
)


def wrong(found: Wrong) -> str:
    """What is not understood, and how it goes."""
    return f"{_FAULTS[found.fault].format(part=inline(found.part, 60))} For example: {EXAMPLE}"


def unknown_command(given: str) -> str:
    """A verb that does not exist."""
    what = inline(given, 40)
    return f"There is no `{what}`. To look for the word: `/approvals find {what}`.\n\n{HELP}"


def unclear_person(typed: str, found: int) -> str:
    """The name fits nobody, or several."""
    who = f"Nobody is called `{inline(typed, 60)}`" if not found else f"`{inline(typed, 60)}` fits {found} people"
    return f"{who}. Name them by e-mail address or member id: `from:ben@example.com`, `/approvals history U0123456`."


def filters(find: Find) -> str:
    """Which filters are in use; empty without any. People are named by their ids."""
    parts = [f"the agent {inline(find.graph, 80)}"] if find.graph else []
    parts += [f"asked for by {texts.person(find.requester)}"] if find.requester else []
    parts += [f"decided by {texts.person(find.by)}"] if find.by else []
    parts += [f"older than {texts.span(find.older)}"] if find.older is not None else []
    parts += [f"with {inline(' '.join(find.words), 80)}"] if find.words else []
    return f"Only: {' · '.join(parts)}" if parts else ""


def empty(find: Find, others: int) -> str:
    """Nothing is there at all; `others` wait for other people."""
    if find.scope is Scope.HISTORY:
        return "Nothing that you may see was decided" + (" and fits." if filters(find) else " yet.")
    if find.scope is Scope.MINE:
        return "Nothing that you asked for is waiting" + (" and fits." if filters(find) else ".")
    if others:
        return f"Nothing waits for you. {elsewhere(others, find, more='')}"
    if find.narrow:
        return "Nothing that waits fits. `/approvals all` lists all that you may see."
    if find.graph:
        return f"Nothing of the agent {inline(find.graph, 80)} is waiting. `/approvals` lists those of all agents."
    return texts.HELP_EMPTY


def elsewhere(others: int, find: Find, *, more: str = " more") -> str:
    """How many wait that are others' to decide, and what lists them."""
    if not others:
        return ""
    command = inline(f"/approvals all {find.text().partition(' ')[2]}".strip(), 200)
    return f"{others}{more} {'waits' if others == 1 else 'wait'} for others: `{command}`."


def counted(scope: Scope, shown: int, first: int, total: int | None) -> str:
    """How many are drawn, of how many."""
    order = {Scope.WAITING: "the first deadline on top", Scope.HISTORY: "the latest first"}.get(scope, "oldest first")
    if total is None:
        return f"{shown} of those that you may see, {order}."
    what = " that you may decide" if scope is Scope.WAITING else ""
    return f"{first + 1}–{first + shown} of {total}{what}, {order}."


def headline(scope: Scope, count: int, first: str) -> str:
    """A list as a notification; `first` is escaped."""
    place = "The latest" if scope is Scope.HISTORY else "The first"
    return f"{TITLES[scope]}: {count}. {place} here: {first}"


def approved(title: str) -> str:
    """To whoever approved in a row of a list, which stands as it was. `title` is plain."""
    return f":white_check_mark: Approved: {inline(title)}. `/approvals` lists what is left."
