"""`/approvals` as somebody types it, from the payload to the message that answers it. Slack has said who they are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench.house import middle, settings
from bot import slack
from bot.absences import Absences
from bot.blocks import Message
from bot.core import open_core, utc_now
from bot.directory import Directory
from bot.links import Links
from bot.listeners.commands import Commands
from bot.listeners.door import Answer, Door
from bot.manifest import manifest
from bot.slack import Slack
from localslack import LocalSlack, Seed

BODY = {"user_id": "U0ANA", "team_id": "T0LOCAL", "channel_id": "C0APPROVALS", "command": "/approvals", "text": ""}


class Heard(Answer):
    """What was said, instead of saying it."""

    def __init__(self) -> None:
        self.said: Message | str = ""

    async def ack(self, **what: Any) -> None:
        """Nobody waits for it."""

    async def say(self, message: Message | str, *, replace: bool = False) -> None:  # noqa: ARG002 - as it is called
        """Kept."""
        self.said = message


async def listed(url: str, folder: Path, times: int, rows: int) -> float:
    """Milliseconds for the first page of what waits on this server, in the middle. It must have so many rows."""
    took: list[float] = []
    async with LocalSlack(Seed.default().with_manifest(manifest())) as there:
        given = settings(url, folder, slack_bot_token=there.bot_token, slack_api_url=there.api_url)
        async with open_core(given) as core:
            web = Slack(slack.client(there.bot_token, there.api_url))
            directory = Directory(web, clock=utc_now)
            absences = Absences(core.records.away, directory)
            commands = Commands(Door(core, web, directory, absences, Links(web, directory, clock=utc_now)))
            body = BODY | {"team_id": await directory.team_id()}
            for _ in range(times + 1):
                heard = Heard()
                began = time.perf_counter()
                await commands.command(body, heard)
                took.append((time.perf_counter() - began) * 1000)
                assert isinstance(heard.said, Message), heard.said
                shown = [block for block in heard.said.blocks if "accessory" in block]
                assert len(shown) == rows, heard.said
    return middle(took[1:])  # before the first, Slack has to be asked
