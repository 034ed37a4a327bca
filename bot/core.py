"""What every door needs, Slack or not: the store, the use cases, the graphs. Put together here, once."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import AuthenticationError, RedisError

from agents.checkpointer import open_checkpointer
from agents.dialects import Dialects
from agents.driver import GraphDriver
from agents.registry import Registry
from agents.runner import Runner
from approvals import policies
from approvals.due import DueKind
from approvals.effects import Effects
from approvals.errors import ConfigError
from approvals.journal import ThreadJournal
from approvals.model import Draft, Thread
from approvals.performer import drive_with
from approvals.policy import Policy, PolicySet, select
from approvals.ports import Clock
from approvals.redact import Redactor
from approvals.service import Approvals
from approvals.settings import Settings
from approvals.shown import Shown
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from approvals.threads import Threads


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def new_thread_id() -> str:
    """A thread id that nobody had before."""
    return f"t-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Records:
    """The store and the use cases: enough to list, to show and to decide."""

    store: RedisStore
    effects: Effects
    approvals: Approvals
    shown: Shown
    clock: Clock
    rng: random.Random


@dataclass(frozen=True, slots=True)
class Core:
    """All that runs graphs."""

    settings: Settings
    records: Records
    threads: Threads
    registry: Registry
    driver: GraphDriver
    runner: Runner
    policies: PolicySet


@asynccontextmanager
async def open_records(
    settings: Settings, *, clock: Clock = utc_now, rng: random.Random | None = None
) -> AsyncGenerator[Records]:
    """The store, checked to be there. Raises `ConfigError` where it is not."""
    chance = rng or random.Random()
    url = settings.redis_url.get_secret_value()
    try:
        redis = connect(url)
    except ValueError as wrong:
        raise ConfigError(f"REDIS_URL cannot be read ({wrong}): write redis://host:port/0") from None
    # A dead replica's work is taken over as soon as its threads are.
    hold = settings.signoff_lease_seconds
    shown = Shown(Redactor(settings.signoff_redact))
    keys = Keys(settings.signoff_namespace)
    store = RedisStore(redis, clock=clock, keys=keys, hold=hold, audited=shown.event)
    try:
        try:
            await redis.ping()  # pyright: ignore[reportUnknownMemberType]
        except AuthenticationError as wrong:
            raise ConfigError(f"REDIS_URL: the server refuses the user or password ({wrong})") from wrong
        except (RedisError, OSError) as away:
            raise ConfigError(f"REDIS_URL: no server answers there ({away}); start one, or correct the URL") from away
        effects = Effects(store, clock=clock, rng=chance)
        yield Records(store, effects, Approvals(store, Dialects(), effects, clock=clock), shown, clock, chance)
        await effects.close(timedelta(seconds=settings.signoff_shutdown_seconds))
    finally:
        await store.close()


def read_policies(settings: Settings) -> PolicySet:
    """The policy file, or the one rule that `SIGNOFF_CHANNEL` makes. Raises `ConfigError` where there is neither."""
    if path := settings.signoff_policies:
        return policies.load(path, fallback_channel=settings.signoff_channel)
    if settings.signoff_channel is None:
        raise ConfigError("nobody to ask: set SIGNOFF_CHANNEL to a channel, or SIGNOFF_POLICIES to a policy file")
    return policies.without_file(settings.signoff_channel)


@asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    rng: random.Random | None = None,
    new_id: Callable[[], str] = new_thread_id,
) -> AsyncGenerator[Core]:
    """Everything but Slack: this process can drive graphs. Raises `ConfigError` for what must be mended first."""
    rules = read_policies(settings)
    async with (
        open_records(settings, clock=clock, rng=rng) as records,
        open_checkpointer(settings.redis_url.get_secret_value()) as saver,
    ):
        registry = Registry.load(settings.signoff_config, saver)

        def choose(draft: Draft, thread: Thread) -> Policy:
            return select(rules, thread.graph, (action.name for action in draft.actions))

        journal = ThreadJournal(
            records.store,
            records.effects,
            choose,
            clock=clock,
            ttl=settings.signoff_lease_seconds,
            attempts=settings.signoff_attempts,
        )
        dialects = Dialects(replies=registry.replies)
        driver = GraphDriver(registry, dialects, journal, limit=settings.signoff_graph_seconds)
        drive = drive_with(driver, records.store, clock=clock, rng=records.rng)
        records.effects.use({DueKind.DRIVE: drive})
        threads = Threads(records.store, records.effects, clock=clock, new_id=new_id)
        try:
            yield Core(settings, records, threads, registry, driver, Runner(threads, driver, records.store), rules)
        finally:
            await records.effects.close(timedelta(seconds=settings.signoff_shutdown_seconds))
            await registry.aclose()
