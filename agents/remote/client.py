"""A LangGraph Server, as far as we need it: what a thread is at, and one run. What goes wrong has a name of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

import httpx
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError

from agents.remote.config import ServerConfig
from approvals.model import JsonValue
from approvals.ports import Clock

Command = Mapping[str, Any]

CONNECT, ANSWER, READ = 5.0, 10.0, 30.0
"""Seconds for a connection, for a short answer of the server, and for a sign of life while a run is waited for."""

PAGE: Final = 100
"""Threads asked for at once."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0
"""Seconds for which a server that did not answer is left alone: doubling, up to a bound."""

DOWN = frozenset({429, 502, 503, 504})
"""What is said of the whole server, and not of the one thread that was asked for."""

OUR_RUN = "signoff_approval"
"""The metadata key by which a run of ours is known; a node finds it in `config["metadata"]`."""

OF_THE_SERVER = frozenset(
    {"run_id", "thread_id", "graph_id", "assistant_id", "user_id", "cron_id"}
    | {"checkpoint", "checkpoint_id", "checkpoint_ns", "checkpoint_map"}
)
"""What stands in a run's configuration and is not the caller's."""
FIELDS: Final = ("thread_id", "status", "updated_at", "metadata", "interrupts")


class ServerAway(Exception):
    """No answer, or none that means anything. Nothing is known of what was asked for; ask again later."""


class ThreadGone(Exception):
    """The server knows no such thread."""


class ThreadBusy(Exception):
    """A run of the thread is under way: somebody else's, or ours."""


class RunRefused(Exception):
    """The server does not take the request as it is. Nothing was run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the thread. `ours`: the approvals whose answer it carries; `given`: what it was configured with."""

    id: str
    status: str
    ours: frozenset[str]
    given: Mapping[str, JsonValue]

    @property
    def active(self) -> bool:
        return self.status in ("pending", "running")


@dataclass(frozen=True, slots=True)
class Error:
    """What a run ended with: the name of the exception's class, and its text."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


class Server:
    """One server. Raises `ServerAway`, `ThreadGone`, `ThreadBusy` or `RunRefused`, nothing else.

    After a failure it is left alone for a moment that grows: meanwhile `ServerAway` is raised without asking.
    """

    def __init__(self, config: ServerConfig, *, clock: Clock) -> None:
        self.config = config
        self.name = config.entry.name
        self._clock = clock
        self._failures = 0
        self._until: datetime | None = None
        headers = {"x-api-key": config.key.get_secret_value()} if config.key else {}
        # Not by `get_client`: its connections are tried for eight seconds before it says that nobody is there.
        timeout = httpx.Timeout(READ, connect=CONNECT)
        self._client = LangGraphClient(httpx.AsyncClient(base_url=config.entry.url, headers=headers, timeout=timeout))

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    @property
    def pause(self) -> float:
        """Seconds until it is asked again; 0 if it may be asked now."""
        left = (self._until - self._clock()).total_seconds() if self._until else 0.0
        return max(0.0, left)

    def try_now(self) -> None:
        """The next call asks the server, whatever happened before."""
        self._until = None

    async def info(self) -> Mapping[str, Any]:
        """What the server says of itself."""
        async with self._door():
            return _whole(await cast("Any", self._client.http).get("/info"), "version")

    async def search(
        self,
        *,
        status: Literal["interrupted", "error"] | None = None,
        metadata: Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Threads, the last changed first, 100 at the most, without their values."""
        async with self._door():
            found = await self._client.threads.search(
                status=status,
                metadata=dict(metadata) if metadata else None,
                ids=list(ids) if ids is not None else None,
                limit=PAGE,
                offset=offset,
                sort_by="updated_at",
                sort_order="desc",
                select=list(FIELDS),
            )
            return _listed(found)

    async def thread(self, thread_id: str) -> dict[str, Any]:
        """The thread's own record."""
        async with self._door():
            return _whole(await self._client.threads.get(thread_id), "thread_id", "status")

    async def state(self, thread_id: str) -> dict[str, Any]:
        """Its latest state, with the questions that are open."""
        async with self._door():
            return _whole(await self._client.threads.get_state(thread_id), "next", "tasks")

    async def runs(self, thread_id: str, limit: int = 20) -> list[Run]:
        """The last runs, the newest first."""
        async with self._door():
            found = await self._client.runs.list(thread_id, limit=limit)
            return [_run(each) for each in _listed(found)]

    async def paused(self, thread_id: str) -> bool:
        """Whether a thread without a question, which the server calls interrupted, stopped by itself: the run of one
        that somebody cancelled did not end well."""
        runs = await self.runs(thread_id, limit=1)
        return not runs or runs[0].status == "success"

    async def start(
        self,
        thread_id: str,
        assistant: str,
        *,
        command: Command | None,
        configurable: Mapping[str, Any],
        metadata: Mapping[str, str],
    ) -> str:
        """Begins a run, unless one is under way (`ThreadBusy`); its id."""
        async with self._door():
            run = await self._client.runs.create(
                thread_id,
                assistant,
                input=None,
                command=cast("Any", command),
                config={"configurable": dict(configurable)},
                metadata=dict(metadata),
                multitask_strategy="reject",
                durability="sync",
            )
            return str(cast("dict[str, Any]", run)["run_id"])

    async def wait(self, thread_id: str, run_id: str, seconds: float) -> Error | None:
        """Waits until a run has ended, and says what with. Raises `ThreadBusy` if it goes on for longer."""
        async with self._door(READ + seconds):
            try:
                async with asyncio.timeout(seconds):
                    ended: object = await cast("Any", self._client.runs).join(thread_id, run_id)
            except TimeoutError:
                raise ThreadBusy(run_id) from None
        return error_of(cast("dict[str, Any]", ended).get("__error__") if isinstance(ended, dict) else None)

    async def write(self, thread_id: str, as_node: str) -> None:
        """A checkpoint without values, as if that node had written it."""
        async with self._door():
            await cast("Any", self._client.threads).update_state(thread_id, None, as_node=as_node)

    @asynccontextmanager
    async def _door(self, limit: float = ANSWER) -> AsyncGenerator[None]:
        if self.pause:
            raise ServerAway(f"{self.name} did not answer a moment ago")
        try:
            async with asyncio.timeout(limit):
                yield
        except APIStatusError as refused:
            self._answered(refused.status_code)
            raise _named(refused, self.name) from None
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as lost:
            self._answered(None)
            raise ServerAway(f"{self.name}: {type(lost).__name__}") from None
        except (ThreadBusy, ServerAway):
            raise
        else:
            self._answered(200)

    def _answered(self, status: int | None) -> None:
        if status is not None and status not in DOWN:
            self._failures, self._until = 0, None
            return
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._until = self._clock() + timedelta(seconds=pause)


def _whole(answer: object, *needed: str) -> dict[str, Any]:
    """What a server says, and not whatever stands before it: of an empty answer a thread would look finished."""
    if not isinstance(answer, dict) or not all(key in answer for key in needed):
        raise ValueError("no answer of a LangGraph Server")
    return cast("dict[str, Any]", answer)


def _listed(answer: object) -> list[dict[str, Any]]:
    if not isinstance(answer, list):
        raise ValueError("no answer of a LangGraph Server")
    return cast("list[dict[str, Any]]", answer)


def _away(status: int) -> bool:
    """A key that is refused is mended by an operator, without a decision being lost: that is away, too."""
    return status >= 500 or status in (401, 403, 408, 429)


def _named(refused: APIStatusError, name: str) -> Exception:
    status = refused.status_code
    if _away(status):
        hint = "; check its key (api_key_env)" if status in (401, 403) else ""
        return ServerAway(f"{name} answers with HTTP {status}{hint}")
    if status == 404:
        return ThreadGone(name)
    if status == 409:
        return ThreadBusy(name)
    return RunRefused(f"{name} refuses the request: HTTP {status}")


def error_of(stated: object) -> Error | None:
    """What the server says a run ended with."""
    if not isinstance(stated, dict):
        return None if stated is None else Error("Error", str(stated)[:500])
    found = cast("dict[str, Any]", stated)
    return Error(str(found.get("error") or "Error"), str(found.get("message") or "")[:500])


def _run(found: Mapping[str, Any]) -> Run:
    metadata = cast("Mapping[str, Any]", found.get("metadata") or {})
    kwargs = cast("Mapping[str, Any]", found.get("kwargs") or {})
    config = cast("Mapping[str, Any]", kwargs.get("config") or {})
    ours = str(metadata.get(OUR_RUN) or "")
    return Run(
        id=str(found.get("run_id")),
        status=str(found.get("status")),
        ours=frozenset(part for part in ours.split(",") if part),
        given=_given(cast("Mapping[str, Any]", config.get("configurable") or {})),
    )


def _given(configurable: Mapping[str, Any]) -> dict[str, JsonValue]:
    """What the caller gave a run: the server keeps none of it for the next. (A run's context is mirrored here.)"""
    internal = ("__", "langgraph_")
    return {
        key: value for key, value in configurable.items() if key not in OF_THE_SERVER and not key.startswith(internal)
    }
