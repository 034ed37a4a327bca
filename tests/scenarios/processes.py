"""Signoff as processes of their own: `signoff serve` that can be killed, and single commands beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from approvals.events import Event, EventType
from approvals.model import Approval, JsonValue, Thread
from approvals.settings import Settings
from approvals.store.codec import EVENTS
from approvals.store.keys import Keys
from approvals.store.redis import connect
from approvals.threads import Threads
from bot.core import Records, new_thread_id, open_records, utc_now

SIGNOFF = Path(sys.executable).parent / "signoff"
PATIENCE = 100.0
"""Seconds that a test waits for a process on a busy machine."""


def environment(settings: Settings, **over: str) -> dict[str, str]:
    """The settings as a process reads them, and nothing of ours but what a process needs to run."""
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
    }
    for name in Settings.model_fields:
        value: Any = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        if isinstance(value, tuple):
            value = ",".join(value)
        if value is not None:
            kept[name.upper()] = str(value)
    return kept | {"SIGNOFF_LOG_FORMAT": "json", "LANGSMITH_TRACING": "false", "COLUMNS": "200"} | over


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Its one document; anything else on stdout is an error."""
        return json.loads(self.out)


async def signoff(*args: str, env: Mapping[str, str], cwd: Path, given: str = "") -> Ran:
    """One command, to its end."""
    process = await asyncio.create_subprocess_exec(
        SIGNOFF,
        *args,
        env=dict(env),
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(given.encode()), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


@dataclass
class Server:
    """One `signoff serve`, and the lines it has logged so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list[str])
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._more:
                self.lines.append(line.decode().rstrip())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()

    def follow(self) -> None:
        """Reads what it logs, from now to its end."""
        self._reader = asyncio.create_task(self._read())

    def logged(self, action: str) -> list[dict[str, Any]]:
        """Its log lines of one action."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in found if line.get("action") == action]

    async def until(self, action: str, count: int = 1) -> dict[str, Any]:
        """The line that says so for the `count`th time. Fails at once if the process ends without it."""

        def there() -> bool:
            assert self._reader is not None
            return len(self.logged(action)) >= count or self._reader.done()

        async with asyncio.timeout(PATIENCE), self._more:
            while not there() and self.process.stderr is not None and not self.process.stderr.at_eof():
                await self._more.wait()
        found = self.logged(action)
        assert len(found) >= count, f"{action} was never logged:\n" + "\n".join(self.lines)
        return found[count - 1]

    async def ended(self) -> int:
        """Its exit status, once it ended by itself; all it logged is in `lines` then."""
        status = await asyncio.wait_for(self.process.wait(), PATIENCE)
        if self._reader is not None:
            await self._reader
        return status

    async def stop(self) -> int:
        """SIGTERM, as a supervisor sends it."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """SIGKILL: no goodbye."""
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()


async def start(env: Mapping[str, str], cwd: Path) -> Server:
    """A `signoff serve`, not waited for."""
    process = await asyncio.create_subprocess_exec(
        SIGNOFF,
        "serve",
        env=dict(env),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    server = Server(process)
    server.follow()
    return server


@dataclass
class Outside:
    """Looks at the store from outside, starts threads and leaves them to whoever serves."""

    records: Records
    redis: Redis
    keys: Keys

    async def start(self, graph: str, given: JsonValue, *, requester: str | None = None) -> Thread:
        """Writes a thread down; a serving process drives it."""
        records = self.records
        threads = Threads(records.store, records.effects, clock=records.clock, new_id=new_thread_id)
        thread = await threads.register(graph, given, requester=requester, here=False)
        assert isinstance(thread, Thread)
        return thread

    async def told(self, kind: EventType, of: str, count: int = 1) -> Event:
        """The `count`th audit event of that kind about an approval or a thread; waits until it is written."""
        after = "0"
        left = count
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.redis.xread({self.keys.audit: after}, block=1000, count=1)
                rows: Any = await self.redis.xrange(self.keys.audit, "-" if after == "0" else f"({after}")
                for seq, entry in rows:
                    after = seq
                    event = EVENTS.load(entry["e"])
                    if event.type is kind and of in (event.approval_id, event.thread_id):
                        left -= 1
                        if not left:
                            return event

    async def approval(self, approval_id: str) -> Approval:
        """The record as it stands."""
        found = await self.records.approvals.get(approval_id)
        assert found is not None
        return found

    async def events(self, approval_id: str) -> list[EventType]:
        """What the audit says of it, in order."""
        return [event.type for event in await self.records.approvals.audit(approval_id)]


@asynccontextmanager
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    """Opens the store that the processes share."""
    redis = connect(settings.redis_url.get_secret_value())
    try:
        async with open_records(settings, clock=utc_now) as records:
            yield Outside(records, redis, Keys(settings.signoff_namespace))
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()
