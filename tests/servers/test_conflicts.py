"""Others resume the same threads, answer them badly, or delete them: each takes one answer, and we know which."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph_sdk.errors import ConflictError

from agents.strict import STRICT_RESUME
from approvals import points
from approvals.model import Approval, DecisionType, Status, ThreadState
from approvals.points import Point
from approvals.ports import Query
from tests.servers.conftest import OPERATOR, TENANT, Yard
from tests.servers.server import LangGraphServer

APPROVE, DENY, RESPOND = DecisionType.APPROVE, DecisionType.DENY, DecisionType.RESPOND


def resume_at_once(server: LangGraphServer, there: str, question: Approval, answer: Any) -> None:
    """What another client does between two of our steps; it holds up the whole process until the server has it."""
    command = {"resume": {question.interrupt.id: answer}}
    body = {"assistant_id": "gate", "command": command, "context": TENANT, "multitask_strategy": "reject"}
    request = urllib.request.Request(
        f"{server.url}/threads/{there}/runs",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.status == 200


@pytest.fixture
def unwatched() -> Iterator[None]:
    """Nobody watches the points once the test is over."""
    yield
    points.watch(None)


async def who_comes_second_changes_nothing(yard: Yard, deployed: LangGraphServer) -> None:
    """Another client resumes just after ours was written down to be handed over: the server refuses ours (409), the
    thread takes the other answer, and the record says that ours was not needed."""
    there = await yard.start("gate", {"mode": "slow"}, context=TENANT)
    question = await yard.the_one(there)

    def cut_in(point: Point, subject: str) -> None:
        if point is Point.RESUMING and subject == question.id:
            points.watch(None)
            resume_at_once(deployed, there, question, False)

    points.watch(cut_in)
    await yard.decide(question, APPROVE)
    ended = await yard.ended(question, Status.SUPERSEDED, Status.RESUMED)
    assert ended.status is Status.SUPERSEDED
    assert "withheld" in await yard.trail(ended)
    assert await yard.result(there) == "False for acme by nobody"


async def of_two_who_answer_at_once_one_gets_through(yard: Yard) -> None:
    """A race without a referee: whoever wins, the graph acts once, and our record agrees with it."""

    async def race(number: int) -> None:
        there = await yard.start("gate", {"mode": "plain"}, context=TENANT)
        question = await yard.the_one(there)

        async def other() -> None:
            await asyncio.sleep(0.003 * number)
            command: Any = {"resume": {question.interrupt.id: False}}
            config: Any = {"configurable": {**TENANT, STRICT_RESUME: True}}
            try:
                await yard.client.runs.create(
                    there, "gate", command=command, config=config, multitask_strategy="reject"
                )
            except ConflictError:
                return  # ours was first

        await asyncio.gather(other(), yard.decide(question, APPROVE))
        ended = await yard.ended(question, Status.SUPERSEDED, Status.RESUMED)
        by = ended.id if ended.status is Status.RESUMED else "nobody"
        assert await yard.result(there) == f"{ended.status is Status.RESUMED} for acme by {by}"
        runs = await yard.client.runs.list(there, limit=20)
        assert [run["status"] for run in runs].count("success") == 2, "the first run, and one resume"

    await asyncio.gather(*(race(number) for number in range(8)))


async def what_was_answered_elsewhere_is_no_longer_asked_here(yard: Yard) -> None:
    """Another client answers, and the thread asks something else: the first card goes, a new one comes."""
    there = await yard.start("sequence", {"item": "lamp"})
    first = await yard.the_one(there)
    command: Any = {"resume": {first.interrupt.id: "fine"}}
    await yard.client.runs.wait(there, "sequence", command=command)
    gone = await yard.ended(first, Status.SUPERSEDED)
    assert "answered elsewhere" in str(gone.error)
    second = await yard.the_one(there)
    assert second.id != first.id
    await yard.client.threads.delete(there)
    assert (await yard.ended(second, Status.SUPERSEDED)).error == (
        "The server dev no longer knows this thread, so it cannot go on."
    )

    async def lost() -> bool | None:  # which is written after its questions
        thread = await yard.thread(there)
        return (thread is not None and thread.state is ThreadState.LOST) or None

    assert await yard.until(lost)


async def an_answer_from_elsewhere_that_sticks_is_not_acted_on(yard: Yard) -> None:
    """Another client's answer made the node raise, and LangGraph would go on with it: ours is not handed over; asking
    again drops it."""
    there = await yard.start("inbox", {"to": "ana", "body": "Hi"})
    question = await yard.the_one(there)
    command: Any = {"resume": {question.interrupt.id: [{"nonsense": True}]}}
    await yard.client.runs.wait(there, "inbox", command=command, raise_error=False)
    await yard.decide(question, DENY)
    failed = await yard.ended(question, Status.FAILED)
    assert failed.reply is None
    await yard.core.threads.repair(failed.thread_id, actor=OPERATOR.ref)
    again = await yard.the_one(there)
    assert again.id != question.id
    await yard.answer(there)
    assert await yard.result(there) == "Sent to ana: Hi"
    assert (await yard.ended(question, Status.SUPERSEDED)).status is Status.SUPERSEDED


async def a_node_that_keeps_raising_is_given_up_and_asks_again(yard: Yard) -> None:
    """It is tried as often as the settings say, with the same answer; then a person may ask again."""
    there = await yard.start("gate", {"mode": "fail"}, context=TENANT)
    question = await yard.the_one(there)
    await yard.decide(question, APPROVE)
    failed = await yard.ended(question, Status.FAILED)
    assert failed.error == "RuntimeError: this never works"
    await yard.core.threads.repair(failed.thread_id, actor=OPERATOR.ref)
    again = await yard.the_one(there)
    assert again.id != question.id


async def a_new_run_of_a_finished_thread_is_found(yard: Yard) -> None:
    """An app gives a thread that was done a new input: what it asks then has a card of its own."""
    there = await yard.start("question", {"city": "Rome"})
    first = await yard.answer(there, RESPOND, text="Monday")
    await yard.client.runs.wait(there, "question", input={"city": "Oslo"})
    second = await yard.the_one(there)
    assert second.id != first.id
    await yard.answer(there, RESPOND, text="Friday")
    assert await yard.result(there) == "Booked a room in Oslo for Friday."


async def failures_that_ask_nothing_are_none_of_our_business(yard: Yard) -> None:
    """Of runs that broke off without a question, or were cancelled, nothing is recorded, and nothing is run again."""
    broken = await yard.start("tools", {"messages": []})
    cancelled = (await yard.client.threads.create(metadata={"team": "test"}))["thread_id"]
    run = await yard.client.runs.create(cancelled, "gate", input={"mode": "sleep"}, context=TENANT)

    async def running() -> bool | None:
        found = await yard.client.runs.get(cancelled, run["run_id"])
        return found["status"] == "running" or None

    await yard.until(running)
    await yard.client.runs.cancel(cancelled, run["run_id"], wait=True)
    assert (await yard.client.threads.get(cancelled))["status"] == "interrupted"
    there = await yard.start("question", {"city": "Bonn"})
    await yard.the_one(there)  # found in the same look or a later one
    assert await yard.thread(broken) is None
    assert await yard.thread(cancelled) is None
    page = await yard.core.records.approvals.page(Query(status=None, graph="dev/tools"))
    assert page.total == 0
    assert len(await yard.client.runs.list(broken, limit=10)) == 1


@pytest.mark.usefixtures("unwatched")
async def test_others_at_the_same_threads(yard: Yard, deployed: LangGraphServer) -> None:
    """Every story that these functions tell, side by side: a run takes the server a second."""
    stories = (
        of_two_who_answer_at_once_one_gets_through,
        what_was_answered_elsewhere_is_no_longer_asked_here,
        an_answer_from_elsewhere_that_sticks_is_not_acted_on,
        a_node_that_keeps_raising_is_given_up_and_asks_again,
        a_new_run_of_a_finished_thread_is_found,
        failures_that_ask_nothing_are_none_of_our_business,
    )
    async with asyncio.TaskGroup() as together:
        together.create_task(who_comes_second_changes_nothing(yard, deployed))
        for story in stories:
            together.create_task(story(yard))
