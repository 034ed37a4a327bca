"""Two replicas that are killed, stopped for a while and started again, and the local Slack before them."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar

from redis.exceptions import RedisError

from approvals.audit import signing
from approvals.due import DueKind
from approvals.model import Approval, Status, Thread, ThreadState
from approvals.ports import Query
from approvals.settings import Settings
from approvals.store.embedded import EmbeddedServer
from approvals.terms import Terms
from approvals.threads import Threads
from bot.core import Records, new_thread_id, open_records, utc_now
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed
from tests.bot.test_outgoing import Receiver, receiving
from tests.chaos import replica

T = TypeVar("T")

CHANNEL, LEADS = "C0APPROVALS", "C0LEADS"
PATIENCE = 60.0
"""Seconds until a story must have come to its end, on a busy machine."""
LEASE = 2.0
"""Seconds for which a lease stands: whoever is stopped for longer loses it, and nobody who is only slow."""
BUSY = timedelta(seconds=0.5)
"""What takes longer than this to come round to shows that nothing can be asked of the clocks."""
ACK = 30.0
"""Seconds that the local Slack waits for an answer: one that is stopped for a while may come late. (What is too late
for Slack is another story.)"""

AT_ONCE = {DueKind.NOTIFY, DueKind.REFRESH, DueKind.REPORT, DueKind.TELL, DueKind.DRIVE, DueKind.CALLBACK}

ONE_QUESTION = ("payer", "waiting", "clocked", "lenient", "undoable", "called")
GRAPHS = dict.fromkeys(ONE_QUESTION, "graph") | {"several": "several"}
"""By their names, each with its place in the module."""
ENDS = {"clocked": "{after: 3s, then: deny}", "lenient": "{after: 3s, then: approve}", "waiting": "never"}
"""How those end that time is a matter of; the others have a day."""
POLICY = """
  - name: {name}
    match: {{graph: {name}}}
    channel: "#approvals"
    remind: [1s]
    escalate:
      - {{after: 2s, to: [U0CLEO], channel: "#finance-leads"}}
    expire: {ends}
"""
RULES = "".join(POLICY.format(name=name, ends=ends) for name, ends in ENDS.items())
UNDOABLE = """  - name: undoable
    match: {graph: undoable}
    channel: "#approvals"
    undo: 2s
"""
POLICIES = f'version: 1\npolicies:{RULES}{UNDOABLE}default:\n  channel: "#approvals"\n'
SECRET = "whsec_" + "QUJD" * 8
QUESTIONS = {"several": 4}
"""How many a graph asks, where it is not one."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.chaos.replica"])


@dataclass
class Replica:
    """A place for one process. `kills` counts how often it died."""

    number: int
    process: ForkServerProcess | None = None
    kills: int = 0

    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()


@dataclass(frozen=True)
class Agent:
    """One run of a graph."""

    thread_id: str
    questions: int


@dataclass
class House:
    """Everything around the replicas outlives them."""

    slack: LocalSlack
    settings: dict[str, Any]
    books: Path
    records: Records
    seal_key: signing.SealKey
    caller: Receiver
    """Who has asked over HTTP, as it were, and is told of the end instead of a report in the thread."""
    server: EmbeddedServer | None = None
    """Redis, where it may be killed."""
    redis_kills: int = 0
    pins: dict[int, str] = field(default_factory=dict[int, str])
    """Seals that were seen: they must stand for ever."""
    seen: dict[str, Approval] = field(default_factory=dict[str, Approval])
    """The latest of each record that somebody was given: none of it may be lost."""
    replicas: list[Replica] = field(default_factory=lambda: [Replica(0), Replica(1)])
    dead: set[int] = field(default_factory=set[int])
    stopped: list[int] = field(default_factory=list[int])
    fallen: list[str] = field(default_factory=list[str])
    """Processes that ended by themselves."""
    disturbed: list[datetime] = field(default_factory=list[datetime])
    """When somebody died, was stopped, went on, or the machine was too busy to look."""

    def start(self, one: Replica, crash_at: str | None = None, nth: int = 1) -> None:
        """Starts a process in that place."""
        one.process = CONTEXT.Process(target=replica.serve, args=(self.settings, str(self.books), crash_at, nth))
        one.process.start()

    def kill(self, one: Replica) -> None:
        """SIGKILL."""
        if one.process is not None and one.process.is_alive():
            one.process.kill()

    async def stop(self, one: Replica, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while: the process goes on as if nothing had been, its leases long another's."""
        while not one.alive():  # noqa: ASYNC110 - a process cannot be awaited here
            await asyncio.sleep(0.02)  # until it is started again
        assert one.process is not None
        pid = one.process.pid or 0
        self.stopped.append(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self.disturbed.append(utc_now())
            await asyncio.sleep(seconds)
            os.kill(pid, signal.SIGCONT)
        self.disturbed.append(utc_now())

    async def kill_redis(self, away: float) -> None:
        """SIGKILL, and after a while the same server, from what it had appended to its file by then."""
        assert self.server is not None
        head = await surely(self.records.audit.head)
        self.pins = {head.number: head.hash} if head.number else {}
        self.redis_kills += 1
        await asyncio.to_thread(self.server.kill)
        self.disturbed.append(utc_now())
        await asyncio.sleep(away)
        await asyncio.to_thread(self.server.start)
        self.disturbed.append(utc_now())

    async def up(self) -> None:
        """Waits until one of the replicas is connected to Slack."""
        async with asyncio.timeout(PATIENCE):
            while not self.slack.connections:  # noqa: ASYNC110 - processes tell nobody
                await asyncio.sleep(0.02)

    async def tend(self) -> None:
        """Starts again whoever died, as a supervisor does. (The end of a process cannot be awaited here.)"""
        looked = utc_now()
        while True:
            if utc_now() - looked > BUSY:
                self.disturbed += [looked, utc_now()]
            looked = utc_now()
            for one in self.replicas:
                if one.process is not None and not one.process.is_alive():
                    if one.process.exitcode == -signal.SIGKILL:
                        one.kills += 1
                    elif not self.redis_kills:  # or it could not start without it
                        self.fallen.append(f"pid {one.process.pid} ended with {one.process.exitcode}")
                    self.disturbed.append(looked)
                    self.dead.add(one.process.pid or 0)
                    self.start(one)
            await asyncio.sleep(0.02)

    @property
    def redis_url(self) -> str:
        return self.settings["redis_url"]

    @property
    def kills(self) -> int:
        return sum(one.kills for one in self.replicas)

    async def close(self) -> None:
        """Ends what is left: the books are closed, and an orderly stop is another story."""
        for one in self.replicas:
            if one.process is not None:
                one.process.kill()
                await asyncio.to_thread(one.process.join, 10)

    async def ask(self, order: str, graph: str = "payer") -> Agent:
        """An agent is started from outside; whoever serves drives it."""
        threads = Threads(self.records.store, self.records.effects, clock=self.records.clock, new_id=new_thread_id)
        name = new_thread_id()
        terms = Terms(key="K1", name="billing", callback=self.caller.url) if graph == "called" else None
        given = {"order": order}
        done = await surely(lambda: threads.register(graph, given, thread_id=name, terms=terms, here=False))
        assert isinstance(done, Thread) or self.redis_kills, "refused only where it was written unheard"
        return Agent(name, QUESTIONS.get(graph, 1))

    def cards(self, approval_id: str, channel: str = CHANNEL) -> list[Message]:
        """Every card of an approval that Slack has there."""
        kind = "card" if channel == CHANNEL else "escalation"
        return [m for m in self.slack.messages(channel) if _of(m) == (approval_id, kind)]

    def replies(self, approval_id: str, kind: str) -> list[Message]:
        """Every reply of that kind to a card of an approval, such as `report`."""
        return [
            reply
            for card in self.cards(approval_id)
            for reply in self.slack.messages(CHANNEL, thread_ts=card.ts)
            if _of(reply) == (approval_id, kind)
        ]

    async def approvals(self, agent: Agent) -> tuple[Approval, ...]:
        """The records of what it has asked so far."""
        assert self.fallen == [], "a replica ended by itself"
        query = Query(status=None, thread_id=agent.thread_id)
        found = (await surely(lambda: self.records.approvals.page(query))).approvals
        for approval in found:
            self.saw(approval)
        return found

    def died_at(self, point: str) -> int:
        """How many processes died just there: it is the last that they came by."""
        last: dict[int, str] = {}
        trace = self.books / "trace"
        for line in trace.read_text().splitlines() if trace.is_file() else ():
            pid, where, _ = line.split(" ", 2)
            last[int(pid)] = where
        return sum(last.get(pid) == point for pid in self.dead)

    def saw(self, approval: Approval) -> None:
        """Somebody was given this."""
        before = self.seen.get(approval.id)
        if before is None or before.version < approval.version:
            self.seen[approval.id] = approval

    async def quiet(self, agents: Sequence[Agent]) -> None:
        """Waits until nothing is due any more for these: only then are the books closed."""
        for agent in agents:
            try:
                async with asyncio.timeout(PATIENCE):
                    while not await self._rests(agent):  # noqa: ASYNC110 - processes tell nobody
                        await asyncio.sleep(0.05)
            except TimeoutError as never:
                raise AssertionError(await self._as_it_stands(agent)) from never

    async def _rests(self, agent: Agent) -> bool:
        found = await self.approvals(agent)
        store = self.records.store
        thread = await surely(lambda: store.thread(agent.thread_id))
        for subject in (agent.thread_id, *(one.id for one in found)):
            if AT_ONCE & set(await surely(lambda subject=subject: store.due_at(subject))):
                return False
        done = thread is not None and thread.state is ThreadState.DONE
        return done or any(one.status is Status.PENDING and one.messages and _told(one) for one in found)

    async def _as_it_stands(self, agent: Agent) -> str:
        """What keeps an agent from its rest, for whoever reads the failure."""
        store = self.records.store
        found = await self.approvals(agent)
        due = {subject: await store.due_at(subject) for subject in (agent.thread_id, *(one.id for one in found))}
        thread = await store.thread(agent.thread_id)
        return f"no rest within {PATIENCE:.0f} s, at {utc_now()}: {thread!r}\n{found!r}\ndue: {due!r}"


def _told(approval: Approval) -> bool:
    """Nothing that the policy has before the end is left."""
    return approval.reminders == len(approval.policy.reminders) and approval.level == len(approval.policy.escalate)


def _of(message: Message) -> tuple[str, str]:
    told = (message.metadata or {}).get("event_payload", {})
    return str(told.get("approval")), str(told.get("kind"))


async def surely(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks again as long as Redis is away."""
    while True:
        try:
            return await ask()
        except (RedisError, OSError):
            await asyncio.sleep(0.05)


@asynccontextmanager
async def house(redis_url: str, folder: Path, server: EmbeddedServer | None = None) -> AsyncIterator[House]:
    """Slack, the store from outside, and two places for replicas; nothing is started yet. `server`: Redis, where it may
    be killed."""
    books = folder / "books"
    books.mkdir(parents=True)
    (folder / "policies.yaml").write_text(POLICIES)
    module = Path(__file__).parent / "payer.py"
    graphs = {name: f"{module}:{place}" for name, place in GRAPHS.items()}
    (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": graphs}))
    key = signing.generated()
    slack = LocalSlack(Seed.default().with_manifest(manifest()), ack_seconds=ACK)
    async with slack, receiving() as caller:
        settings = {
            "slack_bot_token": slack.bot_token,
            "slack_app_token": slack.app_token,
            "slack_api_url": slack.api_url,
            "redis_url": redis_url,
            "signoff_policies": folder / "policies.yaml",
            "signoff_config": folder / "langgraph.json",
            "signoff_tick_seconds": 0.1,
            "signoff_slack_limits": False,
            "signoff_digest_after": 0,
            "signoff_lease_seconds": LEASE,
            "signoff_shutdown_seconds": 10,
            "signoff_callback_secret": SECRET,
            "signoff_callback_hosts": "127.0.0.1",
            "signoff_seal_seconds": 0.5,
            "signoff_seal_key": key.pem,
        }
        async with open_records(Settings.model_validate(settings)) as records:
            made = House(slack, settings, books, records, key, caller, server)
            tending = asyncio.create_task(made.tend())
            try:
                yield made
            finally:
                tending.cancel()
                with suppress(asyncio.CancelledError):
                    await tending
                await made.close()
