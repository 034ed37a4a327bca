"""The text of agents as other people write them: nothing in them knows of Signoff."""

AGENTS = '''
import os
from typing import Annotated, Any, TypedDict
import operator

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from office import GREETING


class State(TypedDict, total=False):
    given: str
    answers: Annotated[list, operator.add]
    result: str


def one(node):
    return StateGraph(State).add_node("work", node).add_edge(START, "work").add_edge("work", END)


def ask(state):
    answer = interrupt("Which tone should the letter have?")
    return {"answers": [answer], "result": f"{GREETING} {os.environ['FOREIGN_TONE']} {answer}"}


text = one(ask).compile(checkpointer=InMemorySaver())


def confirm(state):
    return {"answers": [interrupt("Shall I send the letter?")]}


sure = one(confirm).compile()


def drop(state):
    answer = interrupt({"action": "drop_table", "args": {"table": "users", "rows": 12}})
    return {"answers": [answer]}


table = one(drop).compile()


def mail(state):
    request = {
        "action_request": {"action": "send_email", "args": {"to": "x@example.com", "body": "Hello"}},
        "config": {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True},
        "description": "A draft",
    }
    return {"answers": [interrupt([request])[0]]}


inbox = one(mail).compile()


def twice(state):
    first = interrupt({"question": "Really?", "step": 1})
    second = interrupt({"question": "Really really?", "step": 2})
    return {"answers": [first["approved"], second["approved"]]}


two = one(twice).compile()


def left(state):
    return {"answers": ["left", interrupt({"action": "open_left", "args": {"by": 1}})["approved"]]}


def right(state):
    return {"answers": ["right", interrupt({"action": "open_right", "args": {"by": 2}})["approved"]]}


both = (
    StateGraph(State)
    .add_node("left", left)
    .add_node("right", right)
    .add_edge(START, "left")
    .add_edge(START, "right")
    .add_edge("left", END)
    .add_edge("right", END)
    .compile()
)

inner = one(drop).compile()
nested = StateGraph(State).add_node("inner", inner).add_edge(START, "inner").add_edge("inner", END).compile()


def wire(to: str, amount: int) -> str:
    """Wires money."""
    return f"wired {amount} to {to}"


def shred(path: str) -> str:
    """Shreds a file."""
    return f"shredded {path}"


class Model(BaseChatModel):
    @property
    def _llm_type(self):
        return "fake"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        said = [m for m in messages if isinstance(m, ToolMessage)]
        if said:
            answer = AIMessage("; ".join(m.text for m in said))
        else:
            answer = AIMessage(
                "",
                tool_calls=[
                    {"name": "wire", "args": {"to": "Acme", "amount": 900}, "id": "c1", "type": "tool_call"},
                    {"name": "shred", "args": {"path": "/tmp/x"}, "id": "c2", "type": "tool_call"},
                ],
            )
        return ChatResult(generations=[ChatGeneration(message=answer)])


def team():
    """A factory, as the LangGraph CLI takes them."""
    guard = HumanInTheLoopMiddleware(interrupt_on={"wire": True, "shred": True})
    return create_agent(Model(), tools=[wire, shred], middleware=[guard])
'''
OFFICE = 'GREETING = "Dear customer,"\n'
NAMES = ("text", "sure", "table", "inbox", "two", "both", "nested", "team")
GRAPHS = {
    "dependencies": ["."],
    "env": ".env.foreign",
    "graphs": {name: f"./agents_of_ours.py:{name}" for name in NAMES},
}
