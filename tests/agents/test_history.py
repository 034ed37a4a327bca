"""What was said in a thread: messages of every form, in their order, bounded; a kind answer where there are none."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt

from agents import history
from agents.history import MAX_CALLS, MAX_TEXT, ThreadHistory
from approvals.history import Call, Role, Said, Talk
from tests.agents.conftest import Desk


class Chat(TypedDict):
    """A state with messages."""

    messages: Annotated[list[AnyMessage], add_messages]


class Notes(TypedDict, total=False):
    """A state without."""

    order: str
    total: float


def asks(state: Any) -> Any:
    """Pauses."""
    return {"order": interrupt("Go on?")}


def asking(schema: Any) -> Any:
    return StateGraph(schema).add_node("ask", asks).add_edge(START, "ask")


REFUND = {"name": "refund", "args": {"order": "17", "amount": 340.0}, "id": "c1", "type": "tool_call"}
LANGCHAIN = [
    SystemMessage("Be careful."),
    HumanMessage("My parcel broke.", name="cleo"),
    AIMessage([{"type": "reasoning", "text": None}, {"type": "text", "text": "I look."}], tool_calls=[REFUND]),
    ToolMessage("Order 17 was late.", tool_call_id="c1", name="look_up"),
    AIMessage([{"type": "image_url", "image_url": {"url": "https://evil.example"}}]),
]
OBJECTS = [
    {"role": "system", "content": "Be careful."},
    {"role": "user", "content": "My parcel broke.", "name": "cleo"},
    {
        "role": "assistant",
        "content": [{"type": "text", "text": "I look."}],
        "tool_calls": [{"function": {"name": "refund", "arguments": '{"order": "17", "amount": 340.0}'}}],
    },
    {"type": "tool", "content": "Order 17 was late.", "name": "look_up"},
    {"type": "ai", "content": [{"type": "image_url", "image_url": {"url": "https://evil.example"}}]},
]
WANTED = (
    Said(role=Role.SYSTEM, text="Be careful."),
    Said(role=Role.PERSON, text="My parcel broke.", name="cleo"),
    Said(role=Role.AGENT, text="I look.", calls=(Call("refund", {"order": "17", "amount": 340.0}),)),
    Said(role=Role.TOOL, text="Order 17 was late.", name="look_up"),
    Said(role=Role.AGENT, text="[image_url]"),
)


@pytest.mark.parametrize("messages", [LANGCHAIN, OBJECTS])
def test_messages_of_either_form_read_the_same(messages: list[Any]) -> None:
    """Who, what, and which tools were called with what; thoughts are left out, pictures are named."""
    assert tuple(map(history.said, history.messages_of({"x": [], "messages": messages}))) == WANTED


def test_messages_are_found_under_any_name_but_nothing_else_is_taken_for_one() -> None:
    """A list that holds only messages; not orders, numbers, or an empty list."""
    assert list(history.messages_of({"talk": OBJECTS})) == OBJECTS
    assert list(history.messages_of(LANGCHAIN)) == LANGCHAIN
    for state in ({"messages": []}, {"orders": [{"type": "book"}]}, {"numbers": [1, 2]}, "text", None, 7):
        assert history.messages_of(state) == ()
    assert history.messages_of({"mixed": [*OBJECTS, 7]}) == ()


def test_each_message_is_bounded() -> None:
    """However long it is, and however many tools it calls."""
    long = history.said(AIMessage("x" * 10**6, tool_calls=[{**REFUND, "id": str(n)} for n in range(99)]))
    assert (len(long.text), len(long.calls)) == (MAX_TEXT, MAX_CALLS)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "name", "args", "function", "arguments", "x"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(content=anything, calls=anything, name=anything, role=st.sampled_from(["ai", "user", "tool"]))
def test_whatever_an_agent_stores_is_read(content: Any, calls: Any, name: Any, role: str) -> None:
    """Objects of any shape under the keys of a message: text and JSON come of it, never an error."""
    message = {"role": role, "content": content, "tool_calls": calls, "name": name}
    found = history.said(message)
    assert isinstance(found.text, str)
    assert all(isinstance(call.args, dict) for call in found.calls)


async def test_the_last_messages_of_a_paused_thread(desk: Desk) -> None:
    """Newest last, and how many came before them; reading runs nothing."""
    words = [{"role": "user" if n % 2 else "assistant", "content": f"Word {n}"} for n in range(7)]
    thread = await desk.start(asking(Chat), {"messages": words})
    found = await ThreadHistory(desk.graphs).last(thread, 3)
    assert found is not None
    assert ([one.text for one in found.said], found.earlier) == (["Word 4", "Word 5", "Word 6"], 4)
    assert len(await desk.pending(thread)) == 1


async def test_a_graph_within_the_graph_is_asked_first(desk: Desk) -> None:
    """Where the inner one waits, its messages tell why."""
    outer = StateGraph(Notes).add_node("inner", _inner().compile()).add_edge(START, "inner")
    thread = await desk.start(outer, {"order": "17"})
    found = await ThreadHistory(desk.graphs).last(thread, 5)
    assert found is not None
    assert [one.text for one in found.said] == ["Inside, about 17"]


class Inner(Chat, total=False):
    """The inner state."""

    order: str


def _inner() -> Any:
    def says(state: Any) -> Any:
        return {"messages": [AIMessage(f"Inside, about {state['order']}")]}

    graph = StateGraph(Inner).add_node("say", says).add_node("ask", asks)
    return graph.add_edge(START, "say").add_edge("say", "ask")


async def test_a_state_without_messages_is_shown_itself(desk: Desk) -> None:
    """Its values, as JSON."""
    thread = await desk.start(asking(Notes), {"order": "17", "total": 340.0})
    found = await ThreadHistory(desk.graphs).last(thread, 5)
    assert found == Talk(state={"order": "17", "total": 340.0})


async def test_what_cannot_be_read_is_no_error(desk: Desk) -> None:
    """A graph that is gone: nothing, and a line in the log."""
    thread = await desk.start(asking(Notes), {"order": "17"})
    desk.graphs.found.clear()
    assert await ThreadHistory(desk.graphs).last(thread, 5) is None
