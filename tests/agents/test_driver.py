"""Driving threads on a real server: what is asked, and what is handed over."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.runnables import RunnableConfig
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from agents.examples import inbox, middleware, parallel, question, refund
from approvals.events import EventType
from approvals.model import DecisionType, Resolution, Status, ThreadState
from approvals.ports import Driven
from approvals.refusals import Reason
from tests.agents.conftest import Desk
from tests.agents.graphs import Log, line

pytestmark = pytest.mark.both_servers

APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND


async def test_refund_approved(desk: Desk) -> None:
    """An approved refund is paid as shown, the approval is resumed, the thread done and its outcome told."""
    thread = await desk.start(refund.graph, {"customer": "8821", "amount": 340.0})
    approval = await desk.the_one(thread)
    assert approval.title == "Issue refund: customer 8821, amount 340"
    assert approval.allowed == (APPROVE, EDIT, DENY)

    thread = await desk.answer(thread)
    approval = await desk.get(approval)
    assert approval.status is Status.RESUMED
    assert approval.outcome is not None
    assert approval.outcome.text == f"Refunded $340.00 to customer 8821 (approval {approval.id})"
    assert thread.state is ThreadState.DONE


async def test_refund_edited(desk: Desk) -> None:
    """The edited arguments are what the graph acts on."""
    thread = await desk.start(refund.graph, {"customer": "8821", "amount": 340.0})
    args = {**(await desk.the_one(thread)).actions[0].args, "amount": 50}
    thread = await desk.answer(thread, EDIT, args=args)
    assert "Refunded $50.00" in (await desk.values(thread))["result"]


async def test_refund_denied(desk: Desk) -> None:
    """A denial reaches the graph with its reason."""
    thread = await desk.start(refund.graph, {"customer": "8821", "amount": 340.0})
    thread = await desk.answer(thread, DENY, reason="not ours")
    assert (await desk.values(thread))["result"] == "No refund: not ours"


async def test_edit_must_fit_what_was_shown(desk: Desk) -> None:
    """An edit with another type, a missing or an unknown argument is refused, and the question stays open."""
    thread = await desk.start(refund.graph, {"customer": "8821", "amount": 340.0})
    approval = await desk.the_one(thread)
    args = dict(approval.actions[0].args)
    for wrong, field in (
        ({**args, "amount": "lots"}, "amount"),
        ({**args, "iban": "X"}, "iban"),
        ({k: v for k, v in args.items() if k != "note"}, "note"),
    ):
        refusal = await desk.refused(approval, EDIT, args=wrong)
        assert (refusal.reason, refusal.field) == (Reason.INVALID_ANSWER, field)
    assert (await desk.get(approval)).status is Status.PENDING


async def test_question_answered(desk: Desk) -> None:
    """A text interrupt is answered by text."""
    thread = await desk.start(question.graph, {"city": "Lyon"})
    thread = await desk.answer(thread, RESPOND, text="Friday")
    assert (await desk.values(thread))["result"] == "Booked a room in Lyon for Friday."


@pytest.mark.parametrize(
    ("kind", "more", "result"),
    [
        (APPROVE, {}, "Sent to a@x.example: Hi"),
        (EDIT, {"args": {"to": "b@x.example", "body": "Ho"}}, "Sent to b@x.example: Ho"),
        (RESPOND, {"text": "wait"}, "Not sent; I was told: wait"),
        (DENY, {}, "Not sent."),
    ],
)
async def test_agent_inbox_graph(desk: Desk, kind: DecisionType, more: dict[str, Any], result: str) -> None:
    """A graph written for Agent Inbox takes every kind of answer."""
    thread = await desk.start(inbox.graph, {"to": "a@x.example", "body": "Hi"})
    thread = await desk.answer(thread, kind, **more)
    assert (await desk.values(thread))["result"] == result


async def test_middleware_batch(desk: Desk) -> None:
    """Each gated tool call gets its own verdict; a call that is not gated is not asked about."""
    thread = await desk.start(middleware.graph, {"messages": [{"role": "user", "content": "settle up"}]})
    approval = await desk.the_one(thread)
    assert [action.name for action in approval.actions] == ["pay_invoice", "delete_file"]
    await desk.decide(approval, EDIT, action=0, args={"vendor": "Acme", "amount": 90.0})
    await desk.decide(approval, DENY, action=1, reason="keep it")
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    approval = await desk.get(approval)
    assert approval.status is Status.RESUMED
    assert approval.outcome is not None
    assert "Paid $90.00 to Acme." in approval.outcome.text
    assert "keep it" in approval.outcome.text


async def test_middleware_per_call(desk: Desk) -> None:
    """One interrupt per tool call: each is an approval of its own, offered what its schema allows."""
    agent = create_agent(
        middleware.ScriptedModel(),
        tools=[middleware.pay_invoice, middleware.delete_file, middleware.read_balance],
        middleware=[
            HumanInTheLoopMiddleware(
                interrupt_on={"pay_invoice": True, "delete_file": {"allowed_decisions": ["approve", "reject"]}},
                interrupt_mode="per_call",
            )
        ],
    )
    thread = await desk.start(agent, {"messages": [{"role": "user", "content": "settle up"}]})
    pay, delete = sorted(await desk.pending(thread), key=lambda a: a.title, reverse=True)
    assert (pay.dialect, pay.actions[0].name, delete.actions[0].name) == ("per_call", "pay_invoice", "delete_file")
    assert set(pay.allowed) == {APPROVE, EDIT, DENY, RESPOND}
    assert set(delete.allowed) == {APPROVE, DENY}
    await desk.decide(pay, EDIT, args={"vendor": "Acme", "amount": 90.0})
    await desk.decide(delete, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    outcome = (await desk.get(pay)).outcome
    assert outcome is not None
    assert "Paid $90.00 to Acme." in outcome.text
    assert "Deleted /archive/2019.zip." in outcome.text


async def test_functional_api(desk: Desk) -> None:
    """An entrypoint pauses and goes on like any graph; what it returns is the outcome."""

    @entrypoint()
    async def flow(topic: str) -> str:
        return f"{topic}: {interrupt('go?')}"

    thread = await desk.start(flow, "launch")
    approval = await desk.the_one(thread)
    thread = await desk.answer(thread)
    outcome = (await desk.get(approval)).outcome
    assert outcome is not None
    assert (outcome.finished, outcome.text) == (True, "launch: True")


async def test_parallel_questions_are_answered_one_by_one(desk: Desk) -> None:
    """Two questions open at once: answering one leaves the other as it was, with the same approval."""
    thread = await desk.start(parallel.graph, {"servers": ["a", "b"], "done": []})
    first, second = await desk.pending(thread)
    await desk.decide(first, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert [a.id for a in await desk.pending(thread)] == [second.id]
    assert (await desk.get(first)).status is Status.RESUMED
    thread = await desk.answer(thread, DENY)
    assert len((await desk.values(thread))["done"]) == 2
    assert thread.state is ThreadState.DONE


async def test_two_questions_of_one_node(desk: Desk) -> None:
    """A node that asks twice gets two approvals; the first answer never answers the second question."""

    def node(state: Log) -> Log:
        return {"log": [f"{interrupt('first?')}/{interrupt('second?')}"]}

    thread = await desk.start(line(("n", node)))
    thread = await desk.answer(thread, RESPOND, text="one")
    second = await desk.the_one(thread)
    assert second.title == "second?"
    thread = await desk.answer(thread, RESPOND, text="two")
    assert (await desk.values(thread))["log"] == ["one/two"]
    assert [a.status for a in await desk.all(thread)] == [Status.RESUMED] * 2


async def test_answer_that_the_schema_refuses(desk: Desk) -> None:
    """A value that LangGraph refuses is asked again; the schema survives the checkpoint and is checked before."""

    def node(state: Log) -> Log:
        return {"log": [repr(interrupt("how many?", response_schema=int))]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.the_one(thread)
    assert approval.schema == {"type": "integer"}
    assert approval.allowed == (RESPOND,)
    refusal = await desk.refused(approval, RESPOND, text="many")
    assert refusal.reason is Reason.INVALID_ANSWER
    thread = await desk.answer(thread, RESPOND, text="30")
    assert (await desk.values(thread))["log"] == ["30"]


async def test_langgraph_refuses_what_we_let_through(desk: Desk) -> None:
    """What only LangGraph can tell is wrong: the question is pending again, with its error and a new revision."""
    from pydantic import BaseModel, field_validator

    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def even(cls, n: int) -> int:
            if n % 2:
                raise ValueError("odd")
            return n

    def node(state: Log) -> Log:
        return {"log": [repr(interrupt("even?", response_schema=Even))]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.the_one(thread)
    thread = await desk.answer(thread, RESPOND, text='{"n": 3}')
    again = await desk.the_one(thread)
    assert (again.id, again.revision) == (approval.id, approval.revision + 1)
    assert again.error is not None
    thread = await desk.answer(thread, RESPOND, text='{"n": 4}')
    assert (await desk.values(thread))["log"] == ["Even(n=4)"]


async def test_literal_schema_offers_its_words(desk: Desk) -> None:
    """A schema of two words becomes the two buttons, and the graph gets the word."""

    def node(state: Log) -> Log:
        return {"log": [interrupt("ship?", response_schema=Literal["approve", "reject"])]}

    thread = await desk.start(line(("n", node)))
    assert (await desk.the_one(thread)).allowed == (APPROVE, DENY)
    thread = await desk.answer(thread, DENY)
    assert (await desk.values(thread))["log"] == ["reject"]


async def test_question_that_changes_is_amended(desk: Desk) -> None:
    """The same slot asking something else: the approval keeps its id, its revision grows."""
    prices = iter(["$1", "$2"])

    def asks(state: Log) -> Log:
        return {"log": [str(interrupt(f"pay {next(prices)}?"))]}

    def other(state: Log) -> Log:
        return {"log": [str(interrupt("other?"))]}

    graph = StateGraph(Log).add_node("a", asks).add_node("b", other)
    graph.add_edge(START, "a").add_edge(START, "b").add_edge("a", END).add_edge("b", END)
    thread = await desk.start(graph)
    first, second = sorted(await desk.pending(thread), key=lambda a: a.title, reverse=True)
    assert first.title == "pay $1?"
    await desk.decide(second, APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    amended = await desk.the_one(thread)
    assert (amended.id, amended.title, amended.revision) == (first.id, "pay $2?", first.revision + 1)


@pytest.mark.parametrize(("kind", "log"), [(APPROVE, ["first", "second"]), (DENY, ["first"])])
@pytest.mark.parametrize("where", [{"interrupt_before": ["second"]}, {"interrupt_after": ["first"]}])
async def test_static_breakpoint(desk: Desk, kind: DecisionType, log: list[str], where: dict[str, Any]) -> None:
    """A breakpoint is an approval of its own: yes goes on, no ends the thread without running the node."""
    graph = line(("first", lambda s: {"log": ["first"]}), ("second", lambda s: {"log": ["second"]}))
    thread = await desk.start(graph.compile(**where))
    approval = await desk.the_one(thread)
    assert (approval.dialect, approval.title) == ("breakpoint", "Go on with Second?")
    thread = await desk.answer(thread, kind)
    assert (await desk.values(thread))["log"] == log
    assert thread.state is ThreadState.DONE
    assert (await desk.get(approval)).status is Status.RESUMED


@pytest.mark.parametrize("where", [{"interrupt_before": ["two"]}, {"interrupt_after": ["one"]}])
async def test_breakpoint_inside_a_subgraph(desk: Desk, where: dict[str, Any]) -> None:
    """A breakpoint in a graph within the graph holds as well."""
    inner = line(("one", lambda s: {"log": ["one"]}), ("two", lambda s: {"log": ["two"]}))
    thread = await desk.start(line(("child", inner.compile(**where))))
    assert (await desk.the_one(thread)).dialect == "breakpoint"
    thread = await desk.answer(thread)
    assert "two" in (await desk.values(thread))["log"]
    assert thread.state is ThreadState.DONE


async def test_interrupt_inside_a_subgraph(desk: Desk) -> None:
    """A question of a graph within the graph is asked once and answered."""
    inner = line(("ask", lambda s: {"log": [str(interrupt("inner?"))]}))
    thread = await desk.start(line(("child", inner.compile())))
    thread = await desk.answer(thread)
    assert (await desk.values(thread))["log"] == ["True"]


async def test_context_and_config_are_passed_on_every_run(desk: Desk) -> None:
    """LangGraph keeps neither context nor config: both are there after the resume too, with the decision's facts."""
    seen: list[Any] = []

    def node(state: Log, config: RunnableConfig, runtime: Any = None) -> Log:
        seen.append((config["configurable"].get("tenant"), config["metadata"].get("signoff_actor")))
        return {"log": [str(interrupt("go?"))]}

    thread = await desk.start(line(("n", node)), config={"configurable": {"tenant": "acme"}})
    await desk.answer(thread)
    assert seen == [("acme", None), ("acme", "pat")]


async def test_audit_tells_the_story(desk: Desk) -> None:
    """What happened is in the audit, in order."""
    thread = await desk.start(refund.graph, {"customer": "1", "amount": 1.0})
    approval = await desk.the_one(thread)
    await desk.answer(thread)
    kinds = [event.type for event in await desk.store.audit(approval.id)]
    assert kinds == [EventType.OPENED, EventType.DECIDED, EventType.RESOLVED, EventType.RESUMING, EventType.RESUMED]
    assert (await desk.get(approval)).resolution is Resolution.APPROVED
