"""What Slack sends us: thin listeners that parse, ask the use cases, and acknowledge within three seconds."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.listeners import (
    admin,
    asked,
    away,
    bulk,
    callbacks,
    commands,
    decisions,
    home,
    modals,
    more,
    shortcuts,
    strays,
)
from bot.listeners.door import Door


def register(app: AsyncApp, door: Door) -> None:
    """Registers every listener. `strays` is last: it catches what nobody else wanted."""
    for listeners in (decisions, modals, more, asked, commands, admin, callbacks, away, bulk, home, shortcuts, strays):
        listeners.register(app, door)
