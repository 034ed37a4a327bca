"""Sentences around what was said in a thread before it asked. Ours are `mrkdwn`."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.history import Role

TITLE = "Why is this asked?"
LABEL = "Why is this asked?"
LOADING = "Reading what was said…"
UNREAD = (
    "What was said before cannot be read right now. The card still shows what is asked; please try again in a moment."
)
NOTHING = "Nothing was said before: the agent asks without messages, and has noted nothing."
NO_MESSAGES = "This agent keeps no messages. This is what it has noted so far:"
NO_TEXT = "(no text)"
CALLS = "calls "

WHO: Mapping[Role, str] = {
    Role.PERSON: ":bust_in_silhouette: *Person*",
    Role.AGENT: ":robot_face: *Agent*",
    Role.TOOL: ":wrench: *Tool*",
    Role.SYSTEM: ":gear: *Instructions*",
    Role.OTHER: ":speech_balloon: *Message*",
}


def earlier(count: int) -> str:
    """Of what came before the first one that is shown."""
    return f"… {count} earlier {'message' if count == 1 else 'messages'}"


def more_calls(count: int) -> str:
    """Of one message that calls very many tools."""
    return f"and {count} more {'call' if count == 1 else 'calls'}"
