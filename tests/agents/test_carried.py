"""Whether what a graph was given is what was approved: the audit against the record and LangGraph's own checkpoint."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, TypedDict, cast

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from redis.asyncio import Redis

from agents.carried import Carried, Compared
from approvals.audit.check import Finding, Kind
from approvals.audit.verifying import entries_of
from approvals.model import DecisionType, Thread
from approvals.store.audit import RedisAudit
from approvals.store.redis import connect
from tests.agents.conftest import Desk


class State(TypedDict, total=False):
    """Of the graphs below."""

    said: Any


def asking(*questions: str) -> StateGraph[Any]:
    """One node that asks these."""

    def node(_: State) -> State:
        return {"said": [interrupt(question) for question in questions]}

    built = StateGraph(State)
    built.add_node("ask", node)
    built.add_edge(START, "ask")
    return built


async def answered(desk: Desk, graph: Any, *answers: str) -> Thread:
    """A thread that was asked and answered to its end."""
    thread = await desk.start(graph)
    for answer in answers:
        thread = await desk.answer(thread, DecisionType.RESPOND, text=answer)
    return thread


async def looked(desk: Desk, url: str) -> tuple[list[Finding], Compared]:
    """What is found of all events."""
    redis = connect(url)
    carried, found = Carried(desk.store, desk.saver), list[Finding]()
    async for entry in entries_of(RedisAudit(redis)):
        found += await carried.look(entry)
    await redis.aclose()
    await redis.connection_pool.aclose()
    return found, carried.compared


async def writes(desk: Desk) -> tuple[Redis, Sequence[str]]:
    """Where the answers are kept."""
    redis = cast("Any", desk.saver)._redis
    return redis, [key.decode() for key in await redis.keys("checkpoint_write:*:-4")]


@pytest.mark.both_servers
async def test_answers_are_found_in_the_checkpoint_as_they_were_decided(desk: Desk, redis_url: str) -> None:
    """Two questions of one node, and one of a graph within a node."""
    await answered(desk, asking("Which day?", "Which hour?"), "Monday", "nine")
    outer: StateGraph[Any] = StateGraph(State)
    outer.add_node("sub", asking("Which month?").compile())
    outer.add_edge(START, "sub")
    await answered(desk, outer, "May")
    found, compared = await looked(desk, redis_url)
    assert (found, compared) == ([], Compared(answers=3))


async def test_another_answer_in_the_checkpoint_is_told(desk: Desk, redis_url: str) -> None:
    """Somebody exchanged the value that LangGraph keeps."""
    await answered(desk, asking("Which day?"), "Monday")
    redis, (key,) = await writes(desk)
    kind, blob = desk.saver.serde.dumps_typed(["Friday"])
    await redis.json().set(key, "$.type", kind)  # type: ignore[misc]
    await redis.json().set(key, "$.blob", base64.b64encode(blob).decode())  # type: ignore[misc]
    found, _ = await looked(desk, redis_url)
    (approval,) = await desk.all(await desk.thread("thread-1"))
    assert [(one.kind, one.approval) for one in found] == [(Kind.OTHER_ANSWER, approval.id)]


async def test_an_answer_that_is_kept_no_more_is_counted_and_not_accused(desk: Desk, redis_url: str) -> None:
    """The write is gone, or the whole checkpoint: there is nothing to compare with."""
    await answered(desk, asking("Which day?"), "Monday")
    redis, (key,) = await writes(desk)
    await redis.delete(key)
    assert await looked(desk, redis_url) == ([], Compared(not_kept=1))
    for each in await redis.keys("checkpoint*"):
        await redis.delete(each)
    assert await looked(desk, redis_url) == ([], Compared(not_kept=1))


async def test_a_record_with_another_answer_is_told(desk: Desk, redis_url: str) -> None:
    """The approval itself was changed by hand."""
    thread = await answered(desk, asking("Which day?"), "Monday")
    (approval,) = await desk.all(thread)
    redis = connect(redis_url)
    key = f"{{signoff}}:approval:{approval.id}"
    document = json.loads(cast("str", await redis.hget(key, "doc")))
    document["reply"] = {"value": "Friday"}
    await redis.hset(key, "doc", json.dumps(document))
    await redis.aclose()
    found, _ = await looked(desk, redis_url)
    assert [(one.kind, one.approval) for one in found] == [(Kind.OTHER_RECORD, approval.id)]


async def test_an_answer_other_than_the_one_resolved_with_is_told(desk: Desk, redis_url: str) -> None:
    """The event says that the graph was given something else than was composed at the decision."""
    thread = await answered(desk, asking("Which day?"), "Monday")
    (approval,) = await desk.all(thread)
    redis = connect(redis_url)
    rows = cast("list[tuple[str, dict[str, str]]]", await redis.xrange("{signoff}:audit"))
    await redis.delete("{signoff}:audit")
    for seq, fields in rows:
        event = json.loads(fields["e"])
        if event["type"] == "resolved":
            event["data"]["answer"] = "0" * 64
        await redis.xadd("{signoff}:audit", {"e": json.dumps(event)}, id=seq)
    await redis.aclose()
    found, _ = await looked(desk, redis_url)
    assert [(one.kind, one.approval) for one in found] == [(Kind.OTHER_ANSWER, approval.id)]
