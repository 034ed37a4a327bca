"""Sentences for admins about how things run. Ours are `mrkdwn`; names from elsewhere are escaped."""

from __future__ import annotations

from collections.abc import Sequence

from bot import texts
from bot.rich import inline

TITLE = "Callbacks given up"
LOADING = "Looking for callbacks that were given up…"
NO_ADMIN = "This is for admins, and you are not among them. Nothing was changed."
NONE = "No callback is given up. Everybody who asked over HTTP was told, or is being told."
WHAT = "They asked over HTTP and could not be told how it ended. Sending again tries as often as the first time."
ALL_AGAIN = "Send all again"


def broken(count: int) -> str:
    """Threads that no decision moves any more."""
    what = "1 thread" if count == 1 else f"{count} threads"
    verb = "was" if count == 1 else "were"
    return f":warning: {what} failed or {verb} lost. The log says why: `thread.stumbled`, `thread.lost`."


def sweep(seconds: float | None, *, late: bool) -> str:
    """When this process last looked for due work."""
    if seconds is None:
        return ""
    ago = texts.span(seconds)
    if not late:
        return f":white_check_mark: Due work was last looked for {ago} ago"
    return f":warning: Due work was last looked for {ago} ago, by the process that drew this"


def away(names: Sequence[str]) -> str:
    """Servers that run graphs and do not answer."""
    shown = ", ".join(inline(name, 40) for name in names[:5]) + (" and others" if len(names) > 5 else "")
    verb, back = ("does not answer", "it is") if len(names) == 1 else ("do not answer", "they are")
    return f":warning: LangGraph Server: {shown} {verb}. Decisions wait until {back} back."


def unsealed(seconds: float) -> str:
    """For how long the audit was not sealed; 0 for as it must be."""
    if not seconds:
        return ":white_check_mark: The audit is sealed"
    return f":warning: The audit was not sealed for {texts.span(seconds)}"


def undelivered(count: int) -> str:
    """How many could not be told of the end."""
    who = "1 callback was" if count == 1 else f"{count} callbacks were"
    return f":warning: *{who} given up*: whoever asked over HTTP does not know how it ended."


def row(title: str, asker: str, host: str, attempts: int, ended: str, error: str) -> str:
    """One of them: what it was about, whom it was for, and what the last attempt met."""
    who = f"{inline(asker, 60) or '(no name)'} at `{inline(host.replace('`', ''), 80) or '(no host)'}`"
    tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    said = f"\n{inline(error, 200)}" if error else ""
    return f"*{inline(title, 120)}*\n{who} · {tries}{f' · ended {ended}' if ended else ''}{said}"


def more(shown: int, total: int) -> str:
    """That not all are drawn."""
    return f"{shown} of {total}, those that ended first. *{ALL_AGAIN}* takes the others too, a hundred at a time."


def sent(count: int, refused: int, left: int) -> str:
    """What came of it; `left` were too many for one time."""
    done = "1 callback is" if count == 1 else f"{count} callbacks are"
    other = f" {refused} could not be: somebody was quicker." if refused else ""
    other += f" {left} more are left for the next time." if left else ""
    return f":white_check_mark: {done} being sent again.{other} What fails once more comes back here after three days."
