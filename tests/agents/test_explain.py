"""`explain`: what is found in the source of the examples, and what is doubted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langgraph.types import interrupt

from agents.dialects import Dialects
from agents.dialects.replies import Replies
from agents.explain import Explained, of_graph, of_value
from agents.registry import Registry
from tests.agents.graphs import Log, line

ROOT = Path(__file__).parents[2]


def by_words(state: Log) -> Log:
    answer = interrupt({"question": "Is it fit?", "draft": "x"})
    return {"log": ["yes" if answer == "approve" else "no"]}


def by_truth(state: Log) -> Log:
    if not interrupt({"action": "drop", "table": "t"}):
        return {"log": ["kept"]}
    return {"log": ["dropped"]}


def by_key(state: Log) -> Log:
    answer = interrupt({"action": "delete", "course": "c"})
    return {"log": [str(answer.get("confirmed"))]}


def by_our_keys(state: Log) -> Log:
    answer = interrupt({"action": "delete", "course": "c"})
    return {"log": [answer["reason"] if not answer["approved"] else answer["args"]["course"]]}


def told(node: Any, replies: Replies | None = None) -> Explained:
    (found,) = of_graph(Dialects(replies=replies), line(("n", node)).compile(), "g")
    return found


@pytest.mark.parametrize(
    ("node", "doubt"),
    [
        (by_words, "the code waits for the text 'approve', which is never sent"),
        (by_truth, "the code takes the answer for true or false, and the answer of a denial counts as true"),
        (by_key, "the code reads 'confirmed', which no answer has"),
    ],
)
def test_what_does_not_go_together_is_doubted(node: Any, doubt: str) -> None:
    """A node that waits for something else than it would be given is found before anybody is asked."""
    assert told(node).doubts == (doubt,)


def test_what_goes_together_is_not() -> None:
    """No doubt where the answers have what the code reads."""
    assert told(by_our_keys).doubts == ()


async def test_every_example_of_ours_is_explained_without_doubt() -> None:
    """The examples say what they mean, and their configuration fits them."""
    registry = Registry.load(ROOT / "langgraph.json")
    dialects = Dialects(replies=registry.replies)
    found = {name: of_graph(dialects, await registry.graph(name), name) for name in registry.names()}
    assert {name: each.doubts for name, every in found.items() for each in every if each.doubts} == {}
    assert found["words"][0].answers == {"approve": "approve", "deny": "reject"}
    assert found["sequence"][0].answers["deny"] == "(ends the thread)"
    assert [each.node for each in found["subgraph"]] == ["person › who"]
    assert [each.dialect for each in found["breakpoint"]] == ["breakpoint"]
    assert set(found["typed"][0].answers) == {"approve", "edit", "deny"}
    assert found["form"][0].answers == {"respond": "(typed into a form)"}


def test_a_value_is_explained() -> None:
    """With the value itself nothing is guessed from source."""
    explained = of_value(Dialects(), "Do you approve this?", graph="g")
    assert explained.answers == {"approve": True, "deny": False}
