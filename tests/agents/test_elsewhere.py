"""Threads that somebody resumed behind Signoff's back, so that LangGraph keeps an answer which is not ours."""

from __future__ import annotations

import pytest
from langgraph.types import Command, interrupt

from agents.fence import fenced
from approvals.model import DecisionType, Status, ThreadState
from approvals.ports import Driven
from approvals.refusals import Refusal
from tests.agents.conftest import OPERATOR, Desk
from tests.agents.graphs import Log, line
from tests.agents.test_care import open_fence, repaired

pytestmark = pytest.mark.both_servers

APPROVE, DENY = DecisionType.APPROVE, DecisionType.DENY


@pytest.mark.parametrize("bare", [False, True])
async def test_an_answer_from_elsewhere_that_sticks_is_noticed(desk: Desk, bare: bool) -> None:
    """Somebody resumed the thread behind our back with what its node cannot take: LangGraph would act on that, whatever
    we said. So nothing is run, our answer is dropped, and the question is asked anew on demand."""
    ran: list[object] = []

    def node(state: Log) -> Log:
        answer = interrupt({"action": "pay", "args": {}})
        ran.append(answer)
        return {"log": [answer["type"]]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.the_one(thread)
    graph, config = await desk.graphs.graph("g"), {"configurable": {"thread_id": thread.id}}
    with fenced(open_fence), pytest.raises(TypeError):
        await graph.ainvoke(Command(resume="yes" if bare else {approval.interrupt.id: "yes"}), config)
    approval = await desk.decide(approval, DENY)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    approval = await desk.get(approval)
    assert (approval.status, approval.reply) == (Status.FAILED, None)
    assert "given outside Signoff" in str(approval.error)
    assert isinstance(await desk.approvals.retry(approval.id, OPERATOR), Refusal)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert ran == ["yes"]

    await repaired(desk, thread)
    thread = await desk.answer(thread, DENY)
    assert (thread.state, (await desk.values(thread))["log"]) == (ThreadState.DONE, ["deny"])


async def test_a_bare_answer_that_waits_for_the_next_question_is_noticed(desk: Desk) -> None:
    """LangGraph gives a bare answer to the next question of the same node too, once anything runs."""

    def node(state: Log) -> Log:
        return {"log": [str(interrupt("first?")), str(interrupt("second?"))]}

    thread = await desk.start(line(("n", node)))
    graph, config = await desk.graphs.graph("g"), {"configurable": {"thread_id": thread.id}}
    with fenced(open_fence):
        await graph.ainvoke(Command(resume="elsewhere"), config)
    await desk.driver.drive(thread.id)
    second = await desk.decide(await desk.the_one(thread), DENY)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.get(second)).status is Status.FAILED
    await repaired(desk, thread)
    await desk.answer(thread)
    await desk.answer(thread, DENY)
    assert (await desk.values(thread))["log"] == ["True", "False"]


async def test_an_answer_that_sticks_beside_others(desk: Desk) -> None:
    """The other questions of the thread are not answered either, since that would run the stuck one; in a graph within
    the graph it is noticed too, and an answer of ours that failed there is not taken for another's."""
    from langgraph.graph import END, START, StateGraph

    broken = [True]

    def node(state: Log) -> Log:
        answer = interrupt("go?")
        if broken:
            raise OSError("broken")
        return {"log": [str(answer)]}

    inner = line(("inner", node)).compile()
    graph = StateGraph(Log).add_node("a", inner).add_node("b", lambda s: {"log": [str(interrupt("fine?"))]})
    graph.add_edge(START, "a").add_edge(START, "b").add_edge("a", END).add_edge("b", END)
    thread = await desk.start(graph)
    second, first = sorted(await desk.pending(thread), key=lambda a: a.title)
    assert (first.title, second.title) == ("go?", "fine?")
    runnable, config = await desk.graphs.graph("g"), {"configurable": {"thread_id": thread.id}}
    with fenced(open_fence), pytest.raises(OSError, match="broken"):
        await runnable.ainvoke(Command(resume={first.interrupt.id: "elsewhere"}), config)
    await desk.decide(second, APPROVE)
    broken.clear()
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert [(await desk.get(a)).status for a in (first, second)] == [Status.FAILED, Status.FAILED]
    assert (await desk.values(thread)).get("log", []) == []

    await repaired(desk, thread)
    broken.append(True)
    again = {a.title: a for a in await desk.pending(thread)}
    ours = await desk.decide(again["go?"], APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    broken.clear()
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.get(ours)).status is Status.RESUMED
    await desk.answer(thread)
    assert sorted((await desk.values(thread))["log"]) == ["True", "True"]
