"""What was said in a thread before it asked: for people who want to know why. Plain values, read and never kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from approvals.model import Thread


class Role(StrEnum):
    """Whose words they are."""

    PERSON = "person"
    AGENT = "agent"
    TOOL = "tool"
    SYSTEM = "system"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the agent called, or wants to."""

    name: str
    args: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `name` is the tool's or the speaker's, if it has one."""

    role: Role
    text: str = ""
    name: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The last messages of a thread, newest last, and how many came before them; where its state has no messages,
    the `state` itself."""

    said: tuple[Said, ...] = ()
    earlier: int = 0
    state: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class History(Protocol):
    """Reads what was said. Implemented in `agents`."""

    async def last(self, thread: Thread, limit: int) -> Talk | None:
        """The last `limit` messages as of now, bounded; `None` where the thread cannot be read."""
        ...
