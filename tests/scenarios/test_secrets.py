"""A secret argument: nobody reads it in Slack, in the audit, at the prompt or in a log; the graph gets it."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from approvals.model import Resolution, Status
from approvals.redact import MASK
from bot import cli, logs
from tests.scenarios.conftest import ANA, CHANNEL, CLEO, Desk, House, all_text

SECRET, OTHER = "hunter2-sesame", "better-sesame"
VAULT = '''
"""Logs in with what it was given, and writes down what that was."""
import json
from pathlib import Path
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Login(TypedDict, total=False):
    fails: bool
    result: str


def log_in(state):
    args = {"user": "ana", "password": "hunter2-sesame", "url": "https://ana:hunter2-sesame@vault", "tries": 1}
    question = {"action": "log_in", "args": args, "description": f"Log in as {args}?"}
    answer = interrupt(question)
    with (Path(__file__).parent / "given").open("a") as file:
        file.write(json.dumps(answer) + "\\n")
    if state.get("fails"):
        raise RuntimeError("the vault refuses " + answer["args"]["password"])
    return {"result": "Logged in with " + answer["args"]["password"]}


graph = StateGraph(Login).add_node("log_in", log_in).add_edge(START, "log_in").add_edge("log_in", END).compile()
'''


@pytest.fixture
async def vault(house: House) -> Desk:
    """One replica with that graph, whose first failure is its last."""
    (house.folder / "vault.py").write_text(VAULT)
    graphs = house.folder / "langgraph.json"
    graphs.write_text('{"dependencies": ["."], "graphs": {"vault": "./vault.py:graph"}}')
    return await house.desk(signoff_config=graphs, signoff_attempts=1)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """What is logged, as JSON."""
    logs.configure("json")
    return capsys


def given(house: House) -> list[dict[str, object]]:
    """What the graph was resumed with."""
    return [json.loads(line) for line in (house.folder / "given").read_text().splitlines()]


def wire(desk: Desk) -> str:
    """Everything that Slack was ever sent, and shows."""
    return repr([(call.args, call.answer) for call in desk.slack.calls()]) + repr(desk.slack._core.journal.entries)


async def nowhere(desk: Desk, capsys: pytest.CaptureFixture[str], *secrets: str) -> None:
    """Neither on the wire to Slack, nor in the audit as it is kept, nor in a log line."""
    events = await desk.core.records.approvals.audit()
    written = capsys.readouterr().err
    assert '"action": "approval.opened"' in written
    for secret in secrets:
        assert secret not in wire(desk)
        assert secret not in repr(events)
        assert secret not in written


async def test_a_secret_is_read_by_nobody_and_given_to_the_graph(
    house: House, vault: Desk, lines: pytest.CaptureFixture[str]
) -> None:
    """Card, full view, list, details, the edit form, report, audit, log; the untouched value reaches the graph."""
    card = await vault.ask("vault", {})
    assert MASK in vault.text(card.ts)
    assert "hides what may be a secret" in vault.text(card.ts)
    approval = await vault.only()
    await vault.slack.slash(CLEO, CHANNEL, f"/approvals show {approval.id}")
    assert MASK in await vault.told(CLEO)
    await vault.slack.slash(CLEO, CHANNEL, "/approvals all")
    await vault.slack.click(CLEO, CHANNEL, card.ts, "review") if "review" in vault.buttons(card.ts) else None
    await vault.slack.open_home(ANA)
    await vault.slack.click(ANA, CHANNEL, card.ts, "edit")
    view = await vault.modal(ANA)
    assert "leave it and the agent gets the real one" in all_text(view.blocks)
    assert (await vault.slack.submit(ANA, view.id, {"arg:3": "2"})).ok
    assert f"Logged in with {MASK}" in await vault.report(card.ts)
    assert (await vault.resumed(card.ts)).resolution is Resolution.EDITED
    (answer,) = given(house)
    assert answer["args"] == {
        "user": "ana",
        "password": SECRET,
        "url": f"https://ana:{SECRET}@vault",
        "tries": 2,
    }
    await nowhere(vault, lines, SECRET)


async def test_a_secret_is_replaced_in_the_form_but_never_by_its_mask(
    house: House, vault: Desk, lines: pytest.CaptureFixture[str]
) -> None:
    """Half of one is refused beside its input; a new one is given to the graph, and the card says only that."""
    card = await vault.ask("vault", {})
    await vault.slack.click(ANA, CHANNEL, card.ts, "edit")
    view = await vault.modal(ANA)
    refused = await vault.slack.submit(ANA, view.id, {"arg:2": f"https://ben:{MASK}@vault"})
    assert "Leave all of it as it is" in refused.errors["arg:2"]
    assert (await vault.slack.submit(ANA, view.id, {"arg:1": OTHER, "arg:2": "https://vault"})).ok
    await vault.resumed(card.ts)
    await vault.until(lambda: True if f"{MASK} (changed)" in vault.text(card.ts) else None)
    (answer,) = given(house)
    assert answer["args"] == {"user": "ana", "password": OTHER, "url": "https://vault", "tries": 1}
    await nowhere(vault, lines, SECRET)
    view_typed = [call for call in vault.slack.calls() if OTHER in repr(call.args)]
    assert view_typed == [], "what was typed is not sent back"


async def test_a_graph_that_fails_with_a_secret_in_its_words(vault: Desk, lines: pytest.CaptureFixture[str]) -> None:
    """The error is shown and logged without it."""
    card = await vault.ask("vault", {"fails": True})
    await vault.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert f"the vault refuses {MASK}" in await vault.report(card.ts)
    assert (await vault.only()).status is Status.FAILED
    await vault.core.records.effects.drain()
    await nowhere(vault, lines, SECRET)


async def test_the_prompt_shows_no_secret_and_takes_no_mask(
    house: House, vault: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`show`, `list`, `audit`, `explain` hide it; `decide edit` with what was shown keeps it."""
    await vault.ask("vault", {})
    approval = await vault.only()
    monkeypatch.chdir(house.folder)
    for name, value in {
        "REDIS_URL": house.redis_url,
        "SIGNOFF_POLICIES": str(house.folder / "policies.yaml"),
        "SIGNOFF_CONFIG": "langgraph.json",
    }.items():
        monkeypatch.setenv(name, value)

    async def signoff(*args: str) -> tuple[int, str, str]:
        def run() -> int:
            with pytest.raises(SystemExit) as ended:
                cli.main()
            return int(ended.value.code or 0)

        monkeypatch.setattr(sys, "argv", ["signoff", *args])
        capsys.readouterr()
        status = await asyncio.to_thread(run)
        told = capsys.readouterr()
        return status, told.out, told.err

    shown = await signoff("show", approval.id, "--json")
    said = [
        shown,
        await signoff("show", approval.id),
        await signoff("list", "--json"),
        await signoff("explain", approval.id),
    ]
    args = json.loads(shown[1])["actions"][0]["args"]
    wrong = await signoff("decide", approval.id, "edit", "--as", "ops", "--args", json.dumps({**args, "user": MASK}))
    assert (wrong[0], "hidden value" in wrong[2]) == (2, True)
    right = json.dumps({**args, "user": "ben"})
    said.append(await signoff("decide", approval.id, "edit", "--as", "ops", "--leave", "--args", right))
    await vault.until(lambda: (house.folder / "given").exists() or None)
    await vault.core.records.effects.drain()
    said.append(await signoff("audit", "--json"))
    assert [status for status, _, _ in said] == [0] * len(said), said
    assert SECRET not in repr(said)
    assert all(MASK in out for _, out, _ in said)
    assert [answer["args"] for answer in given(house)] == [
        {"user": "ben", "password": SECRET, "url": f"https://ana:{SECRET}@vault", "tries": 1}
    ]


async def test_an_admin_chooses_what_is_hidden(house: House) -> None:
    """`SIGNOFF_REDACT` names other arguments: those are hidden, the usual ones are not."""
    desk = await house.desk(signoff_redact="customer,note")
    card = await desk.ask()
    assert "8821" not in desk.text(card.ts)
    assert "340" in desk.text(card.ts)
