"""Approvals as Slack messages, gathered for the rest of the bot. Pure: a record in, Block Kit out."""

from __future__ import annotations

from bot.card import card
from bot.digest import digest
from bot.listing import Found, Turn, listing
from bot.lists import details
from bot.notes import asked_for, glass, glass_for_requester, plain, reminder, report, stands_in
from bot.rich import Message

__all__ = [
    "Found",
    "Message",
    "Turn",
    "asked_for",
    "card",
    "details",
    "digest",
    "glass",
    "glass_for_requester",
    "listing",
    "plain",
    "reminder",
    "report",
    "stands_in",
]
