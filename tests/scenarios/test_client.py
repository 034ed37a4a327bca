"""The client of the decisions API against the API: plain code and coroutines ask, people answer in Slack."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from agents.client import (
    ApiError,
    AsyncClient,
    Client,
    Decision,
    NotApproved,
    Undecided,
    Unreachable,
    requires_approval,
)
from approvals.api_keys import Scope
from approvals.model import Resolution
from localslack import Message
from tests.scenarios.conftest import ANA, CHANNEL
from tests.scenarios.test_api import Api, api

__all__ = ["api"]


async def key_of(api: Api) -> str:
    """A key that may ask and read."""
    return (await api.key("agent", Scope.CREATE, Scope.READ))["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def client(api: Api) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(api.desk.runtime.http_url or "", await key_of(api)) as made:
        yield made


async def next_card(api: Api, asking: asyncio.Future[Any]) -> Message:
    """The card of what is being asked."""
    card = await api.desk.card()
    assert not asking.done()
    return card


async def test_a_coroutine_asks_and_waits(api: Api, client: AsyncClient) -> None:
    """It goes on when somebody clicked, and knows who."""
    asking = asyncio.ensure_future(client.ask("Send 10,000 e-mails", context="The spring list.", wait=30))
    card = await next_card(api, asking)
    await api.desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    decision = await asking
    assert (decision.status, decision.approved, decision.resolved_by) == ("approved", True, ANA)
    assert decision.approval_id == (await api.desk.only()).id


async def test_plain_code_asks_and_waits(api: Api) -> None:
    """The same in a thread of its own; here the answer is a choice."""
    token = await key_of(api)

    def ask() -> Decision:
        with Client(api.desk.runtime.http_url or "", token) as client:
            return client.ask("Which region?", options=["eu", "us"], wait=30)

    asking = asyncio.ensure_future(asyncio.to_thread(ask))
    card = await next_card(api, asking)
    await api.desk.slack.click(ANA, CHANNEL, card.ts, "respond")
    view = await api.desk.modal(ANA)
    (block,) = [block["block_id"] for block in view.blocks if block["type"] == "input"]
    await api.desk.slack.submit(ANA, view.id, {block: "0"})
    assert (await asking).data == {"chosen": "eu"}


async def test_a_function_runs_once_it_is_approved_with_what_was_changed(api: Api, client: AsyncClient) -> None:
    """Its arguments are on the card; an approver lowers the amount, and the function gets that."""

    @requires_approval(client, "Pay {amount} to {to}", hide=["iban"])
    async def pay(to: str, amount: float, iban: str = "secret") -> str:
        return f"{to} has {amount}, {iban}"

    paying = asyncio.ensure_future(pay("Acme", 400.0))
    card = await next_card(api, paying)
    text = api.desk.text(card.ts)
    assert "Pay 400.0 to Acme" in text
    assert "secret" not in text
    await api.desk.slack.click(ANA, CHANNEL, card.ts, "edit")
    at = list((await api.desk.only()).actions[0].args).index("amount")
    await api.desk.slack.submit(ANA, (await api.desk.modal(ANA)).id, {f"arg:{at}": 120})
    assert await paying == "Acme has 120.0, secret"
    assert (await api.desk.only()).resolution is Resolution.EDITED


async def test_a_function_does_not_run_after_a_no(api: Api, client: AsyncClient) -> None:
    """The exception says why."""
    ran = list[str]()

    @requires_approval(client)
    async def delete_table(name: str) -> None:
        ran.append(name)

    deleting = asyncio.ensure_future(delete_table("users"))
    card = await next_card(api, deleting)
    assert "delete table" in api.desk.text(card.ts)
    await api.desk.slack.click(ANA, CHANNEL, card.ts, "deny")
    await api.desk.slack.submit(ANA, (await api.desk.modal(ANA)).id, {"reason": "It is in use."})
    with pytest.raises(NotApproved, match="It is in use") as no:
        await deleting
    assert (no.value.decision.status, ran) == ("denied", [])


async def test_who_asks_again_with_the_same_key_asks_once(api: Api, client: AsyncClient) -> None:
    """After a crash of the caller, say: one decision, one card; and a time that is over leaves it waiting."""
    for _ in range(2):
        with pytest.raises(Undecided) as waiting:
            await client.ask("Pay 40", idempotency_key="order-7", wait=0)
    assert len(await api.desk.approvals()) == 1
    cancelled = await client.cancel(waiting.value.decision.id, "It was paid by hand.")
    assert (cancelled.pending, cancelled.approved) == (False, False)


async def test_a_no_of_the_api_names_the_problem(api: Api, client: AsyncClient) -> None:
    """By a type that can be compared, and words for people."""
    with pytest.raises(ApiError) as no:
        await client.create("Pay 40", approver="nobody at all")
    assert (no.value.status, no.value.type) == (422, "urn:signoff:invalid")
    with pytest.raises(ApiError, match="404"):
        await client.get("d-unknown")


# -- a server that stumbles


@dataclass
class Script(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers by a script: an exception is raised, a status is answered."""

    script: Iterator[Any]
    seen: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        step = next(self.script)
        if isinstance(step, Exception):
            raise step
        body = {"id": "d-1", "status": "approved", "action": "Pay"} if step < 300 else {"detail": "not now"}
        return httpx.Response(step, json=body, headers={"retry-after": "7"} if step == 429 else {})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def test_what_got_no_answer_is_sent_again_as_the_same() -> None:
    """With growing pauses, at least as long as was asked for, under one idempotency key."""
    server, slept = Script(iter([httpx.ReadError("gone"), 503, 429, 201])), list[float]()
    client = Client("http://signoff", "k", transport=server, sleep=slept.append)
    assert client.create("Pay").id == "d-1"
    assert slept == [0.5, 1.0, 7.0]
    assert len({request.headers["idempotency-key"] for request in server.seen}) == 1
    assert len({request.read() for request in server.seen}) == 1


async def test_coroutines_do_the_same() -> None:
    """Five attempts, and then it says so."""
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    away = Script(itertools.repeat(httpx.ConnectError("nobody there")))
    with pytest.raises(Unreachable, match="ConnectError"):
        await AsyncClient("http://signoff", "k", transport=away, sleep=sleep).create("Pay")
    assert slept == [0.5, 1.0, 2.0, 4.0]
    with pytest.raises(ApiError) as no:
        await AsyncClient("http://signoff", "k", transport=Script(itertools.repeat(503)), sleep=sleep).create("Pay")
    assert no.value.status == 503


def test_a_refusal_is_not_sent_again() -> None:
    """It would be refused again."""
    server = Script(itertools.repeat(403))
    with pytest.raises(ApiError, match="not now"):
        Client("http://signoff", "k", transport=server).create("Pay")
    assert len(server.seen) == 1


def test_a_guard_that_cannot_work_says_so_at_once() -> None:
    """The wrong client, an argument that cannot be shown, an action that names none."""
    client, other = Client("http://signoff", "k"), AsyncClient("http://signoff", "k")

    async def coroutine() -> None: ...

    def plain(what: object = None) -> None: ...

    with pytest.raises(TypeError, match="AsyncClient"):
        requires_approval(client)(coroutine)
    with pytest.raises(TypeError, match="needs a Client"):
        requires_approval(other)(plain)
    with pytest.raises(TypeError, match="`hide`"):
        requires_approval(client)(plain)(object())
    with pytest.raises(TypeError, match="there are: what"):
        requires_approval(client, "Do {that}")(plain)(1)
    client.close()


def test_an_answer_of_somebody_else_is_no_decision() -> None:
    """A base URL that leads to another service."""

    class Page(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text="<html>Welcome</html>")

    with pytest.raises(ApiError, match="base URL"):
        Client("http://signoff", "k", transport=Page()).create("Pay")
