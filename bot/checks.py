"""The checks behind `/readyz`: Redis answers, Slack is connected, the crank is turning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from approvals.errors import SignoffError
from approvals.store.redis import RedisStore
from bot.arrival import Arrival
from bot.readiness import PATIENCE, Look
from bot.slack import Slack
from bot.socket import Socket
from bot.workers import MANY, Workers
from scheduler.ticker import Turn

ASKED_WELL = 60.0
"""Seconds for which Slack's good answer stands: every call counts there."""

ASKED_ILL = 10.0
"""The same for a bad one."""

TURNS_MISSED = 10
SOON = 15.0
"""How many turns of the crank may be missed, and how many seconds are borne in any case."""


def redis_answers(store: RedisStore) -> Look:
    """PING."""

    async def look() -> str:
        return "" if await store.alive() else "Redis does not answer"

    return look


def let_in(arrival: Callable[[], Arrival | None], then: Look) -> Look:
    """Slack has answered since the start; from then on `then` is looked at."""

    async def look() -> str:
        found = arrival()
        return found.why if found is not None and found.why else await then()

    return look


def socket_stands(socket: Callable[[], Socket | None]) -> Look:
    """Socket Mode: the connection stands and answers pings."""

    async def look() -> str:
        found = socket()
        if found is None:
            return "not connected yet"
        if await found.is_connected():
            return ""
        return "the connection to Slack is down" + (f" ({found.why})" if found.why else "")

    return look


def token_is_good(slack: Slack) -> Look:
    """HTTP mode, in which Slack connects to us: it takes our token. Asked once a minute."""
    said: tuple[float, str] | None = None

    async def ask() -> str:
        try:
            async with asyncio.timeout(PATIENCE - 0.5):
                await slack.whoami()
        except TimeoutError:
            return "Slack does not answer"
        except SignoffError as refused:
            return str(refused)
        return ""

    async def look() -> str:
        nonlocal said
        now = asyncio.get_running_loop().time()
        if said is None or now - said[0] > (ASKED_ILL if said[1] else ASKED_WELL):
            said = now, await ask()
        return said[1]

    return look


def turning(turn: Turn) -> Look:
    """The last turn that went well is not long ago."""
    borne = max(SOON, TURNS_MISSED * turn.seconds)

    async def look() -> str:
        if turn.went_well is None:
            return f"no {turn.name} has gone well yet"
        ago = asyncio.get_running_loop().time() - turn.went_well
        return "" if ago <= borne else f"no {turn.name} has gone well for {ago:.0f} s"

    return look


def few_hang(workers: Workers) -> Look:
    """Nodes that ran into SIGNOFF_GRAPH_SECONDS and cannot be stopped have not become many."""

    async def look() -> str:
        return f"{workers.hung} nodes hang; restart it, and see node.hangs in the log" if workers.hung >= MANY else ""

    return look
