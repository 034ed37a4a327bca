"""`signoff doctor`: looks at everything that must be right, and says what to do about each finding."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum

from slack_sdk.web.async_client import AsyncWebClient

from agents.checkpointer import Kind, choose
from agents.registry import Registry
from agents.remote.checkup import version
from agents.remote.deployments import open_deployments
from approvals import managers, policies
from approvals.audit.signing import key_of
from approvals.book import NOBODY, Replaced
from approvals.errors import ConfigError, SignoffError
from approvals.model import Standing
from approvals.policy import MANAGER, Policy, PolicySet
from approvals.settings import Settings
from approvals.store.redis import connect, facts
from approvals.store.survey import memory_of
from bot import slack
from bot.core import open_records, utc_now
from bot.directory import Directory
from bot.manifest import SCOPES
from bot.outgoing import secrets_of
from bot.rules import replaced
from bot.slack import Slack

PEOPLE = 20
"""Members of one audience entry that are looked up at the most: Slack counts calls."""

FULL = 0.8
"""The part of maxmemory from which on a server is nearly full."""


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `remedy` says what to do, empty when there is nothing to do."""

    check: str
    level: Level
    text: str
    remedy: str = ""


async def examine(settings: Settings) -> AsyncGenerator[Finding]:
    """Every check, in the order in which to mend things. Never raises: a check that cannot be made is a finding."""
    checks: tuple[tuple[str, Callable[[Settings], AsyncGenerator[Finding]]], ...] = (
        ("redis", _redis),
        ("graphs", _graphs),
        ("servers", _servers),
        ("policies", _policies),
        ("audit", _audit),
        ("callbacks", _callbacks),
        ("slack", _slack),
    )
    for name, check in checks:
        try:
            async for finding in check(settings):
                yield finding
        except SignoffError as wrong:
            yield Finding(name, Level.PROBLEM, str(wrong))


async def _redis(settings: Settings) -> AsyncGenerator[Finding]:
    url, wanted = settings.redis_url.get_secret_value(), settings.signoff_checkpointer
    async with open_records(settings) as records:
        kind = await choose(url, wanted=wanted, kept=records.kept)
    keeps = "RedisJSON and RediSearch" if kind is Kind.REDIS else "plain keys"
    yield Finding("redis", Level.OK, f"the server answers; {kind.library} keeps paused threads there, in {keeps}")
    async for finding in _redis_keeps(settings):
        yield finding


async def _redis_keeps(settings: Settings) -> AsyncGenerator[Finding]:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        found, memory = await facts(redis), await memory_of(redis)
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()
    if found.policy != "noeviction":
        yield Finding(
            "redis",
            Level.WARNING,
            f"maxmemory-policy is {found.policy}: a full server would drop approvals and paused threads",
            "set maxmemory-policy noeviction",
        )
    if not found.durable:
        yield Finding(
            "redis",
            Level.WARNING,
            "appendonly is off: a restart of the server loses what came after the last snapshot",
            "set appendonly yes",
        )
    if memory is not None and memory.limit and memory.used > FULL * memory.limit:
        yield Finding(
            "redis",
            Level.WARNING,
            f"{memory.used / memory.limit:.0%} of maxmemory is used: a full server takes no decisions",
            "raise maxmemory",
        )
    if memory is not None and memory.failing:
        yield Finding("redis", Level.PROBLEM, "the server's last write to disk failed", "look at its log and its disk")


async def _graphs(settings: Settings) -> AsyncGenerator[Finding]:
    registry = Registry.load(settings.signoff_config, None)
    for name in registry.names():
        try:
            await registry.graph(name)
        except SignoffError as wrong:
            yield Finding("graphs", Level.PROBLEM, f"{name}: {wrong}")
        else:
            yield Finding("graphs", Level.OK, f"{name} loads")
    await registry.aclose()


async def _servers(settings: Settings) -> AsyncGenerator[Finding]:
    async with open_deployments(settings.signoff_langgraph_servers, clock=utc_now) as deployments:
        for server in deployments.servers.values():
            try:
                known = await version(server)
            except SignoffError as wrong:
                yield Finding("servers", Level.PROBLEM, str(wrong), "start it, or correct its url and key")
                continue
            if known.strict:
                yield Finding("servers", Level.OK, f"{server.name} answers: {known}")
            else:
                what = f"{server.name} runs {known}: it does not refuse an answer to a question that is gone"
                yield Finding("servers", Level.WARNING, what, "deploy it with langgraph 1.2.20 or later")


async def _policies(settings: Settings) -> AsyncGenerator[Finding]:
    rules, where, behind = await _after_start(settings)
    yield Finding("policies", Level.OK, f"{where}: {len(rules.policies)} rules and the default")
    if behind is not None and (path := settings.signoff_policies):
        what = f"{path} says what version {behind.earlier} said: a start does not bring it back"
        yield Finding("policies", Level.WARNING, what, replaced(path, behind))
    if path := settings.signoff_managers:
        yield Finding("policies", Level.OK, f"{path}: managers for {len(managers.load(path))}")


async def _audit(settings: Settings) -> AsyncGenerator[Finding]:
    if settings.signoff_seal_key is not None:
        key = key_of(settings.signoff_seal_key.get_secret_value())
        yield Finding("audit", Level.OK, f"seals are signed; the public key is {key.public}")


async def _callbacks(settings: Settings) -> AsyncGenerator[Finding]:
    if settings.signoff_callback_secret is not None:
        count = len(secrets_of(settings.signoff_callback_secret.get_secret_value()))
        signed = "callbacks are signed" + (f" with {count} secrets, the newest first" if count > 1 else "")
        yield Finding("callbacks", Level.OK, signed)


def _managers(settings: Settings) -> managers.Managers | None:
    """What is wrong with the file was found with the policies."""
    try:
        return managers.Managers(settings.signoff_managers) if settings.signoff_managers else None
    except ConfigError:
        return None


async def _after_start(settings: Settings) -> tuple[PolicySet, str, Replaced | None]:
    """What counts once a process has started with these settings, where it stands, and whether the file is behind.
    Changes nothing.

    Raises `ConfigError` for a file with mistakes, and where there are none. A server that is away is passed over.
    """
    path, channel = settings.signoff_policies, settings.signoff_channel
    text = None if path is None else policies.text_of(path)
    async with AsyncExitStack() as stack:
        try:
            records = await stack.enter_async_context(open_records(settings))
        except ConfigError:
            records = None
        known = records is not None and (text is None or await records.book.knows(text))
        behind = None if records is None or text is None or known else await records.book.replaced(text)
        if records is not None and (known or behind):
            rules, number = await records.book.current()
            return rules, f"version {number}" if number else "SIGNOFF_CHANNEL", behind
    if path is not None:
        return policies.load(path, fallback_channel=channel), str(path), None
    if channel is None:
        raise ConfigError(NOBODY)
    return policies.without_file(channel), "SIGNOFF_CHANNEL", None


async def _slack(settings: Settings) -> AsyncGenerator[Finding]:
    if settings.slack_bot_token is None:
        yield Finding("slack", Level.PROBLEM, "SLACK_BOT_TOKEN is not set", "create the app: signoff manifest")
        return
    web = Slack(slack.client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    identity, headers = await web.whoami()
    yield Finding("slack", Level.OK, f"the bot token belongs to {identity.get('user')} in {identity.get('team')}")
    scopes = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    if missing := [scope for scope in SCOPES if scope not in scopes]:
        why = "; ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        yield Finding("slack", Level.PROBLEM, f"scopes are missing: {why}", "add them and reinstall the app")
    else:
        yield Finding("slack", Level.OK, "all scopes are there")
    async for finding in _way_in(settings):
        yield finding
    directory = Directory(web, clock=utc_now, managers=_managers(settings))
    async for finding in _audiences(settings, directory, str(identity.get("user_id"))):
        yield finding


async def _way_in(settings: Settings) -> AsyncGenerator[Finding]:
    if settings.signoff_slack_mode == "http":
        if settings.slack_signing_secret is None:
            yield Finding(
                "slack",
                Level.PROBLEM,
                "SLACK_SIGNING_SECRET is not set, and http mode needs it",
                "copy it from Basic Information",
            )
        return
    if settings.slack_app_token is None:
        yield Finding(
            "slack",
            Level.PROBLEM,
            "SLACK_APP_TOKEN is not set, and socket mode needs it",
            "create an app-level token with connections:write under Basic Information",
        )
        return
    app = Slack(AsyncWebClient(base_url=settings.slack_api_url, timeout=slack.TIMEOUT, retry_handlers=[]))
    try:
        await app.open_connection(settings.slack_app_token.get_secret_value())
    except SignoffError as wrong:
        yield Finding("slack", Level.PROBLEM, str(wrong))
    else:
        yield Finding("slack", Level.OK, "the app token opens a connection")


async def _audiences(settings: Settings, directory: Directory, bot: str) -> AsyncGenerator[Finding]:
    rules, *_ = await _after_start(settings)
    for policy in (*rules.policies, rules.default):
        for what, entry, look in _entries(policy, directory, bot):
            yield await _reach(f"{policy.name}: {what} {entry}", look(entry))


Look = Callable[[str], Awaitable[str]]
"""Says what is wrong with an audience entry; nothing where it is as it must be."""


def _entries(policy: Policy, directory: Directory, bot: str) -> list[tuple[str, str, Look]]:
    async def people(entry: str) -> str:
        if entry == MANAGER:
            return "" if directory.knows_managers else "is found through SIGNOFF_MANAGERS, which is not set"
        members = await directory.members(entry)
        # Who is named must be able to decide; of a group or a channel, somebody.
        standings = [await directory.standing(member, None) for member in members[:PEOPLE]]
        if not members:
            return "has nobody in it"
        if Standing.MEMBER not in standings:
            return f"cannot decide: {', '.join(sorted(set(standings)))}"
        return ""

    async def place(entry: str) -> str:
        members = await directory.members(await directory.channel(entry))
        return "" if bot in members else "is a channel that the bot is not in: invite it there"

    found: list[tuple[str, str, Look]] = [("posts to", policy.channel, place)]
    found += [("asks", entry, people) for entry in policy.audience(len(policy.escalate))]
    found += [("escalates to", step.channel, place) for step in policy.escalate if step.channel]
    return found


async def _reach(what: str, look: Awaitable[str]) -> Finding:
    try:
        wrong = await look
    except SignoffError as refused:
        return Finding("policies", Level.PROBLEM, f"{what}: {refused}")
    if wrong:
        return Finding("policies", Level.PROBLEM, f"{what} {wrong}", "correct the policy, or Slack")
    return Finding("policies", Level.OK, what)
