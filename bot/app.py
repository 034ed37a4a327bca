"""The composition root: `build` puts Slack, graphs, store and clockwork together into a `Runtime`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from agents.remote.watch import ServerWatch
from approvals.audit.keeping import Retention, Sealer
from approvals.audit.signing import key_of
from approvals.due import DueKind
from approvals.effects import Perform
from approvals.managers import Managers
from approvals.performer import Performer, drive_with
from approvals.settings import Settings, needed
from bot import checks, listeners, slack
from bot.absences import Absences
from bot.callbacks import Callbacks, described
from bot.core import Core, Records
from bot.coverage import Coverage
from bot.digests import Digests
from bot.directory import Directory
from bot.homes import Homes
from bot.http.api.audit import audit_api
from bot.http.api.keys import Gate
from bot.http.api.routes import decisions_api
from bot.http.health import health
from bot.http.hooks import hooks
from bot.http.metrics import metrics_router
from bot.http.server import HttpServer, web_app
from bot.http.slack import slack_router
from bot.links import Links
from bot.listeners.door import Door
from bot.listeners.home import draw as draw_home
from bot.loop_watch import BUSY, LoopWatch
from bot.metrics import Metrics
from bot.notifier import SlackNotifier
from bot.outgoing import Allowed, Outgoing, secrets_of
from bot.pace import FREE, Pace
from bot.readiness import Readiness
from bot.rules import apply_file
from bot.slack import Slack
from bot.watch import EVERY, FIRST, Watch
from bot.workers import Workers
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep
from scheduler.ticker import Ticker, Turn

PING = 5
"""Seconds between pings of the Socket Mode connection, and how late a break without a goodbye is noticed."""

RETENTION = 3600.0
"""Seconds between two looks for events of the audit that may leave Redis."""

log = structlog.get_logger()


@dataclass(slots=True)
class Runtime:
    """A serving process. `start` and `stop` may each be called once."""

    settings: Settings
    core: Core
    app: AsyncApp
    slack: Slack
    directory: Directory
    performer: Performer
    ticker: Ticker
    watch: Watch
    metrics: Metrics
    workers: Workers
    loop_watch: LoopWatch
    http: HttpServer | None = None
    _socket: AsyncSocketModeHandler | None = None

    async def start(self) -> None:
        """Checks the tokens, applies the policy file if it changed, turns the crank once, then lets Slack in.

        `ConfigError` for a token that Slack refuses, and for a file with mistakes.
        """
        self.loop_watch.start()
        identity, _ = await self.slack.whoami()
        await apply_file(self.core.records.book, self.settings)
        if self.settings.signoff_slack_mode == "socket":
            self._socket = await self._socket_handler()
        await self.ticker.start()
        if self._socket is not None:
            await self._socket.connect_async()  # pyright: ignore[reportUnknownMemberType]
        if self.http is not None:
            await self.core.records.feed.start()
            await self.http.start()
        log.info("serving", action="serve.started", team=identity.get("team"), mode=self.settings.signoff_slack_mode)

    async def _socket_handler(self) -> AsyncSocketModeHandler:
        needed(self.settings, "slack_app_token")
        assert self.settings.slack_app_token is not None
        token = self.settings.slack_app_token.get_secret_value()
        # slack-sdk tries for ever what will never work; so the first connection is asked for here.
        url = await self.slack.open_connection(token)
        handler = AsyncSocketModeHandler(self.app, token, ping_interval=PING)
        handler.client.wss_uri = url
        return handler

    def readiness(self) -> Readiness:
        """What this process depends on."""
        socket = self.settings.signoff_slack_mode == "socket"
        return Readiness(
            {
                "redis": checks.redis_answers(self.core.records.store),
                "slack": checks.socket_stands(lambda: self._socket) if socket else checks.token_is_good(self.slack),
                "sweep": checks.turning(self.ticker.sweep),
                "nodes": checks.few_hang(self.workers),
            }
        )

    @property
    def http_url(self) -> str | None:
        """Where HTTP is served, if it is."""
        return self.http.url if self.http else None

    async def stop(self) -> None:
        """No new clicks, no new turns. What is running is finished by whoever opened the core."""
        if self._socket is not None:
            await self._socket.close_async()  # pyright: ignore[reportUnknownMemberType]
        if self.http is not None:
            await self.core.records.feed.stop()  # whoever waits over HTTP is answered, and does not hold it open
            await self.http.stop()
        await self.ticker.stop()
        self.loop_watch.stop()
        log.info("stopped", action="serve.stopped")


def build(core: Core) -> Runtime:
    """Puts the process together, in its event loop. Raises `ConfigError` naming the settings that are missing."""
    settings, records = core.settings, core.records
    socket = settings.signoff_slack_mode == "socket"
    needed(settings, "slack_bot_token", "slack_app_token" if socket else "slack_signing_secret")
    assert settings.slack_bot_token is not None
    client = slack.client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, records.meter)
    web = Slack(client, Pace(records.pace) if settings.signoff_slack_limits else FREE)
    managers = Managers(settings.signoff_managers) if settings.signoff_managers else None
    directory = Directory(web, clock=records.clock, managers=managers)
    core.opening.use(directory.zones)
    absences = Absences(records.away, directory)
    links = Links(web, directory, clock=records.clock)
    limit = settings.signoff_digest_after
    digests = Digests(records.bursts, records.store, web, clock=records.clock, shown=records.shown, limit=limit)
    notifier = SlackNotifier(web, directory, absences, digests, links, clock=records.clock, shown=records.shown)
    performer = Performer(records.approvals, notifier, clock=records.clock)
    work: dict[DueKind, Perform] = dict(performer.work())
    work[DueKind.DIGEST] = digests.redraw
    work[DueKind.CALLBACK] = _callbacks(core).send
    work[DueKind.DRIVE] = drive_with(core.driver, records.store, clock=records.clock, rng=records.rng)
    door = Door(core, web, directory, absences, links)
    homes = Homes(records.homes, records.approvals, directory, absences)
    for kind in (DueKind.NOTIFY, DueKind.REFRESH):
        work[kind] = homes.after(work[kind])
    work[DueKind.HOME] = homes.drawing(lambda user: draw_home(door, user))
    records.effects.use(work)
    signing = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else "unused"
    app = AsyncApp(client=client, signing_secret=signing)
    listeners.register(app, door)
    watch = _watch(core, web, directory, absences)
    servers = core.deployments.watches(records.store, core.threads, clock=records.clock)
    ticker = Ticker(
        Sweep(records.store, records.effects, clock=records.clock, meter=records.meter),
        Reconcile(records.store, clock=records.clock),
        tick=settings.signoff_tick_seconds,
        seldom=[
            Turn("watch", watch.once, EVERY, first=FIRST),
            *_keeping(settings, records),
            *_servers(servers),
        ],
    )
    door.vitals.use(ticker.sweep, servers)
    metrics, workers = Metrics(core.registry.names(), room=records.effects.room), Workers.here()
    records.meter.add(metrics)
    records.meter.add(workers)
    loop_watch = _loop_watch(records, metrics, workers)
    runtime = Runtime(settings, core, app, web, directory, performer, ticker, watch, metrics, workers, loop_watch)
    if not socket or settings.signoff_http:
        runtime.http = HttpServer(web_app([*_routers(runtime), hooks(servers)]), settings)
    return runtime


def _routers(runtime: Runtime) -> list[APIRouter]:
    """What is served over HTTP: Slack's door only where Slack comes through it."""
    settings, records = runtime.settings, runtime.core.records
    ready = runtime.readiness()
    gate = Gate(records.api_keys, records.feed, records.clock)
    routers = [health(records.store, ready), metrics_router(runtime.metrics, records.survey, ready)]
    routers += [decisions_api(runtime.core, runtime.directory, gate), audit_api(runtime.core, gate)]
    if settings.signoff_slack_mode == "http":
        assert settings.slack_signing_secret is not None  # `build` says so where it is missing
        routers.append(slack_router(runtime.app, settings.slack_signing_secret.get_secret_value()))
    return routers


def _servers(watches: Sequence[ServerWatch]) -> list[Turn]:
    """Looks at the deployments on LangGraph Server."""
    return [Turn(f"server {watch.name}", watch.once, watch.every, first=0) for watch in watches]


def _keeping(settings: Settings, records: Records) -> list[Turn]:
    """What seals the audit, and drops what is archived and old."""
    key = key_of(settings.signoff_seal_key.get_secret_value()) if settings.signoff_seal_key else None
    sealer = Sealer(records.audit, clock=records.clock, key=key)
    retention = Retention(records.audit, clock=records.clock, days=settings.signoff_audit_days)
    return [
        Turn("seal", sealer.once, settings.signoff_seal_seconds),
        Turn("retention", retention.once, RETENTION, first=RETENTION),
    ]


def _callbacks(core: Core) -> Callbacks:
    settings, records = core.settings, core.records
    secret = settings.signoff_callback_secret
    secrets = secrets_of(secret.get_secret_value()) if secret is not None else ()
    outgoing = Outgoing(secrets, Allowed(settings.signoff_callback_hosts))
    return Callbacks(records.approvals, outgoing, described, clock=records.clock, rng=records.rng)


def _loop_watch(records: Records, metrics: Metrics, workers: Workers) -> LoopWatch:
    metrics.nodes.labels("at_work").set_function(lambda: workers.at_work)
    metrics.nodes.labels("hung").set_function(lambda: workers.hung)

    def turned(late: float, share: float) -> None:
        metrics.lag.observe(late)
        if share > BUSY:  # else holding back graphs makes nothing sooner
            records.effects.people.turned(late)

    return LoopWatch(turned=turned, stalled=metrics.stalls.inc)


def _watch(core: Core, web: Slack, directory: Directory, absences: Absences) -> Watch:
    settings, records = core.settings, core.records
    coverage = Coverage(directory, absences, managers=settings.signoff_managers is not None)
    return Watch(coverage, records.book, records.told, web, directory, settings.signoff_admins)


@asynccontextmanager
async def serving(core: Core) -> AsyncGenerator[Runtime]:
    """A runtime that is started, and stopped at the end."""
    runtime = build(core)
    try:
        await runtime.start()
        yield runtime
    finally:
        await runtime.stop()
