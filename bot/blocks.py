"""Approvals as Slack messages, gathered for the rest of the bot. Pure: a record in, Block Kit out."""

from __future__ import annotations

from bot.card import card
from bot.lists import Around, details, listing
from bot.notes import plain, reminder, report
from bot.rich import Message

__all__ = ["Around", "Message", "card", "details", "listing", "plain", "reminder", "report"]
