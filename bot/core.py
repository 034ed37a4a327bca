"""What every door needs, Slack or not: the store, the use cases, the graphs. Put together here, once."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError

from agents.checkpointer import open_checkpointer
from agents.dialects import Dialects
from agents.driver import GraphDriver
from agents.history import ThreadHistory
from agents.registry import Registry
from agents.remote.deployments import Deployments, open_deployments
from agents.remote.history import ServersHistory
from agents.runner import GraphRunner, Runner
from approvals.book import PolicyBook
from approvals.due import DueKind
from approvals.effects import Effects
from approvals.errors import ConfigError
from approvals.history import History
from approvals.metering import Metering
from approvals.opening import Opening
from approvals.performer import drive_with
from approvals.ports import Clock
from approvals.reapplying import Reapply
from approvals.redact import Redactor
from approvals.server_journal import ServerThreadJournal
from approvals.service import Approvals
from approvals.settings import Settings
from approvals.shown import Shown
from approvals.store.api_keys import ApiKeyStore
from approvals.store.asked import AskedStore
from approvals.store.audit import RedisAudit
from approvals.store.away import AwayStore
from approvals.store.book import RedisBook
from approvals.store.daily import DailyStore
from approvals.store.feed import Feed
from approvals.store.homes import HomeStore
from approvals.store.kept import KeptBy
from approvals.store.keys import Keys
from approvals.store.pacing import BurstStore, PaceStore
from approvals.store.redis import RedisStore, connect
from approvals.store.survey import SurveyStore
from approvals.store.told import ToldStore
from approvals.threads import Threads
from bot.rules import apply_file
from bot.tracing import traced


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def new_thread_id() -> str:
    """A thread id that nobody had before."""
    return f"t-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Records:
    """The store and the use cases: enough to list, to show and to decide, and to change the policies."""

    store: RedisStore
    away: AwayStore
    told: ToldStore
    daily: DailyStore
    homes: HomeStore
    audit: RedisAudit
    pace: PaceStore
    bursts: BurstStore
    api_keys: ApiKeyStore
    asked: AskedStore
    feed: Feed
    effects: Effects
    approvals: Approvals
    book: PolicyBook
    shown: Shown
    clock: Clock
    rng: random.Random
    kept: KeptBy
    meter: Metering
    survey: SurveyStore


@dataclass(frozen=True, slots=True)
class Core:
    """All that runs graphs."""

    settings: Settings
    records: Records
    threads: Threads
    registry: Registry
    driver: GraphRunner
    runner: Runner
    opening: Opening
    reapply: Reapply
    deployments: Deployments
    history: History


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
        raise ConfigError(
            f"REDIS_URL cannot be read ({wrong}): write redis://host:port/0, or redis+sentinel://host:26379/MASTER/0"
        ) from None
    # A dead replica's work is taken over as soon as its threads are.
    hold = settings.signoff_lease_seconds
    shown = Shown(Redactor(settings.signoff_redact))
    keys, meter = Keys(settings.signoff_namespace), Metering()
    store = RedisStore(redis, clock=clock, keys=keys, hold=hold, audited=shown.event, meter=meter)
    away = AwayStore(redis, clock=clock, keys=keys)
    book = PolicyBook(RedisBook(redis, keys=keys), clock=clock, channel=settings.signoff_channel)
    try:
        try:
            await redis.ping()  # pyright: ignore[reportUnknownMemberType]
        except AuthenticationError as wrong:
            raise ConfigError(f"REDIS_URL: the server refuses the user or password ({wrong})") from wrong
        except BusyLoadingError as loading:
            raise ConfigError(
                f"REDIS_URL: the server there is up and still loads its data ({loading}): wait until it has, and try "
                "again; `signoff serve` waits by itself, as long as SIGNOFF_REDIS_WAIT_SECONDS says"
            ) from loading
        except (RedisError, OSError) as gone:
            raise ConfigError(f"REDIS_URL: no server answers there ({gone}); start one, or correct the URL") from gone
        effects, told = Effects(store, clock=clock, rng=chance, meter=meter), ToldStore(redis, keys=keys)
        approvals = Approvals(store, Dialects(), effects, clock=clock)
        async with traced(meter):
            yield Records(
                store=store,
                away=away,
                told=told,
                daily=DailyStore(redis, keys=keys),
                homes=HomeStore(redis, clock=clock, keys=keys),
                audit=RedisAudit(redis, keys=keys),
                pace=PaceStore(redis, clock=clock, keys=keys),
                bursts=BurstStore(redis, clock=clock, keys=keys),
                api_keys=ApiKeyStore(redis, clock=clock, keys=keys),
                asked=AskedStore(redis, keys=keys),
                feed=Feed(redis, keys=keys),
                effects=effects,
                approvals=approvals,
                book=book,
                shown=shown,
                clock=clock,
                rng=chance,
                kept=KeptBy(redis, keys=keys),
                meter=meter,
                survey=SurveyStore(redis, clock=clock, keys=keys),
            )
            await effects.close(timedelta(seconds=settings.signoff_shutdown_seconds))
    finally:
        await store.close()


@asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    rng: random.Random | None = None,
    new_id: Callable[[], str] = new_thread_id,
) -> AsyncGenerator[Core]:
    """Everything but Slack: this process can drive graphs. Raises `ConfigError` for what must be mended first."""
    url, wanted = settings.redis_url.get_secret_value(), settings.signoff_checkpointer
    async with (
        open_records(settings, clock=clock, rng=rng) as records,
        open_checkpointer(url, leases=True, wanted=wanted, kept=records.kept) as saver,
        open_deployments(settings.signoff_langgraph_servers, clock=clock) as deployments,
    ):
        if not await records.book.number():
            await apply_file(records.book, settings)
        await records.book.current()  # so that a start without policies says so, and not the first question
        registry = Registry.load(settings.signoff_config, saver)

        dialects = Dialects(replies=registry.replies)
        opening = Opening(
            records.book.policies,
            dialects,
            clock=clock,
            team_zone=settings.signoff_time_zone,
            environment=settings.signoff_environment,
        )
        journal = ServerThreadJournal(
            records.store,
            records.effects,
            opening,
            clock=clock,
            ttl=settings.signoff_lease_seconds,
            attempts=settings.signoff_attempts,
        )
        meter = records.meter
        local = GraphDriver(registry, dialects, journal, limit=settings.signoff_graph_seconds, meter=meter)
        driver = deployments.driver(local, journal, registry.replies)
        drive = drive_with(driver, records.store, clock=clock, rng=records.rng)
        records.effects.use({DueKind.DRIVE: drive})
        threads = Threads(records.store, records.effects, clock=clock, new_id=new_id)
        runner = Runner(threads, driver, records.store)
        reapply = Reapply(records.approvals, records.book.policies, opening, clock=clock)
        try:
            history = ServersHistory(ThreadHistory(registry), deployments.servers)
            yield Core(settings, records, threads, registry, driver, runner, opening, reapply, deployments, history)
        finally:
            await records.effects.close(timedelta(seconds=settings.signoff_shutdown_seconds))
            await registry.aclose()
