"""Graphs that say and expect what published examples say and expect, each reduced to its interrupt.

Named after the table in `docs/interrupts.md`. Only `langgraph.json` beside this file knows of Signoff.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Log(TypedDict, total=False):
    """Collects what was done; `draft` and `note` are plain state."""

    log: Annotated[list[str], operator.add]
    draft: str
    note: str
    result: str


def of(ask: Callable[[], str]) -> Any:
    """A graph of one node, whose result is what it did."""

    def node(state: Log) -> Log:
        done = ask()
        return {"log": [done], "result": done}

    return StateGraph(Log).add_node("ask", node).add_edge(START, "ask").add_edge("ask", END).compile()


def _email_draft() -> str:
    answer = interrupt({"action": "send_email", "to": "a@x.example", "body": "Hi"})
    return "sent" if answer["approved"] else f"kept: {answer['reason']}"


def _full_example() -> str:
    return "sent" if interrupt({"draft": "Dear all", "question": "Send it?"}) == "approve" else "kept"


def _gate() -> str:
    answer = interrupt({"action": "drop_table", "args": {"table": "t"}, "question": "Proceed?"})
    return "dropped" if answer == "yes" else "kept"


def _review_and_edit() -> str:
    text = interrupt({"draft": "Dear all", "editable": True})
    assert isinstance(text, str)
    return f"sent: {text}"


def _clarification() -> str:
    answer = interrupt({"question": "Which region should it run in?", "context": "two are free"})
    assert isinstance(answer, str)
    return f"in {answer}"


def _multi_step() -> str:
    interrupt({"require": "manager_approval"})
    interrupt({"require": "finance_approval"})
    return "ordered"


def _approval_node() -> str:
    return "done" if interrupt("Agent wants to: delete the file. Approve? (True/False)") else "left"


def _text_to_revise() -> str:
    text = interrupt({"text_to_revise": "helo"})
    assert isinstance(text, str)
    return text


def _human_approval() -> str:
    answer = interrupt({"question": "Is this correct?", "llm_output": "4"})
    return "approved" if answer == "approve" else "rejected"


def _review_edit() -> str:
    answer = interrupt({"task": "Review the summary", "generated_summary": "A cat."})
    return answer["edited_summary"]


def _book_hotel() -> str:
    hotel = "Ritz"
    answer = interrupt(
        f"Trying to call `book_hotel` with args {{'hotel_name': {hotel}}}. Please approve or suggest edits."
    )
    if answer["type"] == "accept":
        pass
    elif answer["type"] == "edit":
        hotel = answer["args"]["hotel_name"]
    else:
        raise ValueError(f"Unknown response type: {answer['type']}")
    return f"booked {hotel}"


def _basic() -> str:
    answer = interrupt("Do you approve this action?")
    assert answer in (True, False)
    return "done" if answer else "left"


def _email_review() -> str:
    answer = interrupt(
        {"email_id": "e1", "draft_response": "Dear you", "urgency": "high", "action": "Please review and approve/edit"}
    )
    return f"sent: {answer.get('edited_response') or 'Dear you'}" if answer["approved"] else "kept"


def _validation_loop() -> str:
    prompt = "What is your age?"
    while True:
        answer = interrupt(prompt)
        if isinstance(answer, int) and answer > 0:
            return f"{answer} years"
        prompt = f"'{answer}' is not a valid age. Please enter a positive number."


def _send_email() -> str:
    answer = interrupt(
        {
            "action": "send_email",
            "to": "a@x.example",
            "subject": "S",
            "body": "B",
            "message": "Approve sending this email?",
        }
    )
    return "sent" if answer.get("approved") else f"cancelled: {answer.get('reason')}"


def _delete_course() -> str:
    answer = interrupt({"action": "delete_course", "course": "C1", "message": "Delete it?"})
    return f"deleted by {answer['operator']}" if answer.get("confirmed") else f"kept: {answer['reason']}"


def _huge() -> str:
    answer = interrupt(
        {"action": "publish", "args": {"title": "Log", "body": "<!channel> \u202e" * 100_000 + "the end"}}
    )
    assert answer["approved"]
    return f"published {len(answer['args']['body'])}"


huge = of(_huge)
email_draft, full_example, gate = of(_email_draft), of(_full_example), of(_gate)
review_and_edit, clarification, multi_step = of(_review_and_edit), of(_clarification), of(_multi_step)
approval_node, text_to_revise, human_approval = of(_approval_node), of(_text_to_revise), of(_human_approval)
review_edit, book_hotel, basic = of(_review_edit), of(_book_hotel), of(_basic)
email_review, validation_loop = of(_email_review), of(_validation_loop)
send_email, delete_course = of(_send_email), of(_delete_course)


def _parallel() -> Any:
    graph = StateGraph(Log)
    for name in ("a", "b"):

        def node(state: Log, name: str = name) -> Log:
            return {"log": [f"{name}: {interrupt(f'question_{name}')}"]}

        graph.add_node(name, node)
        graph.add_edge(START, name)
        graph.add_edge(name, "end")
    graph.add_node("end", lambda state: {"result": " / ".join(sorted(state["log"]))})
    return graph.add_edge("end", END).compile()


def _subgraph() -> Any:
    inner = of(lambda: str(interrupt("What's your name?")))
    return StateGraph(Log).add_node("child", inner).add_edge(START, "child").add_edge("child", END).compile()


def _steps(**stops: Any) -> Any:
    graph = StateGraph(Log)
    graph.add_node("write", lambda state: {"draft": "Dear all", "log": ["written"]})
    graph.add_node("send", lambda state: {"result": f"sent: {state['draft']}", "log": ["sent"]})
    graph.add_edge(START, "write").add_edge("write", "send").add_edge("send", END)
    return graph.compile(**stops)


def _two_texts() -> Any:
    graph = StateGraph(Log)
    for name, text in (("one", "helo"), ("two", "wrld")):

        def node(state: Log, text: str = text) -> Log:
            return {"log": [interrupt({"text_to_revise": text})]}

        graph.add_node(name, node)
        graph.add_edge(START, name)
        graph.add_edge(name, "end")
    graph.add_node("end", lambda state: {"result": " ".join(sorted(state["log"]))})
    return graph.add_edge("end", END).compile()


parallel, subgraph, two_texts = _parallel(), _subgraph(), _two_texts()
before, after = _steps(interrupt_before=["send"]), _steps(interrupt_after=["write"])
