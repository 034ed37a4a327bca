"""The file of servers: what is wrong with it is said in one line each, and a key never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.remote.checkup import Version
from agents.remote.client import Server
from agents.remote.config import load_servers
from approvals.errors import ConfigError
from approvals.settings import Settings
from bot.core import utc_now
from bot.doctor import Finding, Level, _servers
from tests.servers.server import LangGraphServer

GOOD = """
servers:
  - name: prod
    url: https://agents.example.com/
    api_key_env: PROD_KEY
    assistants: [refund]
    metadata: {team: finance}
    poll_seconds: 2
    replies: {refund: {approve: "yes", deny: "no"}}
"""


def test_a_server_is_read_with_its_key(tmp_path: Path) -> None:
    """The key comes from the environment, and stands in no text that may be logged."""
    path = tmp_path / "servers.yaml"
    path.write_text(GOOD)
    (server,) = load_servers(path, {"PROD_KEY": "hunter2"})
    assert (server.entry.name, server.entry.url) == ("prod", "https://agents.example.com")
    assert server.key is not None
    assert server.key.get_secret_value() == "hunter2"
    assert server.replies.rule("refund") is not None
    client = Server(server, clock=utc_now)
    assert "hunter2" not in repr(server) + repr(vars(server)) + str(server.entry) + repr(client) + repr(vars(client))


WRONG = {
    "servers:\n  - {name: prod, url: ftp://x}": "servers[0].url: is no address; write https://host or http://host:port",
    "servers:\n  - {name: Prod, url: http://x}": "servers[0].name: write lower-case letters",
    "servers:\n  - {name: prod}": "servers[0].url: Field required",
    "servers:\n  - {name: prod, url: 'http://u:pw@x'}": "must hold no user, password or query",
    "servers:\n  - {name: prod, url: http://x, key: 1}": "servers[0].key: Extra inputs are not permitted",
    "servers:\n  - {name: prod, url: http://x, api_key_env: NOT_THERE}": "NOT_THERE is not set; put the secret",
    "servers:\n  - {name: a, url: http://x}\n  - {name: a, url: http://y}": "servers[1].name: a stands here a second",
    "servers:\n  - {name: a, url: http://x, replies: {g: nonsense}}": "servers[0].replies.g: “nonsense” is no shape",
    "servers:\n  - {name: a, url: http://x, poll_seconds: 0}": "servers[0].poll_seconds: Input should be greater",
    "servers: [1]": "servers[0].it: Input should be",
    "servers: {}": "must be `servers:` with a list of entries",
    "- a": "must be `servers:` with a list of entries",
    "a: [": "servers.yaml:1: not YAML; correct it",
}


@pytest.mark.parametrize("text", WRONG)
def test_mistakes_name_the_place_and_the_remedy(text: str, tmp_path: Path) -> None:
    """One line per finding."""
    path = tmp_path / "servers.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as wrong:
        load_servers(path, {})
    assert WRONG[text] in str(wrong.value)
    assert str(wrong.value).startswith("servers.yaml")
    assert "pw" not in str(wrong.value).replace("password", "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the setting to correct."""
    with pytest.raises(ConfigError, match="SIGNOFF_LANGGRAPH_SERVERS"):
        load_servers(tmp_path / "none.yaml", {})


async def findings(path: Path) -> list[Finding]:
    found = Settings.model_validate({"signoff_langgraph_servers": path})
    return [finding async for finding in _servers(found)]


async def test_doctor_looks_at_each_server(deployed: LangGraphServer, tmp_path: Path) -> None:
    """One that answers, by its version; one that does not, with the remedy."""
    path = tmp_path / "servers.yaml"
    path.write_text(f"servers:\n  - {{name: dev, url: {deployed.url}}}\n  - {{name: gone, url: http://127.0.0.1:1}}\n")
    good, bad = await findings(path)
    assert good.level is Level.OK
    assert good.text.startswith("dev answers: LangGraph Server 0.")
    assert (bad.level, bad.text) == (Level.PROBLEM, "http://127.0.0.1:1: gone: ConnectError")
    assert bad.remedy


@pytest.mark.parametrize(("told", "strict"), [("1.2.22", True), ("1.3.0", True), ("1.2.19", False), ("", False)])
def test_strict_resumes_need_a_version(told: str, strict: bool) -> None:
    """From LangGraph 1.2.20 on."""
    assert Version("0.16.7", told).strict is strict
