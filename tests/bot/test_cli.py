"""The command line as others script it: exit statuses, one document on stdout, errors that name the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from approvals.store.embedded import EmbeddedServer, free_port
from bot.manifest import manifest
from tests.bot.conftest import Run


def refund(run: Run, *args: str) -> dict[str, Any]:
    """A refund that waits for people."""
    ran = run("run", "refund", "--input", '{"customer": "8821", "amount": 340.0}', "--json", *args)
    assert ran.status == 0, ran.err
    return json.loads(ran.out)


def test_a_run_is_one_document_and_the_decision_goes_on_with_it(run: Run) -> None:
    """The whole way without Slack: run, list, show, decide, audit."""
    started = refund(run, "--thread", "mine")
    assert (started["thread_id"], started["status"]) == ("mine", "waiting")
    (approval,) = started["approvals"]
    assert [one["id"] for one in json.loads(run("list", "--json").out)] == [approval["id"]]
    assert json.loads(run("list", "--graph", "question", "--json").out) == []
    decided = json.loads(run("decide", approval["id"], "deny", "--as", "ops", "--reason", "No.", "--json").out)
    assert (decided["status"], decided["resolution"], decided["outcome"]["text"]) == (
        "resumed",
        "denied",
        "No refund: No.",
    )
    assert json.loads(run("list", "--json").out) == []
    assert [one["id"] for one in json.loads(run("list", "--all", "--json").out)] == [approval["id"]]
    assert json.loads(run("show", approval["id"], "--json").out) == decided
    types = [json.loads(line)["type"] for line in run("audit", "--json").out.splitlines()]
    assert types[0] == "registered"
    assert {"opened", "decided", "resolved", "resuming", "resumed", "finished"} <= set(types)


def test_without_json_people_read_tables(run: Run) -> None:
    """The same commands, for people; what an agent says is never taken for markup."""
    assert "Nothing waits for a decision." in run("list").out
    (approval,) = refund(run)["approvals"]
    assert approval["id"] in run("list").out
    assert "8821" in run("show", approval["id"]).out
    assert "opened" in run("audit", "--approval", approval["id"]).out


def test_a_decision_may_leave_the_graph_to_a_serving_process(run: Run) -> None:
    """`--leave` writes the decision down and nothing else."""
    (approval,) = refund(run)["approvals"]
    left = run("decide", approval["id"], "approve", "--as", "ops", "--leave", "--json")
    assert json.loads(left.out)["status"] == "resolved"


def test_expected_refusals_end_with_1(run: Run) -> None:
    """Unknown ids, what is decided, one's own request, a thread that exists, an answer that is not offered."""
    (approval,) = refund(run, "--requester", "U0ANA", "--thread", "mine")["approvals"]
    unknown = "AAAAAAAAAAAAAAAA"
    ids = (approval["id"], "approve", "--as")
    refused = [
        run("show", unknown, "--json"),
        run("decide", unknown, "approve", "--as", "ops", "--json"),
        run("decide", *ids, "U0ANA", "--json"),
        run("decide", approval["id"], "respond", "--as", "ops", "--text", "hm", "--json"),
        run("decide", *ids, "ops", "--action", "7", "--json"),
        run("run", "refund", "--input", '{"customer": "1", "amount": 1.0}', "--thread", "mine", "--json"),
    ]
    assert run("decide", *ids, "ops", "--json").status == 0
    refused.append(run("decide", *ids, "ops", "--json"))
    for ran in refused:
        assert (ran.status, ran.out) == (1, ""), ran
        assert ran.err.strip().splitlines()[-1].startswith("signoff: ")


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown graph": (("run", "nothing"), "(known: refund"),
    "input is not JSON": (("run", "refund", "--input", "{oops"), "--input is not JSON"),
    "input is more than JSON": (("run", "refund", "--input", '{"amount": NaN}'), "NaN is not a value in JSON"),
    "input is half a character": (("run", "refund", "--input", '{"customer": "\\ud800"}'), "half of a character"),
    "input is too deep": (("run", "refund", "--input", "[" * 5000), "too deeply"),
    "edit without args": (("decide", "A", "edit", "--as", "ops"), "--args"),
    "args is not an object": (("decide", "A", "edit", "--as", "ops", "--args", "[1]"), "object"),
    "args is not JSON": (("decide", "A", "edit", "--as", "ops", "--args", "x"), "--args is not JSON"),
    "no such decision": (("decide", "A", "maybe", "--as", "ops"), "maybe"),
    "nobody decides": (("decide", "A", "approve"), "--as"),
    "no such command": (("frobnicate",), "frobnicate"),
    "no such env file": (("list", "--env-file", "nowhere.env"), "nowhere.env"),
    "negative offset": (("list", "--offset", "-1"), "--offset"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_ends_with_2_and_names_what_is_wrong(run: Run, name: str) -> None:
    """Nothing on stdout."""
    args, said = USAGE[name]
    ran = run(*args, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_broken_graph_file_is_named_with_line_key_and_remedy(run: Run, tmp_path: Path) -> None:
    """Not JSON, a graph without its file, a graph that is no graph, no file at all."""
    file = tmp_path / "langgraph.json"
    (tmp_path / "broken.py").write_text("graph = 3\n")
    for text, said in (
        ('{\n"graphs": {,}}', f"{file}:2"),
        ('{"dependencies": ["."],\n"graphs": {\n"a": "./nowhere.py:graph"}}', f"{file}:3: graphs.a"),
        ('{"dependencies": ["."],\n"graphs": {"a": "./broken.py:graph"}}', f"{file}:2: graphs.a"),
        ('{"dependencies": ["."],\n"graphs": {"a": "./broken.py:other"}}', f"{file}:2: graphs.a"),
    ):
        file.write_text(text)
        ran = run("run", "a", "--config", str(file), "--json")
        assert (ran.status, ran.out) == (2, ""), ran
        assert said in ran.err
    file.unlink()
    assert f"{file}: no such file" in run("run", "a", "--config", str(file)).err


def test_a_broken_policy_file_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    """Every finding at once; and neither a file nor a channel is a finding too."""
    rules = tmp_path / "policies.yaml"
    rules.write_text('version: 1\ndefault:\n  chanel: "#x"\n  remind: [soon]\n')
    ran = run("run", "refund", SIGNOFF_POLICIES=str(rules))
    assert ran.status == 2
    assert "policies.yaml:3: default.chanel" in ran.err
    assert "policies.yaml:4: default.remind[0]" in ran.err
    nobody = run("run", "refund", SIGNOFF_POLICIES="", SIGNOFF_CHANNEL="")
    assert (nobody.status, "SIGNOFF_CHANNEL" in nobody.err) == (2, True)


def test_a_server_that_is_not_there_or_lacks_modules_is_named(run: Run, plain_server: EmbeddedServer) -> None:
    """Unreachable, unreadable as a URL, and a plain server whose modules are insisted on: `list` works there."""
    away = run("list", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert (away.status, "REDIS_URL" in away.err) == (2, True)
    assert (run("list", REDIS_URL="http://x").status, run("run", "refund", REDIS_URL="http://x").status) == (2, 2)
    url = plain_server.url
    assert run("list", "--json", REDIS_URL=url).out.strip() == "[]"
    ran = run("run", "refund", REDIS_URL=url, SIGNOFF_CHECKPOINTER="redis")
    assert ran.status == 2
    assert "JSON.SET" in ran.err
    assert "Redis 8" in ran.err


@pytest.mark.parametrize("missing", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_serving_needs_tokens_and_says_which(run: Run, missing: str) -> None:
    """Before anything is connected."""
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"} | {missing: ""}
    ran = run("serve", **tokens)
    assert (ran.status, missing in ran.err) == (2, True)
    assert "signoff demo" in ran.err


def test_wrong_settings_are_all_named_and_never_shown(run: Run) -> None:
    """Each variable by name, no value: it may be a secret."""
    ran = run("list", SIGNOFF_ATTEMPTS="many", SIGNOFF_TICK_SECONDS="-1")
    assert ran.status == 2
    assert "SIGNOFF_ATTEMPTS" in ran.err
    assert "SIGNOFF_TICK_SECONDS" in ran.err
    assert "many" not in ran.err


def test_the_input_may_come_from_stdin_and_from_a_file_of_settings(run: Run, tmp_path: Path) -> None:
    """`--input -`; `.env` beside the process."""
    (tmp_path / ".env").write_text("SIGNOFF_NAMESPACE=elsewhere\n")
    ran = run("run", "question", "--input", "-", "--json", given='{"city": "Oslo"}')
    assert json.loads(ran.out)["values"] == {"city": "Oslo"}
    (tmp_path / ".env").unlink()
    assert json.loads(run("list", "--json").out) == []


def test_the_manifest_is_one_document(run: Run) -> None:
    """To be pasted as it is."""
    assert json.loads(run("manifest").out) == manifest()
    url = "https://signoff.example.com/slack/events"
    assert json.loads(run("manifest", "--request-url", url).out) == manifest(request_url=url)


def test_help_needs_nothing(run: Run) -> None:
    """Every command explains itself."""
    for command in ("serve", "demo", "run", "list", "show", "decide", "audit", "doctor", "manifest"):
        ran = run(command, "--help")
        assert (ran.status, "Usage" in ran.out) == (0, True)
