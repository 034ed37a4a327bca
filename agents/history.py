"""What was said in a thread, read from its checkpoint: `approvals.history.History`. Nothing here runs a graph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import structlog
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from agents.driver import Graphs
from agents.payload import to_json
from agents.registry import last_line
from approvals.history import Call, Role, Said, Talk
from approvals.model import JsonValue, Thread

PATIENCE = 10.0
"""Seconds after which a checkpoint that cannot be read is given up."""

MAX_TEXT = 4000
"""Characters of one message that are kept."""

MAX_CALLS = 20
"""Tool calls of one message that are kept."""

MESSAGES = "messages"
_ROLES: Mapping[str, Role] = {
    "human": Role.PERSON,
    "user": Role.PERSON,
    "ai": Role.AGENT,
    "assistant": Role.AGENT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}

log = structlog.get_logger()


class ThreadHistory:
    """Implements `approvals.history.History`."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    async def last(self, thread: Thread, limit: int) -> Talk | None:
        """See `History.last`. Whatever a graph or its store raises is logged, and the thread cannot be read."""
        kept = cast("RunnableConfig", dict(thread.config))
        configurable = {**kept.get("configurable", {}), "thread_id": thread.id}
        for key in ("checkpoint_id", "checkpoint_ns"):
            configurable.pop(key, None)
        try:
            async with asyncio.timeout(PATIENCE):
                graph = await self._graphs.graph(thread.graph)
                state = await graph.aget_state({**kept, "configurable": configurable}, subgraphs=True)
            return talk(state, limit)
        except Exception as failed:  # noqa: BLE001  foreign code: factories, checkpointers, states of any kind
            log.warning("history not read", action="history.unread", thread=thread.id, why=last_line(failed))
            return None


def talk(state: StateSnapshot, limit: int) -> Talk:
    """The last messages in a state, of the innermost graph that waits and has any; else the state of the outer one."""
    for values in _states(state):
        if messages := messages_of(values):
            shown = [said(message) for message in messages[-limit:]]
            return Talk(said=tuple(shown), earlier=max(0, len(messages) - limit))
    values = to_json(cast("object", state.values))
    return Talk(state=values if isinstance(values, dict) else {} if values is None else {"state": values})


def _states(state: StateSnapshot) -> Iterator[object]:
    """The values of the graphs within, then its own."""
    for task in state.tasks:
        if isinstance(task.state, StateSnapshot):
            yield from _states(task.state)
    yield cast("object", state.values)


def messages_of(values: object) -> Sequence[object]:
    """The messages in a state: under `messages`, else a list that holds nothing else; none where there is no such."""
    if isinstance(values, Mapping):
        entries = cast("Mapping[str, object]", values)
        candidates = [entries.get(MESSAGES), *entries.values()]
    else:
        candidates = [values]
    for found in candidates:
        if isinstance(found, list | tuple) and found:
            listed = cast("Sequence[object]", found)
            if all(map(_is_message, listed)):
                return listed
    return ()


def _is_message(value: object) -> bool:
    if isinstance(value, BaseMessage):
        return True
    if not isinstance(value, Mapping):
        return False
    entries = cast("Mapping[object, object]", value)
    role = entries.get("role", entries.get("type"))
    return isinstance(role, str) and role in _ROLES and ("content" in entries or "tool_calls" in entries)


def said(message: object) -> Said:
    """One message, bounded: a LangChain message, or an object as model providers write them."""
    if isinstance(message, BaseMessage):
        calls: object = getattr(message, "tool_calls", ())
        return _said(message.type, _text(cast("object", message.content)), message.name, calls)
    entries = cast("Mapping[str, object]", message)
    role = str(entries.get("role", entries.get("type")))
    return _said(role, _text(entries.get("content")), entries.get("name"), entries.get("tool_calls"))


def _said(role: str, text: str, name: object, calls: object) -> Said:
    listed = cast("Sequence[object]", calls) if isinstance(calls, list | tuple) else ()
    return Said(
        role=_ROLES.get(role, Role.OTHER),
        text=text[:MAX_TEXT],
        name=name[:100] if isinstance(name, str) else "",
        calls=tuple(found for found in map(_call, listed[:MAX_CALLS]) if found is not None),
    )


def _text(content: object) -> str:
    """The words of a message; what is no text is named (`[image_url]`), reasoning and calls are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else json.dumps(to_json(content), ensure_ascii=False)
    parts: list[str] = []
    for part in cast("list[object]", content):
        entries = cast("Mapping[str, object]", part) if isinstance(part, Mapping) else {"type": "text", "text": part}
        kind, text = str(entries.get("type", "")), entries.get("text")
        if isinstance(text, str):
            parts.append(text)
        elif kind not in ("reasoning", "thinking", "redacted_thinking", "tool_use", "tool_call", "function_call"):
            parts.append(f"[{kind or 'something that is no text'}]")
    return "\n".join(parts)


def _call(call: object) -> Call | None:
    """As LangChain has it (`name`, `args`), or as providers do (`function`: `name`, and `arguments` as JSON text)."""
    if not isinstance(call, Mapping):
        return None
    entries = cast("Mapping[str, Any]", call)
    inner: Any = entries.get("function")
    if isinstance(inner, Mapping):
        entries = cast("Mapping[str, Any]", inner)
    args = entries.get("args", entries.get("arguments"))
    if isinstance(args, str):
        args = _parsed(args)
    copied: JsonValue = to_json(args)
    return Call(str(entries.get("name") or "")[:100], copied if isinstance(copied, dict) else {"arguments": copied})


def _parsed(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return text[:MAX_TEXT]
