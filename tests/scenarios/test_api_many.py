"""The API as a whole, held against what its OpenAPI page promises, and two thousand who wait at once."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agents.decisions import DECISIONS
from approvals.api_keys import Minted, Scope, mint
from approvals.lifecycle import Attempt
from approvals.model import SYSTEM, Actor, ActorRef, DecisionType, Source
from approvals.ports import Query
from approvals.store.redis import connect
from bot.core import Core
from tests.approvals.build import until
from tests.scenarios.conftest import BEN, Desk, House

WAITERS, DECIDED = 2000, 20
BOUNDED = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS: list[Any] = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@dataclass
class Door:
    """The app itself, without a port."""

    desk: Desk
    web: FastAPI
    headers: dict[str, str]

    @property
    def core(self) -> Core:
        return self.desk.core


@pytest.fixture
async def door(house: House) -> Door:
    (house.folder / "policies.yaml").write_text('version: 1\ndefault:\n  channel: "#approvals"\n')
    desk = await house.desk(signoff_http=True, signoff_tick_seconds=60)
    records = desk.core.records
    made = mint("many", tuple(Scope), SYSTEM, records.clock(), id="a" * 10, secret="0" * 64, rate=10_000_000)
    assert isinstance(made, Minted)
    assert await records.api_keys.create(made.key) is None
    assert desk.runtime.http is not None
    return Door(desk, desk.runtime.http.web, {"Authorization": f"Bearer {made.token}"})


async def test_two_thousand_wait_at_one_replica_and_all_are_answered(door: Door) -> None:
    """They cost futures, not commands: the server is asked once for each decision and each piece of news of it, and
    what each waiter holds is bounded."""
    transport = httpx.ASGITransport(door.web)
    async with httpx.AsyncClient(base_url="http://api", transport=transport, headers=door.headers) as client:
        made = await asyncio.gather(
            *(client.post("/decisions", json={"action": f"Deploy {n}"}) for n in range(DECIDED))
        )
        paths = [one.headers["location"] for one in made]
        await door.core.records.effects.drain()
        before = await commands(door)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        waiting = [asyncio.create_task(wait(client, f"{paths[n % DECIDED]}?wait=50")) for n in range(WAITERS)]
        feed = door.core.records.feed

        async def there() -> int:
            return feed.waiting

        await until(there, WAITERS, limit=60)
        held = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
        while_waiting = await commands(door) - before
        assert while_waiting < 10 * DECIDED, while_waiting
        assert held / WAITERS < 100_000, held
        page = await door.core.records.approvals.page(Query(graph=DECISIONS, limit=100))
        ben = Actor(ActorRef(BEN, Source.SLACK), audiences=frozenset({"#approvals"}))
        attempt = Attempt(type=DecisionType.APPROVE, actor=ben.ref)
        done = [await door.core.records.approvals.decide(one.id, attempt, ben) for one in page.approvals]
        assert len(done) == DECIDED
        assert set(await asyncio.gather(*waiting)) == {"approved"}
    assert feed.waiting == 0


async def commands(door: Door) -> int:
    """How many commands the server has carried out."""
    redis = connect(door.desk.settings.redis_url.get_secret_value())
    try:
        return int((await redis.info("stats"))["total_commands_processed"])  # pyright: ignore[reportUnknownMemberType]
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()


async def wait(client: httpx.AsyncClient, path: str) -> str:
    """The status in the end."""
    return str((await client.get(path)).json()["status"])


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.lists(st.text(max_size=12), max_size=3)
KINDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["approve_deny", "choose", "text_input", "number_input", "confirm", "schedule", "odd"])},
    optional={
        "choices": TEXTS,
        "label": st.text(max_size=20) | ODD,
        "fields": st.lists(st.fixed_dictionaries({"name": st.text(max_size=9), "required": st.booleans()}), max_size=3),
        "min": st.floats(allow_nan=False) | ODD,
        "max": st.integers() | ODD,
        "allow_immediate": st.booleans(),
    },
)
CREATE = st.fixed_dictionaries(
    {"action": st.text(min_size=1, max_size=60)},
    optional={
        "approver": st.sampled_from(["ben@example.com", "@finance", "U0BEN", "nobody@example.com"]) | ODD,
        "context": st.text(max_size=200) | ODD,
        "urgency": st.sampled_from(["low", "medium", "high", "critical"]) | ODD,
        "timeout_minutes": st.integers(1, 100) | ODD,
        "options": TEXTS,
        "callback_url": st.sampled_from(["https://example.com/told", "ftp://example.com", "https://[", "https://a:b"]),
        "response_type": KINDS | ODD,
        "context_images": st.just(["https://example.com/a.png"]) | ODD,
        "enforce": st.booleans(),
        "args": st.dictionaries(st.text(max_size=8), ODD, max_size=4),
        "requester": st.sampled_from(["ana@example.com", "U0XIA"]) | ODD,
        "unknown": ODD,
    },
)
RESOLVE = st.fixed_dictionaries(
    {"action": st.sampled_from(["approve", "deny", "modify", "odd"])},
    optional={"notes": st.text(max_size=30), "response_data": st.dictionaries(st.text(max_size=5), ODD) | ODD},
)
BODIES: dict[str, st.SearchStrategy[Any]] = {
    "POST /decisions": CREATE | ODD,
    "POST /decisions/{decision_id}/resolve": RESOLVE | ODD,
    "POST /decisions/{decision_id}/cancel": st.fixed_dictionaries({}, optional={"reason": st.text() | ODD}) | ODD,
}
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["pending", "expired", "odd"]),
        "limit": st.integers(-1, 101),
        "cursor": st.text(max_size=20) | st.sampled_from(["WzEsIm8iXQ", "5-0", "999999999999999999-1"]),
        "since": st.sampled_from(["2026-11-02", "2026-11-02T09:00:00+02:00", "0001-01-01T00:00:00+14:00", "never"]),
        "until": st.sampled_from(["2026-11-02", "9999-12-31T23:59:59-14:00", "1969-12-31T00:00:00"]),
        "wait": st.just("0") | st.text(max_size=3),
    },
)


def exercise(url: str, headers: dict[str, str], known: str) -> dict[str, set[int]]:
    """Asks every operation, and holds what it answers against the page. Returns the statuses seen."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]
    return {operation.label: exercised(operation, headers, known) for operation in operations}


def exercised(operation: Any, headers: dict[str, str], known: str) -> set[int]:
    """One operation, with much of what can be sent to it."""
    body = BODIES.get(operation.label)
    seen: set[int] = set()

    @BOUNDED
    @given(st.just(known) | st.text("ab~ %é", min_size=1, max_size=8), QUERIES if body is None else body)
    def one(decision_id: str, what: Any) -> None:
        path = {"decision_id": decision_id} if "{decision_id}" in operation.path else {}
        rest = {"query": what} if body is None else {"body": what, "media_type": "application/json"}
        case = operation.Case(path_parameters=path, headers=headers, **rest)
        answer = case.call()
        case.validate_response(answer, checks=CHECKS)
        seen.add(answer.status_code)

    one()
    return seen


async def test_every_operation_answers_as_its_page_says(door: Door) -> None:
    """Whatever is sent: no server error, and a status, a type and a body that the page names."""
    url = door.desk.runtime.http_url
    assert url is not None
    async with httpx.AsyncClient(base_url=url, headers=door.headers, timeout=30) as client:
        known = (await client.post("/decisions", json={"action": "Deploy"})).json()["id"]
    seen = await asyncio.to_thread(exercise, url, door.headers, known)
    assert set(seen) == {
        "POST /decisions",
        "GET /decisions",
        "GET /decisions/{decision_id}",
        "POST /decisions/{decision_id}/resolve",
        "POST /decisions/{decision_id}/cancel",
        "GET /audit",
    }
    assert seen["GET /audit"] >= {200, 422}
    assert seen["POST /decisions"] >= {201, 422}
    assert seen["GET /decisions/{decision_id}"] >= {200, 404}
