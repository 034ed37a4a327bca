"""`signoff doctor` against the local Slack and a real server: each thing that is wrong is found, with what to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.checkpointer import Kind
from approvals.settings import Settings
from approvals.store.embedded import free_port
from approvals.store.redis import connect
from approvals.store.survey import Memory
from bot.core import open_records
from bot.doctor import Finding, Level, examine
from bot.manifest import SCOPES, manifest
from localslack import LocalSlack, Seed

ROOT = Path(__file__).resolve().parent.parent.parent
GRAPHS = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
POLICIES = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance", U0ANA, ana@example.com]
    escalate: [{after: 30m, to: [U0CLEO], channel: "#finance-leads"}]
default: {channel: C0APPROVALS}
"""


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    """With the app that our manifest makes."""
    async with LocalSlack(Seed.default().with_manifest(manifest())) as running:
        yield running
        assert running.problems == []


def settings(slack: LocalSlack, url: str, folder: Path, **over: Any) -> Settings:
    """As somebody would set them up who did everything right."""
    rules = folder / "policies.yaml"
    if not rules.is_file():
        rules.write_text(POLICIES)
    given = {
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "redis_url": url,
        "signoff_policies": rules,
        "signoff_config": ROOT / "langgraph.json",
    }
    return Settings.model_validate(given | over)


async def report(asked: Settings) -> list[Finding]:
    return [finding async for finding in examine(asked)]


def problems(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level is Level.PROBLEM]


@pytest.mark.both_servers
async def test_where_all_is_well_nothing_is_a_problem(
    slack: LocalSlack, redis_url: str, tmp_path: Path, saver_kind: str
) -> None:
    """Each part is looked at, and each graph; who keeps paused threads is said; a server that forgets is a warning."""
    found = await report(settings(slack, redis_url, tmp_path))
    assert problems(found) == []
    assert Kind(saver_kind).library in found[0].text
    assert {finding.check for finding in found} == {"redis", "graphs", "policies", "slack"}
    loaded = {finding.text for finding in found if finding.check == "graphs"}
    assert loaded == {f"{name} loads" for name in GRAPHS}
    (warning,) = [finding for finding in found if finding.level is Level.WARNING]
    assert (warning.check, warning.remedy) == ("redis", "set appendonly yes")


async def test_looking_changes_nothing(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """No message is posted, nothing is opened for anybody."""
    await report(settings(slack, redis_url, tmp_path))
    changing = ("chat.postMessage", "chat.update", "conversations.open", "views.open", "views.publish")
    assert [call.name for call in slack.calls() if call.name in changing] == []


@pytest.mark.parametrize("scope", ["usergroups:read", "commands"])
async def test_a_scope_that_is_missing_is_named_with_its_use(redis_url: str, tmp_path: Path, scope: str) -> None:
    """Also where no check would have failed for want of it."""
    seed = Seed.default().with_manifest(manifest())
    seed = replace(seed, app=replace(seed.app, scopes=tuple(one for one in SCOPES if one != scope)))
    async with LocalSlack(seed) as slack:
        found = problems(await report(settings(slack, redis_url, tmp_path)))
    missing = next(finding for finding in found if "scopes are missing" in finding.text)
    assert f"{scope} ({SCOPES[scope]})" in missing.text
    assert missing.remedy


async def test_a_wrong_bot_token_is_named_and_the_rest_is_checked(
    slack: LocalSlack, redis_url: str, tmp_path: Path
) -> None:
    """One finding, which names the variable and not the token."""
    found = await report(settings(slack, redis_url, tmp_path, slack_bot_token="xoxb-wrong"))
    (problem,) = problems(found)
    assert (problem.check, "SLACK_BOT_TOKEN" in problem.text) == ("slack", True)
    assert "xoxb-wrong" not in problem.text
    assert "graphs" in {finding.check for finding in found}


async def test_a_wrong_app_token_is_named(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """It is another token than the bot's; who is asked is checked all the same."""
    found = await report(settings(slack, redis_url, tmp_path, slack_app_token="xapp-wrong"))
    (problem,) = problems(found)
    assert "SLACK_APP_TOKEN" in problem.text
    assert any("@finance" in finding.text for finding in found)


async def test_missing_tokens_are_named_with_where_to_get_them(
    slack: LocalSlack, redis_url: str, tmp_path: Path
) -> None:
    """By mode: an app token for Socket Mode, a signing secret for HTTP."""
    for over, name in (
        ({"slack_bot_token": None}, "SLACK_BOT_TOKEN"),
        ({"slack_app_token": None}, "SLACK_APP_TOKEN"),
        ({"signoff_slack_mode": "http", "slack_signing_secret": None}, "SLACK_SIGNING_SECRET"),
    ):
        (problem,) = problems(await report(settings(slack, redis_url, tmp_path, **over)))
        assert name in problem.text
        assert problem.remedy
    http = {"signoff_slack_mode": "http", "slack_app_token": None}
    assert problems(await report(settings(slack, redis_url, tmp_path, **http))) == []


async def test_whoever_a_policy_names_must_exist(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """A channel, a group, an address and a person that Slack does not know; a channel without the bot."""
    (tmp_path / "policies.yaml").write_text(
        'version: 1\ndefault: {channel: "#nowhere", who: ["@nobody", x@example.com, U0NOBODY]}\n'
        "policies:\n  - {name: other, channel: C0GENERAL, who: [U0ANA]}\n"
    )
    found = problems(await report(settings(slack, redis_url, tmp_path)))
    for name in ("#nowhere", "@nobody", "x@example.com", "U0NOBODY", "C0GENERAL"):
        assert [finding for finding in found if name in finding.text], name
    assert {finding.check for finding in found} == {"policies"}


async def test_somebody_who_cannot_decide_is_no_approver(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """A deactivated account and a guest, named by id: nobody could click."""
    (tmp_path / "policies.yaml").write_text('version: 1\ndefault: {channel: "#approvals", who: [U0DEE, U0GUS]}\n')
    found = problems(await report(settings(slack, redis_url, tmp_path)))
    assert sorted(name for name in ("U0DEE", "U0GUS") for one in found if name in one.text) == ["U0DEE", "U0GUS"]


async def test_managers_are_looked_for_where_a_policy_names_them(
    slack: LocalSlack, redis_url: str, tmp_path: Path
) -> None:
    """Without the setting, with a broken file, and with a good one."""
    (tmp_path / "policies.yaml").write_text('version: 1\ndefault: {channel: "#approvals", who: [manager]}\n')
    (missing,) = problems(await report(settings(slack, redis_url, tmp_path)))
    assert "SIGNOFF_MANAGERS" in missing.text
    path = tmp_path / "managers.yaml"
    path.write_text("U0ANA: nobody\n")
    found = problems(await report(settings(slack, redis_url, tmp_path, signoff_managers=path)))
    assert "managers.yaml:1: U0ANA" in found[0].text
    path.write_text("U0ANA: U0CLEO\n")
    found = await report(settings(slack, redis_url, tmp_path, signoff_managers=path))
    assert problems(found) == []
    assert any("managers.yaml: managers for 1" in finding.text for finding in found)


async def test_what_is_wrong_outside_slack_is_found_too(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """No server, a graph that does not load, a broken policy file: all of them in one report."""
    graphs = tmp_path / "langgraph.json"
    graphs.write_text('{"dependencies": ["."], "graphs": {"a": "./nowhere.py:graph"}}')
    (tmp_path / "policies.yaml").write_text("version: 1\n")
    away = f"redis://127.0.0.1:{free_port()}/0"
    found = problems(await report(settings(slack, away, tmp_path, signoff_config=graphs)))
    assert {finding.check for finding in found} >= {"redis", "graphs", "policies"}
    assert all(finding.text for finding in found)


async def test_a_slack_that_is_away_is_a_finding(redis_url: str, tmp_path: Path, slack: LocalSlack) -> None:
    """Never an exception."""
    asked = settings(slack, redis_url, tmp_path, slack_api_url=f"http://127.0.0.1:{free_port()}/api/")
    (problem,) = problems(await report(asked))
    assert problem.check == "slack"


@pytest.mark.parametrize("saver_kind", ["valkey"])
async def test_threads_that_another_saver_keeps_are_a_problem(
    slack: LocalSlack, redis_url: str, tmp_path: Path
) -> None:
    """The server had RedisJSON and RediSearch when they paused. Looking does not change what is remembered."""
    redis: Any = connect(redis_url)
    await redis.zadd("{signoff}:index:threads", {"t": 1})
    await redis.zadd("{signoff}:index:all", {"A1": 1})
    found = problems(await report(settings(slack, redis_url, tmp_path)))
    assert [(finding.check, "AsyncRedisSaver" in finding.text) for finding in found] == [("redis", True)]
    assert not await redis.exists("{signoff}:checkpointer")
    await redis.aclose()
    await redis.connection_pool.aclose()


async def test_the_key_of_the_seals_is_tried_and_its_public_half_told(redis_url: str) -> None:
    """A key that is none is named by its setting, without its value; without a key there is nothing to say."""
    for value, level, text in (
        ("A" * 43 + "=", Level.OK, "public key"),
        ("hunter2", Level.PROBLEM, "SIGNOFF_SEAL_KEY"),
        (None, None, ""),
    ):
        settings = Settings.model_validate({"redis_url": redis_url, "signoff_seal_key": value})
        found = [one async for one in examine(settings) if one.check == "audit"]
        assert [one.level for one in found] == ([level] if level else [])
        assert all(text in one.text and "hunter2" not in one.text for one in found)


async def test_the_secret_of_callbacks_is_tried(redis_url: str) -> None:
    """One that signs nothing is named by its setting, without its value; without a secret there is nothing to say."""
    good = "whsec_" + "QUJD" * 8
    for value, level, text in (
        (good, Level.OK, "callbacks are signed"),
        (f"{good},{good}", Level.OK, "with 2 secrets"),
        ("hunter2", Level.PROBLEM, "SIGNOFF_CALLBACK_SECRET: at least 24 bytes"),
        ("whsec_hunter2", Level.PROBLEM, "SIGNOFF_CALLBACK_SECRET: what follows whsec_ is not base64"),
        (None, None, ""),
    ):
        settings = Settings.model_validate({"redis_url": redis_url, "signoff_callback_secret": value})
        found = [one async for one in examine(settings) if one.check == "callbacks"]
        assert [one.level for one in found] == ([level] if level else [])
        assert all(text in one.text and "hunter2" not in one.text for one in found)


async def test_a_server_that_is_nearly_full(
    slack: LocalSlack, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before it takes no more decisions; a disk that fails is a problem at once."""

    async def told(_: object) -> Memory:
        return Memory(900, 1000, failing=True)

    monkeypatch.setattr("bot.doctor.memory_of", told)
    found = {finding.text: finding.level for finding in await report(settings(slack, redis_url, tmp_path))}
    assert found["90% of maxmemory is used: a full server takes no decisions"] is Level.WARNING
    assert found["the server's last write to disk failed"] is Level.PROBLEM


async def test_a_policy_file_that_is_behind_is_a_warning(slack: LocalSlack, redis_url: str, tmp_path: Path) -> None:
    """Its text counted once and was replaced: a start leaves it alone, and the finding says how to go back."""
    asked = settings(slack, redis_url, tmp_path)
    old = (tmp_path / "policies.yaml").read_text()
    async with open_records(asked) as records:
        await records.book.apply(old, "policies.yaml")
        await records.book.apply(old + "# newer\n", "policies.yaml")
    found = [one for one in await report(asked) if one.check == "policies"]
    assert [one.level for one in found[:2]] == [Level.OK, Level.WARNING]
    assert found[0].text.startswith("version 2")
    assert "says what version 1 said" in found[1].text
    assert "signoff policy rollback 1" in found[1].remedy
