"""Threads that went wrong: poisoned, changed under way, answered elsewhere; and those that get another turn."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.func import entrypoint, task
from langgraph.types import Command, interrupt

from agents.dialects.replies import read_replies
from agents.fence import fenced
from approvals.events import EventType
from approvals.model import ActorRef, DecisionType, Source, Status, Thread, ThreadState
from approvals.ports import Driven
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from tests.agents.conftest import OPERATOR, Desk
from tests.agents.graphs import Log, line

pytestmark = pytest.mark.both_servers

APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND
ADMIN = ActorRef("root", Source.CLI)


async def repaired(desk: Desk, thread: Thread) -> None:
    assert isinstance(await desk.threads.repair(thread.id, actor=ADMIN), Thread)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED


async def open_fence() -> None:
    """For a run that is not ours."""


async def test_a_poisoned_thread_is_repaired(desk: Desk) -> None:
    """An answer that the node cannot take sticks to the thread; the repair drops it and asks anew, and is audited."""

    def node(state: Log) -> Log:
        return {"log": [interrupt("go?")["missing"]]}

    thread = await desk.start(line(("n", node)))
    old = await desk.decide(await desk.the_one(thread), APPROVE)
    for _ in range(3):
        await desk.driver.drive(thread.id)
    assert (await desk.get(old)).status is Status.FAILED
    assert (await desk.thread(thread.id)).state is ThreadState.FAILED

    await repaired(desk, thread)
    assert (await desk.get(old)).status is Status.SUPERSEDED
    new = await desk.the_one(thread)
    assert new.id != old.id
    assert isinstance(await desk.approvals.retry(old.id, OPERATOR), Refusal)
    told = [event for event in await desk.store.audit() if event.type is EventType.REPAIRED]
    assert [(event.thread_id, event.actor.id, event.data["was"]) for event in told] == [
        (thread.id, "root", "TypeError: 'bool' object is not subscriptable")
    ]


async def test_a_repair_keeps_the_other_questions(desk: Desk) -> None:
    """Whatever else was open is asked anew too, under a new id; nothing is lost."""
    from langgraph.graph import END, START, StateGraph

    graph = StateGraph(Log)
    for name in ("a", "b"):
        graph.add_node(name, lambda s, name=name: {"log": [f"{name}: {interrupt(f'{name} now?')}"]})
        graph.add_edge(START, name).add_edge(name, END)
    thread = await desk.start(graph)
    before = {a.id for a in await desk.pending(thread)}
    await repaired(desk, thread)
    after = await desk.pending(thread)
    assert len(after) == 2
    assert not before & {a.id for a in after}
    for approval in after:
        await desk.decide(approval, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert sorted((await desk.values(thread))["log"]) == ["a: True", "b: True"]


async def test_nothing_to_repair(desk: Desk) -> None:
    """A finished thread, and one that is not known, are refused."""
    thread = await desk.start(line(("n", lambda s: {"log": ["x"]})))
    for thread_id, reason in ((thread.id, Reason.NOT_POSSIBLE), ("nobody", Reason.UNKNOWN)):
        refusal = await desk.threads.repair(thread_id, actor=ADMIN)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is reason


async def test_a_node_that_is_gone_is_noticed(desk: Desk) -> None:
    """LangGraph takes a thread that waits at a renamed node for finished. We do not: nothing is run, the card says why,
    and once the node is back the thread can be repaired."""
    acted: list[str] = []

    def node(state: Log) -> Log:
        acted.append(str(interrupt("go?")))
        return {"log": ["acted"]}

    thread = await desk.start(line(("old", node)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    desk.graphs.found["g"] = line(("new", node)).compile()
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    approval = await desk.get(approval)
    assert approval.status is Status.SUPERSEDED
    assert "has no old any more" in str(approval.error)
    assert (await desk.thread(thread.id)).state is ThreadState.FAILED
    await repaired(desk, thread)
    assert (await desk.thread(thread.id)).state is ThreadState.FAILED
    assert acted == []

    desk.graphs.found["g"] = line(("old", node)).compile()
    await repaired(desk, thread)
    thread = await desk.answer(thread)
    assert thread.state is ThreadState.DONE
    assert acted == ["True"]


async def test_answered_elsewhere(desk: Desk) -> None:
    """Somebody resumed the thread behind our back: the card is superseded, and our click comes too late."""
    thread = await desk.start(line(("n", lambda s: {"log": [str(interrupt("go?"))]})))
    approval = await desk.the_one(thread)
    graph = await desk.graphs.graph("g")

    with fenced(open_fence):
        config: Any = {"configurable": {"thread_id": thread.id}}
        await graph.ainvoke(Command(resume={approval.interrupt.id: "elsewhere"}), config)
    await desk.decide(approval, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.get(approval)).status is Status.SUPERSEDED
    assert (await desk.values(thread))["log"] == ["elsewhere"]


async def test_a_no_that_ends_the_thread_takes_its_siblings_along(desk: Desk) -> None:
    """`$end`: the node is never resumed; other questions of the thread are superseded."""
    from langgraph.graph import END, START, StateGraph

    desk.dialects.use(read_replies({"replies": {"g": {"approve": True, "deny": "$end"}}}, ("g",)))
    acted: list[str] = []

    def node(state: Log) -> Log:
        interrupt({"require": "approval"})
        acted.append("acted")
        return {"log": ["acted"]}

    graph = StateGraph(Log).add_node("a", node).add_node("b", node).add_edge(START, "a").add_edge(START, "b")
    thread = await desk.start(graph.add_edge("a", END).add_edge("b", END))
    first, second = await desk.pending(thread)
    await desk.decide(first, DENY)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.get(first)).status is Status.RESUMED
    assert (await desk.get(second)).status is Status.SUPERSEDED
    assert (await desk.thread(thread.id)).state is ThreadState.DONE
    assert acted == []


async def test_a_configuration_that_changes_asks_anew(desk: Desk) -> None:
    """The answer belongs to the question that was shown: spelled otherwise, it is another revision."""
    thread = await desk.start(line(("n", lambda s: {"log": [str(interrupt({"question": "go?"}))]})))
    before = await desk.the_one(thread)
    desk.dialects.use(read_replies({"replies": {"g": {"n": {"approve": "yes", "deny": "no"}}}}, ("g",)))
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    after = await desk.the_one(thread)
    assert (after.id, after.revision, after.reply_shape) == (before.id, before.revision + 1, "template")
    thread = await desk.answer(thread)
    assert (await desk.values(thread))["log"] == ["yes"]


@pytest.mark.parametrize("given", [False, True])
async def test_the_input_of_a_later_turn_is_given_once(desk: Desk, given: bool) -> None:
    """However often the thread is driven, and also if a process died right before or right after it gave it."""
    runs: list[str] = []

    def node(state: Log) -> Log:
        runs.append(str(state.get("result")))
        return {"log": [str(interrupt("go?"))]}

    thread = await desk.start(line(("n", node)), {"result": "one"})
    thread = await desk.answer(thread)
    assert isinstance(await desk.threads.turn(thread.id, {"result": "two"}), Thread)
    graph, config = await desk.graphs.graph("g"), {"configurable": {"thread_id": thread.id}}
    async with desk.journal.hold(thread.id) as lease:
        assert lease is not None
        state = await graph.aget_state(config)
        await desk.journal.turning(lease, await desk.thread(thread.id), state.config["configurable"]["checkpoint_id"])
    if given:
        with fenced(open_fence):
            await graph.ainvoke({"result": "two"}, config)
    for _ in range(3):
        assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert runs == ["one", "one", "two"]
    await desk.answer(thread)
    assert (await desk.values(thread))["log"] == ["True", "True"]


async def test_a_lost_thread_takes_no_turn(desk: Desk) -> None:
    """A thread that the checkpointer forgot is not started anew by a later input."""
    runs: list[str] = []
    thread = await desk.start(line(("n", lambda s: runs.append("n") or {"log": ["x"]})))
    await desk.saver.adelete_thread(thread.id)
    assert isinstance(await desk.threads.turn(thread.id, {}), Thread)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.thread(thread.id)).state is ThreadState.LOST
    assert runs == ["n"]


@pytest.mark.parametrize("where", [{"interrupt_before": ["second"]}, {"interrupt_after": ["first"]}])
async def test_the_state_can_be_edited_at_a_breakpoint(desk: Desk, where: dict[str, Any]) -> None:
    """What a write replaces can be edited; what has a reducer is shown only. The node sees the edited state."""
    graph = line(
        ("first", lambda s: {"log": ["first"], "result": "draft"}),
        ("second", lambda s: {"log": [f"sent {s['result']}"]}),
    )
    thread = await desk.start(graph.compile(**where))
    approval = await desk.the_one(thread)
    assert dict(approval.actions[0].args) == {"result": "draft"}
    thread = await desk.answer(thread, EDIT, args={"result": "better"})
    assert (await desk.values(thread))["log"] == ["first", "sent better"]
    assert thread.state is ThreadState.DONE
    assert len(await desk.all(thread)) == 1


async def test_a_task_of_the_functional_api_asks(desk: Desk) -> None:
    """A question within a task is asked once, and the thread ends as finished."""

    @task
    def inner(topic: str) -> str:
        return f"{topic}: {interrupt('go?')}"

    @entrypoint()
    async def flow(topic: str) -> str:
        return await inner(topic)

    thread = await desk.start(flow, "launch")
    thread = await desk.answer(thread)
    assert thread.state is ThreadState.DONE
    assert [a.status for a in await desk.all(thread)] == [Status.RESUMED]


async def test_retrying_an_approval_of_a_repaired_thread_is_refused(desk: Desk) -> None:
    """A button on an old copy of the card brings nothing back."""

    def node(state: Log) -> Log:
        interrupt("go?")
        raise OSError("never")

    thread = await desk.start(line(("n", node)))
    old = await desk.decide(await desk.the_one(thread), APPROVE)
    for _ in range(3):
        await desk.driver.drive(thread.id)
    await repaired(desk, thread)
    refusal = await desk.approvals.retry(old.id, OPERATOR)
    assert not isinstance(refusal, Done)
    assert refusal.reason is Reason.SUPERSEDED


async def test_a_graph_that_is_gone_is_told_on_the_card(desk: Desk) -> None:
    """The graph is no longer in the file: what was decided has failed and says why; with the graph back, it goes on."""
    thread = await desk.start(line(("n", lambda s: {"log": [str(interrupt("go?"))]})))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    graph = desk.graphs.found.pop("g")
    for _ in range(3):
        await desk.driver.drive(thread.id)
    approval = await desk.get(approval)
    assert approval.status is Status.FAILED
    assert "there is no “g”" in str(approval.error)
    desk.graphs.found["g"] = graph
    assert isinstance(await desk.approvals.retry(approval.id, OPERATOR), Done)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.values(thread))["log"] == ["True"]


async def test_a_decision_about_a_thread_that_failed_says_so(desk: Desk) -> None:
    """A question beside one that broke the thread is still open; an answer to it is not silently kept."""
    from langgraph.graph import END, START, StateGraph

    broken = [True]

    def fragile(state: Log) -> Log:
        interrupt("break?")
        if broken:
            raise OSError("broken")
        return {"log": ["mended"]}

    graph = StateGraph(Log).add_node("a", fragile).add_node("b", lambda s: {"log": [str(interrupt("fine?"))]})
    graph.add_edge(START, "a").add_edge(START, "b").add_edge("a", END).add_edge("b", END)
    thread = await desk.start(graph)
    first, second = sorted(await desk.pending(thread), key=lambda a: a.title)
    await desk.decide(first, APPROVE)
    for _ in range(3):
        await desk.driver.drive(thread.id)
    second = await desk.decide(second, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    second = await desk.get(second)
    assert (second.status, second.error) == (Status.FAILED, "OSError: broken")

    broken.clear()
    for approval in (first, second):
        assert isinstance(await desk.approvals.retry(approval.id, OPERATOR), Done)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert sorted((await desk.values(thread))["log"]) == ["True", "mended"]
    assert [a.status for a in await desk.all(thread)] == [Status.RESUMED] * 2


async def test_an_answer_that_was_handed_over_is_not_asked_for_again(desk: Desk) -> None:
    """The node took the answer and raised: LangGraph keeps that answer and would ignore another. So a configuration
    that changes meanwhile does not open the question again; a second answer would be one that nobody heeds."""
    broken = [True]

    def node(state: Log) -> Log:
        answer = interrupt({"question": "go?"})
        if broken:
            raise OSError("broken")
        return {"log": [str(answer["approved"])]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    desk.dialects.use(read_replies({"replies": {"g": "approved"}}, ("g",)))
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert (await desk.get(approval)).status is Status.RESUMING
    broken.clear()
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.values(thread))["log"] == ["True"]
    assert [a.status for a in await desk.all(thread)] == [Status.RESUMED]
