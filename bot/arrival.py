"""Letting Slack in at the start: at once where it answers, in the background where it does not."""

from __future__ import annotations

import asyncio

import structlog

from approvals.errors import ConfigError, SignoffError
from bot.patience import Patience
from bot.slack import Slack, SlackUnreachable
from bot.socket import Socket

AT_ONCE = 5.0
"""Seconds for which a start waits for Slack's first answers, before it goes on without."""

log = structlog.get_logger()


class Arrival:
    """Asks whether Slack takes our tokens and, in Socket Mode, for the connection; until both went well.

    A token that Slack refuses is no outage, and ends it: with what `look` raises, or later with what `refused` says.
    """

    def __init__(self, slack: Slack, socket: Socket | None, patience: Patience) -> None:
        self.why = "Slack was not asked yet"
        """What is waited for; empty once Slack is in."""
        self.team: str | None = None
        """The workspace, once Slack has said it."""
        self.refused: asyncio.Future[ConfigError] = asyncio.get_running_loop().create_future()
        self._slack = slack
        self._socket = socket
        self._patience = patience
        self._away: SignoffError | None = None
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """The first try, for what needs no connection yet. Raises `ConfigError` for a token that Slack refuses."""
        try:
            async with asyncio.timeout(AT_ONCE):
                await self._ask()
        except TimeoutError:
            self._missed(SlackUnreachable(f"Slack did not answer within {AT_ONCE:g} s"))
        except ConfigError:
            raise
        except SignoffError as away:
            self._missed(away)

    async def start(self) -> None:
        """Lets Slack in. Where it was away at the look, or is now, this returns and goes on in the background."""
        if self._away is None:
            try:
                await self._enter()
            except ConfigError:
                raise
            except SignoffError as away:
                self._missed(away)
        if self._away is not None:
            self._task = asyncio.create_task(self._wait(self._away), name="arrival")

    async def stop(self) -> None:
        """Waits no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self.refused.cancel()

    async def _ask(self) -> None:
        if self.team is None:
            identity, _ = await self._slack.whoami()
            self.team = str(identity.get("team"))
        if self._socket is not None:
            await self._socket.prepare()

    async def _enter(self) -> None:
        await self._ask()
        if self._socket is not None:
            await self._socket.connect()
        self.why = ""

    def _missed(self, away: SignoffError) -> None:
        self._away = away
        self.why = f"waiting for Slack: {away}"

    async def _wait(self, away: SignoffError) -> None:
        attempt = 0
        while True:
            await self._patience.after(attempt, away, what="start")
            attempt += 1
            try:
                await self._enter()
            except ConfigError as refused:
                self.why = str(refused)
                self.refused.set_result(refused)
                return
            except SignoffError as missed:
                away = missed
            except Exception as failed:
                log.error("start failed", action="slack.broken", exc_info=failed)
                away = SlackUnreachable(f"Slack's answer could not be used ({type(failed).__name__})")
            else:
                log.info("Slack is there", action="slack.arrived", team=self.team, attempts=attempt + 1)
                return
            self._missed(away)
