"""Forms that admins send, for which no card says what came of it: the form itself does, however long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from approvals.errors import InputError
from bot import admin_views as views
from bot import payloads, replies
from bot.admin_views import At
from bot.listeners.door import Answer, View, sorry
from bot.modals import notice
from bot.payloads import Body
from bot.slack import Slack


class Sent:
    """One form that was sent. Where something goes wrong after Slack was acknowledged, it says so; with `kept` also
    before, so that `again`, the form once more with a sentence on top, keeps what was typed."""

    def __init__(
        self,
        slack: Slack,
        view: Mapping[str, Any],
        answer: Answer,
        again: Callable[[str], View] = lambda said: notice(replies.POLICIES, said),
        *,
        kept: bool = False,
    ) -> None:
        self._slack = slack
        self._view_id = str(view.get("id"))
        self._answer = answer
        self._again = again
        self._kept = kept

    async def instead(self, view: View) -> None:
        """Puts a view in its place."""
        await self._answer.instead(view, lambda drawn: self._slack.update_view(self._view_id, drawn))

    async def closed(self, said: str) -> None:
        """Closes it; one that says that it takes long says what came of it."""
        if self._answer.late is None:
            await self._answer.ack()
        else:
            await self.instead(notice(replies.POLICIES, said))

    async def wrong(self, field: str, said: str, again: View) -> None:
        """Mistakes below the field; above it, in the form once more, where it is too late for that."""
        if self._answer.late is None:
            await self._answer.ack(response_action="errors", errors={field: said})
        else:
            await self.instead(again)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failed: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(failed, Exception) and (self._kept or self._answer.late is not None):
            said = sorry(failed)
            await self.instead(self._again(replies.BROKEN_HERE if said == replies.BROKEN else said))
            self._answer.told = True


def slow(_: Body) -> View:
    """What such a form says while it takes longer than Slack waits."""
    return notice(replies.SLOW, replies.SLOW_HERE)


def saving(body: Body) -> View:
    """The same, with the policy that was typed still in it."""
    try:
        _, at = sent(body)
        values = payloads.state_values(body)
        typed, note = views.typed(values, views.TEXT), views.typed(values, views.NOTE)
    except (InputError, AttributeError):  # what is not of our making
        return slow(body)
    return views.form(at, "", typed, note=note, said=replies.SLOW_SAVE)


def sent(body: Body) -> tuple[Mapping[str, Any], At]:
    """The view that was sent and what it is about. Raises `InputError` for one that is not ours."""
    view: Mapping[str, Any] = body.get("view") or {}
    at = views.metadata(view)
    if at is None:
        raise InputError("a form is not of our making: its metadata cannot be read")
    return view, at
