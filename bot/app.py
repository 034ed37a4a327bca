"""The composition root: `build` puts Slack, graphs, store and clockwork together into a `Runtime`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

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
from bot.arrival import Arrival
from bot.callbacks import Callbacks, described
from bot.core import Core, Records
from bot.coverage import Coverage
from bot.daily import EVERY as DAILY_EVERY
from bot.daily import Daily
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
from bot.pace import Pace
from bot.patience import Patience, Pause
from bot.readiness import Readiness
from bot.rules import apply_file
from bot.slack import Slack
from bot.socket import PING, Socket
from bot.watch import EVERY, FIRST, Watch
from bot.workers import Workers
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep
from scheduler.ticker import Ticker, Turn

RETENTION = 3600.0
"""Seconds between two looks for events of the audit that may leave Redis."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tempo:
    """How a serving process waits for Slack. `timeout`: seconds for one call; `ping`: seconds between two pings of the
    connection; `pause`: what waits between two tries."""

    timeout: float = slack.TIMEOUT
    ping: float = PING
    pause: Pause = asyncio.sleep


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
    daily: Daily | None = None
    http: HttpServer | None = None
    tempo: Tempo = field(default_factory=Tempo)
    _socket: Socket | None = None
    _arrival: Arrival | None = None

    async def start(self) -> None:
        """Checks the tokens, applies the policy file if it changed, turns the crank once, then lets Slack in. While
        Slack is away all but that is done all the same, and Slack is waited for in the background.

        `ConfigError` for a token that Slack refuses, and for a file with mistakes.
        """
        self.loop_watch.start()
        patience = Patience(self.core.records.rng, self.tempo.pause)
        if self.settings.signoff_slack_mode == "socket":
            self._socket = self._new_socket(patience)
        self._arrival = Arrival(self.slack, self._socket, patience)
        await self._arrival.look()
        await apply_file(self.core.records.book, self.settings)
        await self.ticker.start()
        await self._arrival.start()
        if self.http is not None:
            await self.core.records.feed.start()
            await self.http.start()
        mode = self.settings.signoff_slack_mode
        log.info("serving", action="serve.started", team=self._arrival.team, mode=mode, waiting=self._arrival.why)

    def _new_socket(self, patience: Patience) -> Socket:
        needed(self.settings, "slack_app_token")
        assert self.settings.slack_app_token is not None
        token = self.settings.slack_app_token.get_secret_value()
        clock = self.core.records.clock
        return Socket(self.app, token, self.slack, patience, clock=clock, ping=self.tempo.ping)

    async def refused(self) -> None:
        """Raises `ConfigError` if Slack, once it is there, refuses a token; else it waits for ever."""
        assert self._arrival is not None
        raise await self._arrival.refused

    def readiness(self) -> Readiness:
        """What this process depends on."""
        socket = self.settings.signoff_slack_mode == "socket"
        return Readiness(
            {
                "redis": checks.redis_answers(self.core.records.store),
                "slack": checks.let_in(
                    lambda: self._arrival,
                    checks.socket_stands(lambda: self._socket) if socket else checks.token_is_good(self.slack),
                ),
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
        if self._arrival is not None:
            await self._arrival.stop()
        if self._socket is not None:
            await self._socket.close()
        if self.http is not None:
            await self.core.records.feed.stop()  # whoever waits over HTTP is answered, and does not hold it open
            await self.http.stop()
        await self.ticker.stop()
        self.loop_watch.stop()
        log.info("stopped", action="serve.stopped")


def build(core: Core, tempo: Tempo | None = None) -> Runtime:
    """Puts the process together, in its event loop. Raises `ConfigError` naming the settings that are missing."""
    settings, records, tempo = core.settings, core.records, tempo or Tempo()
    socket = settings.signoff_slack_mode == "socket"
    needed(settings, "slack_bot_token", "slack_app_token" if socket else "slack_signing_secret")
    assert settings.slack_bot_token is not None
    token = settings.slack_bot_token.get_secret_value()
    client = slack.client(token, settings.slack_api_url, records.meter, timeout=tempo.timeout)
    web = Slack(client, Pace(records.pace, steady=settings.signoff_slack_limits))
    managers = Managers(settings.signoff_managers) if settings.signoff_managers else None
    directory = Directory(web, clock=records.clock, managers=managers)
    core.opening.use(directory.zones)
    records.approvals.use(directory.present)
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
    app = AsyncApp(client=slack.client(None, settings.slack_api_url), authorize=_authorized, signing_secret=signing)
    listeners.register(app, door)
    watch = _watch(core, web, directory, absences)
    daily = _daily(core, door)
    servers = core.deployments.watches(records.store, core.threads, clock=records.clock)
    ticker = Ticker(
        Sweep(records.store, records.effects, clock=records.clock, meter=records.meter),
        Reconcile(records.store, clock=records.clock),
        tick=settings.signoff_tick_seconds,
        seldom=[
            Turn("watch", watch.once, EVERY, first=FIRST),
            *_keeping(settings, records),
            *_servers(servers),
            *([Turn("daily", daily.once, DAILY_EVERY, first=0)] if daily is not None else []),
        ],
    )
    door.vitals.use(ticker.sweep, servers)
    metrics, workers = Metrics(core.registry.names(), room=records.effects.room), Workers.here()
    records.meter.add(metrics)
    records.meter.add(workers)
    loop_watch = _loop_watch(records, metrics, workers)
    runtime = Runtime(
        settings, core, app, web, directory, performer, ticker, watch, metrics, workers, loop_watch, daily, tempo=tempo
    )
    if not socket or settings.signoff_http:
        runtime.http = HttpServer(web_app([*_routers(runtime), hooks(servers)]), settings)
    return runtime


async def _authorized(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
    """What Bolt wants before any listener: it would ask auth.test, and while Slack does not answer that, a click would
    be lost without an acknowledgement. Who may do what is asked behind the door; nothing uses Bolt's client."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)


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


def _daily(core: Core, door: Door) -> Daily | None:
    """What tells people of their day, where that is wanted."""
    settings, records = core.settings, core.records
    if settings.signoff_digest is None:
        return None
    return Daily(
        records.daily,
        records.approvals,
        door.waiting,
        door.slack,
        door.directory,
        door.absences,
        door.links,
        at=settings.signoff_digest,
        team_zone=ZoneInfo(settings.signoff_time_zone),
        shown=records.shown,
        clock=records.clock,
    )


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
