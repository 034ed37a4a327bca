"""A decision over HTTP, asked as a script would, answered by people in Slack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from approvals.api_keys import Minted, Scope, mint
from approvals.events import EventType
from approvals.model import SYSTEM, ThreadState
from localslack import Message
from tests.approvals.build import until
from tests.scenarios.conftest import ANA, BEN, CHANNEL, Desk, House

POLICIES = """
version: 1
policies:
  - name: by-machine
    match: {graph: decisions, action: "Rotate*"}
    channel: "#approvals"
    who: ["api:ci"]
  - name: money
    match: {graph: decisions, action: "Pay*"}
    channel: "#approvals"
    who: ["@finance"]
  - name: two
    match: {graph: decisions, action: "Delete*"}
    channel: "#approvals"
    who: ["@finance"]
    quorum: {approve: 2}
  - name: undoable
    match: {graph: decisions, action: "Undo*"}
    channel: "#approvals"
    undo: 10m
  - name: at-once
    match: {graph: decisions, action: "Read*"}
    channel: "#approvals"
    decide: {decision: approve, reason: "Reading is harmless."}
default:
  channel: "#approvals"
"""
"""Who is asked for what: a key, finance, two of them, one who can take it back, nobody, and else the channel."""


class Api:
    """Speaks HTTP to a desk, with a key."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._client = httpx.AsyncClient(base_url=desk.runtime.http_url or "", timeout=30)

    async def key(self, name: str, *scopes: Scope, rate: int = 100_000) -> dict[str, str]:
        """The headers of a new key."""
        records = self.desk.core.records
        numbers = {"id": f"{name:a<10}"[:10], "secret": name.encode().hex().ljust(64, "0")}
        made = mint(name, scopes or tuple(Scope), SYSTEM, records.clock(), rate=rate, **numbers)
        assert isinstance(made, Minted)
        assert await records.api_keys.create(made.key) is None
        return {"Authorization": f"Bearer {made.token}"}

    async def __call__(self, method: str, path: str, headers: dict[str, str], **rest: Any) -> httpx.Response:
        return await self._client.request(method, path, headers={**headers, **rest.pop("more", {})}, **rest)

    async def waiting(self) -> int:
        """How many wait at this desk."""
        return self.desk.core.records.feed.waiting

    async def aclose(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    (house.folder / "policies.yaml").write_text(POLICIES)
    api = Api(await house.desk(signoff_http=True))
    yield api
    await api.aclose()


async def asked(api: Api, key: dict[str, str], **body: Any) -> tuple[str, Message]:
    """A new decision: its path, and its card."""
    after = max((message.ts for message in api.desk.slack.messages(CHANNEL)), default="")
    made = await api("POST", "/decisions", key, json={"action": "Deploy", **body})
    assert made.status_code == 201, made.text
    return made.headers["location"], await api.desk.card(after=after)


async def test_a_script_polls_until_somebody_approves_in_slack(api: Api) -> None:
    """Create, poll while pending, and the answer is there with who gave it. The card shows what was asked, of whom."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(
        api,
        agent,
        action="Send 10,000 marketing emails",
        approver="ben@example.com",
        context="The spring list.",
        enforce=True,
        urgency="high",
        context_images=["https://example.com/chart.png"],
    )
    text = api.desk.text(card.ts)
    shown = ("Send 10,000 marketing emails", "The spring list.", "https://example.com/chart.png", f"<@{BEN}>")
    assert [said for said in (*shown, "agent (API)") if said not in text] == []
    pending = (await api("GET", path, agent)).json()
    assert (pending["status"], pending["urgency"], pending["action_permitted"]) == ("pending", "high", False)
    waiting = asyncio.create_task(api("GET", f"{path}?wait=25", agent))
    await until(api.waiting, 1)
    not_asked = await api.desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert not_asked.ok
    assert "not among those who may decide" in await api.desk.told(ANA)
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    found = (await waiting).json()
    assert (found["status"], found["resolved_by"], found["response_data"]) == ("approved", BEN, None)
    assert found["action_permitted"] is True
    await api.desk.until(lambda: "The answer is there for agent to read" in api.desk.text(card.ts))


TYPED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "choose": (
        {"type": "choose", "choices": ["staging", "production"], "label": "Which environment?"},
        {"field:0": "1"},
        {"chosen": "production"},
    ),
    "text": (
        {
            "type": "text_input",
            "fields": [{"name": "subject", "label": "Subject", "required": True}, {"name": "note", "label": "Note"}],
        },
        {"field:0": "Spring"},
        {"subject": "Spring"},
    ),
    "number": (
        {"type": "number_input", "label": "How many?", "min": 1, "max": 100},
        {"field:0": "12.5"},
        {"value": 12.5},
    ),
}


async def test_typed_answers_are_forms_in_slack(api: Api) -> None:
    """Each kind of answer is filled in as a form, and comes back under the names that are published."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    for kind, filled, expected in TYPED.values():
        path, card = await asked(api, agent, response_type=kind)
        assert api.desk.buttons(card.ts)[:2] == ["respond", "deny"]
        await api.desk.slack.click(BEN, CHANNEL, card.ts, "respond")
        view = await api.desk.modal(BEN)
        sent = await api.desk.slack.submit(BEN, view.id, filled)
        assert sent.ok, sent
        found = (await api("GET", f"{path}?wait=25", agent)).json()
        assert (found["status"], found["response_data"]) == ("approved", expected)


async def test_a_time_is_chosen_or_now(api: Api) -> None:
    """A time to come is `scheduled`, with `execute_at`; where it may be at once, it can simply be approved."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(api, agent, response_type={"type": "schedule"})
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "respond")
    view = await api.desk.modal(BEN)
    assert (await api.desk.slack.submit(BEN, view.id, {"field:0": "4102444800"})).ok
    found = (await api("GET", f"{path}?wait=25", agent)).json()
    assert (found["status"], found["execute_at"]) == ("scheduled", "2100-01-01T00:00:00Z")
    path, card = await asked(api, agent, response_type={"type": "schedule"})
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    found = (await api("GET", f"{path}?wait=25", agent)).json()
    assert (found["status"], found["execute_at"]) == ("approved", None)
    _, card = await asked(api, agent, response_type={"type": "schedule", "allow_immediate": False})
    assert "approve" not in api.desk.buttons(card.ts)


async def test_values_can_be_changed_before_they_are_approved(api: Api) -> None:
    """`args` are shown one by one; what somebody made of them comes back as `modified`."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(api, agent, action="Pay a refund", args={"customer": "8821", "amount": 340.0})
    assert api.desk.buttons(card.ts)[:3] == ["approve", "edit", "deny"]
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "edit")
    view = await api.desk.modal(BEN)
    assert (await api.desk.slack.submit(BEN, view.id, {"arg:1": "120"})).ok
    found = (await api("GET", f"{path}?wait=25", agent)).json()
    assert (found["status"], found["response_data"]) == ("modified", {"customer": "8821", "amount": 120.0})


async def test_a_yes_is_asked_for_twice_where_the_request_wants_it(api: Api) -> None:
    """`confirm` is a question before the approval counts; the answer says that it was confirmed."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(api, agent, response_type={"type": "confirm"})
    message = api.desk.slack.message(CHANNEL, card.ts)
    assert message is not None
    assert '"confirm"' in json.dumps(message.blocks)
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    found = (await api("GET", f"{path}?wait=25", agent)).json()
    assert (found["status"], found["response_data"]) == ("approved", {"confirmed": True})


async def test_a_denial_carries_its_reason(api: Api) -> None:
    """What somebody said when they denied it is in the notes."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(api, agent, enforce=True)
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "deny")
    view = await api.desk.modal(BEN)
    assert (await api.desk.slack.submit(BEN, view.id, {"reason": "Not on a Friday."})).ok
    found = (await api("GET", f"{path}?wait=25", agent)).json()
    assert (found["status"], found["response_notes"]) == ("denied", "Not on a Friday.")
    assert found["action_permitted"] is False


async def test_the_same_key_and_body_is_one_decision_however_often_it_is_sent(api: Api) -> None:
    """Twenty at once: one approval, one card, one answer of 201. Another body under the same key is refused."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    body, more = {"action": "Deploy", "approver": "@finance"}, {"Idempotency-Key": "run-7"}
    found = await asyncio.gather(*(api("POST", "/decisions", agent, json=body, more=more) for _ in range(20)))
    assert sorted(one.status_code for one in found) == [200] * 19 + [201]
    assert len({one.json()["id"] for one in found}) == 1
    assert len(await api.desk.approvals()) == 1
    await api.desk.card()
    await api.desk.core.records.effects.drain()
    assert len(api.desk.slack.messages(CHANNEL)) == 1
    other = await api("POST", "/decisions", agent, json={**body, "action": "Destroy"}, more=more)
    assert (other.status_code, other.json()["type"]) == (422, "urn:signoff:idempotency_key_reused")
    theirs = await api("POST", "/decisions", await api.key("other"), json=body, more=more)
    assert (theirs.status_code, len(await api.desk.approvals())) == (201, 2)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"approver": "cleo@example.com", "action": "Pay it"}, "not_asked", "approver"),
    ({"approver": "nobody@example.com"}, "not_asked", "approver"),
    ({"approver": "everybody"}, "invalid", "approver"),
    ({"approver": "U0ANA", "action": "Delete it"}, "not_under_policy", "approver"),
    ({"action": "Delete it", "options": ["now", "later"]}, "not_under_policy", "response_type"),
    ({"requester": "nobody@example.com"}, "invalid", "requester"),
    ({"response_type": {"type": "number_input", "min": 3, "max": 2}}, "invalid", "response_type.min"),
    ({"response_type": {"type": "file_upload"}}, "invalid", "response_type"),
    ({"action": " "}, "invalid", "action"),
    ({"callback_url": "file:///etc/passwd"}, "invalid", "callback_url"),
    ({"timeout_minutes": 0}, "invalid", "timeout_minutes"),
]


async def test_what_cannot_be_asked_is_refused_before_anybody_is(api: Api) -> None:
    """With the field that it is about, as a problem; nothing is registered."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    for body, kind, field in REFUSED:
        found = await api("POST", "/decisions", agent, json={"action": "Deploy", **body})
        told = found.json()
        assert (found.status_code, told["type"]) == (422, f"urn:signoff:{kind}"), (body, told)
        assert found.headers["content-type"] == "application/problem+json"
        assert told["errors"][0]["field"] == field, told
        assert told["error"] == told["detail"]
    assert await api.desk.approvals() == ()


async def test_a_policy_may_answer_at_once(api: Api) -> None:
    """Nobody is asked; the first answer says so."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    made = await api("POST", "/decisions", agent, json={"action": "Read a profile", "approver": "ben@example.com"})
    assert (made.json()["status"], made.json()["auto_resolved"]) == ("approved", True)
    found = (await api("GET", made.headers["location"], agent)).json()
    assert (found["resolved_by"], found["response_notes"]) == ("policy", "Reading is harmless.")


async def test_what_can_still_be_taken_back_is_pending(api: Api) -> None:
    """Whoever acts on an answer cannot take that back: it is told once nobody can. Until then it can be cancelled."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    path, card = await asked(api, agent, action="Undo it")
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await api.desk.until(lambda: "undo" in api.desk.buttons(card.ts))
    assert (await api("GET", path, agent)).json()["status"] == "pending"
    found = (await api("POST", f"{path}/cancel", agent, json={"reason": "The order is void."})).json()
    assert (found["status"], found["resolution"], found["resolved_by"]) == ("expired", "cancelled", "api:agent")
    await api.desk.until(lambda: "Cancelled" in api.desk.text(card.ts))
    assert "The order is void." in api.desk.text(card.ts)
    assert api.desk.buttons(card.ts) == []
    late = await api("POST", f"{path}/cancel", agent)
    assert (late.status_code, late.json()["type"]) == (409, "urn:signoff:already_resolved")
    await api.desk.core.records.effects.drain()
    thread = await api.desk.core.records.store.thread(path.rpartition("/")[2])
    assert thread is not None
    assert thread.state is ThreadState.DONE


async def test_a_key_decides_only_what_a_policy_lets_it(api: Api) -> None:
    """What people must approve, no key approves; what the policy gives to a key, another key decides than the asker."""
    agent, ci = await api.key("agent", Scope.CREATE, Scope.READ), await api.key("ci", *Scope)
    people, _ = await asked(api, agent)
    machine, _ = await asked(api, agent, action="Rotate the key", response_type={"type": "number_input", "max": 5})
    own, _ = await asked(api, ci, action="Rotate the other key")
    yes = {"action": "approve", "resolved_by": "ana@example.com", "notes": "Checked."}
    for path, status, kind in ((people, 403, "not_approver"), (own, 403, "own_request")):
        found = await api("POST", f"{path}/resolve", ci, json=yes)
        assert (found.status_code, found.json()["type"]) == (status, f"urn:signoff:{kind}")
    for data in (None, {"value": 9}, {"value": 1, "more": 2}):
        found = await api("POST", f"{machine}/resolve", ci, json={**yes, "response_data": data})
        assert (found.status_code, found.json()["type"]) == (422, "urn:signoff:invalid_answer"), found.text
    assert (await api("POST", f"{machine}/resolve", agent, json=yes)).json()["type"] == "urn:signoff:no_scope"
    found = (await api("POST", f"{machine}/resolve", ci, json={**yes, "response_data": {"value": 4}})).json()
    assert (found["status"], found["resolved_by"], found["response_data"]) == ("approved", "api:ci", {"value": 4})
    assert found["response_notes"] == "Checked. (The key says: decided by ana@example.com.)"
    assert (await api("POST", f"{machine}/resolve", ci, json=yes)).status_code == 409


async def test_a_key_sees_what_it_asked_for(api: Api) -> None:
    """Others' decisions are not there for it; an admin key sees all, with secrets hidden, and may cancel them."""
    one, two = await api.key("one", Scope.CREATE, Scope.READ), await api.key("two", Scope.CREATE, Scope.READ)
    admin = await api.key("admin", Scope.ADMIN)
    paths = [(await asked(api, one, args={"n": n, "password": "hunter2hunter2"}))[0] for n in range(3)]
    for verb, path in (("GET", paths[0]), ("POST", f"{paths[0]}/cancel"), ("GET", "/decisions/d-none")):
        found = await api(verb, path, two)
        assert (found.status_code, found.json()["type"]) == (404, "urn:signoff:unknown")
    assert (await api("GET", "/decisions", two)).json() == {"decisions": [], "next_cursor": None}
    first = (await api("GET", "/decisions?limit=2", one)).json()
    rest = (await api("GET", f"/decisions?limit=2&cursor={first['next_cursor']}", one)).json()
    ids = [found["id"] for page in (first, rest) for found in page["decisions"]]
    assert ids == [path.rpartition("/")[2] for path in reversed(paths)]
    assert rest["next_cursor"] is None
    assert (await api("POST", "/decisions", admin, json={"action": "Deploy"})).status_code == 403
    assert (await api("POST", f"{paths[0]}/cancel", admin)).json()["resolution"] == "cancelled"
    waiting = (await api("GET", "/decisions?status=pending", admin)).json()["decisions"]
    assert [found["id"] for found in waiting] == ids[:2]
    assert (await api("GET", "/decisions?cursor=xx", one)).status_code == 422


async def test_keys_that_do_not_work_are_told_apart_from_those_that_may_not(api: Api) -> None:
    """401 without a key that works, at once when it was revoked; 429 with a time to wait; never a word of the key."""
    slow, gone = await api.key("slow", rate=2), await api.key("gone")
    for headers in ({}, {"Authorization": "Bearer so_x"}, {"Authorization": slow["Authorization"][:-1] + "f"}):
        found = await api("GET", "/decisions", headers)
        assert (found.status_code, found.headers["www-authenticate"]) == (401, 'Bearer realm="signoff"')
    assert [(await api("GET", "/decisions", slow)).status_code for _ in range(3)] == [200, 200, 429]
    assert 1 <= int((await api("GET", "/decisions", slow)).headers["retry-after"]) <= 30
    assert (await api("GET", "/decisions", gone)).status_code == 200
    records = api.desk.core.records
    key = await records.api_keys.named("gone")
    assert key is not None
    await records.api_keys.replace(replace(key, revoked_at=records.clock()), EventType.KEY_REVOKED, SYSTEM)

    async def status() -> int:
        return (await api("GET", "/decisions", gone)).status_code

    await until(status, 401)
    audit = await records.store.audit()
    assert [event.type.value for event in audit][-3:] == ["key_created", "key_created", "key_revoked"]
    assert key.hash not in f"{audit}{key!r}"


async def test_every_error_is_a_problem(api: Api) -> None:
    """Wrong ways, wrong bodies, wrong types: `application/problem+json`, never a page or a traceback."""
    agent = await api.key("agent")
    asked: list[tuple[str, str, int, dict[str, Any]]] = [
        ("GET", "/nowhere", 404, {}),
        ("DELETE", "/decisions", 405, {}),
        ("POST", "/decisions", 400, {"content": b"{", "more": {"Content-Type": "application/json"}}),
        ("POST", "/decisions", 400, {"content": b'{"a":NaN}', "more": {"Content-Type": "application/json"}}),
        ("POST", "/decisions", 400, {"content": b'"\xff"', "more": {"Content-Type": "application/json"}}),
        ("POST", "/decisions", 415, {"content": b"action=Deploy"}),
        ("POST", "/decisions", 413, {"json": {"action": "x" * 300_000}}),
        ("POST", "/decisions", 422, {"json": []}),
        ("POST", "/decisions", 422, {}),
        ("GET", "/decisions?limit=0", 422, {}),
        ("GET", "/decisions/d-x?wait=61", 422, {}),
    ]
    for method, path, status, rest in asked:
        found = await api(method, path, agent, **rest)
        assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json"), found.text
        assert set(found.json()) == {"type", "title", "status", "detail", "error", "errors"}


async def test_another_replica_is_told_of_the_answer(api: Api, house: House) -> None:
    """Whoever waits at one is answered when somebody decides at the other."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    other = Api(await house.desk(signoff_http=True))
    path, card = await asked(api, agent)
    waiting = asyncio.create_task(other("GET", f"{path}?wait=25", agent))
    await until(other.waiting, 1)
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert (await waiting).json()["status"] == "approved"
    await other.aclose()
