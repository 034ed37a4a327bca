"""`langgraph.json`: what works, and what is said when it does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agents.registry import Registry
from approvals.errors import ConfigError

SOURCE = """
from contextlib import asynccontextmanager
from typing import TypedDict
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
import helper_of_the_graph

class State(TypedDict):
    x: int

builder = StateGraph(State).add_node("n", lambda s: {"x": helper_of_the_graph.ONE})
builder.add_edge(START, "n").add_edge("n", END)
compiled = builder.compile()
theirs = builder.compile(checkpointer=InMemorySaver())
configs = []

def factory():
    return builder

def factory_with_config(config):
    configs.append(config)
    return builder.compile()

async def async_factory():
    return compiled

@asynccontextmanager
async def context_factory():
    configs.append("in")
    yield compiled
    configs.append("out")

@entrypoint()
def functional(x: int) -> int:
    return x

number = 17

def broken():
    raise OSError("no database\\nhere")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "helper_of_the_graph.py").write_text("ONE = 1\n")
    (tmp_path / "graphs.py").write_text(SOURCE)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "langgraph.json"
    path.write_text(text)
    return path


def naming(folder: Path, spec: str) -> Path:
    return write(folder, f'{{\n "dependencies": ["./lib"],\n "graphs": {{\n  "one": "{spec}"\n }}\n}}')


@pytest.mark.parametrize(
    "attribute",
    [
        "builder",
        "compiled",
        "theirs",
        "factory",
        "factory_with_config",
        "async_factory",
        "context_factory",
        "functional",
    ],
)
async def test_whatever_makes_a_graph(folder: Path, attribute: str) -> None:
    """Compiled, uncompiled, factories of every kind: each becomes a graph with our checkpointer."""
    saver = InMemorySaver()
    registry = Registry.load(naming(folder, f"./graphs.py:{attribute}"), saver)
    graph = await registry.graph("one")
    assert graph.checkpointer is saver
    value: Any = 1 if attribute == "functional" else {"x": 0}
    result: Any = await graph.ainvoke(value, {"configurable": {"thread_id": "t"}})
    assert result in (1, {"x": 1})
    assert await registry.graph("one") is graph
    await registry.aclose()


async def test_the_users_object_keeps_its_checkpointer(folder: Path) -> None:
    """The graph in the module is not touched."""
    import sys

    registry = Registry.load(naming(folder, "./graphs.py:theirs"), InMemorySaver())
    ours = await registry.graph("one")
    (module,) = [m for name, m in sys.modules.items() if getattr(m, "__file__", None) == str(folder / "graphs.py")]
    assert module.theirs.checkpointer is not ours.checkpointer


async def test_names_descriptions_and_env(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the file, the description of the object form, and `env` without overriding what is set."""
    monkeypatch.setenv("SIGNOFF_TEST_SET", "mine")
    monkeypatch.setenv("SIGNOFF_TEST_NEW", "")
    monkeypatch.delenv("SIGNOFF_TEST_NEW")
    (folder / ".env").write_text("# comment\nSIGNOFF_TEST_SET=theirs\nexport SIGNOFF_TEST_NEW='a b'\n")
    graphs = '{"b": {"path": "./graphs.py:compiled", "description": "Does b"}, "a": "./graphs.py:compiled"}'
    registry = Registry.load(write(folder, f'{{"dependencies": ["./lib"], "env": ".env", "graphs": {graphs}}}'))
    assert registry.names() == ("b", "a")
    assert (registry.describe("b"), registry.describe("a")) == ("Does b", "")
    assert (os.environ["SIGNOFF_TEST_SET"], os.environ["SIGNOFF_TEST_NEW"]) == ("mine", "a b")
    monkeypatch.delenv("SIGNOFF_TEST_NEW")


def test_a_missing_file(tmp_path: Path) -> None:
    """The path, and what such a file looks like."""
    with pytest.raises(ConfigError, match=r"langgraph\.json: no such file.*\"graphs\""):
        Registry.load(tmp_path / "langgraph.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "graphs": {,}\n}', r"langgraph\.json:2: not JSON"),
        ("[]", r"langgraph\.json:1: must be a JSON object"),
        ('{\n"graphs": {}}', r":2: graphs: must name at least one graph"),
        ('{"graphs":\n{"one": 3}}', r":2: graphs\.one: must be"),
        ('{"graphs":\n{"one": "./graphs.py"}}', r":2: graphs\.one: “\./graphs\.py” names no attribute"),
        ('{"graphs":\n{"one": "./nope.py:g"}}', r":2: graphs\.one: “\./nope\.py” is not a file"),
        ('{"graphs":\n{"one": "no_such_module:g"}}', r"cannot be imported: ModuleNotFoundError: .*no_such_module"),
        ('{"graphs":\n{"one": "./bad.py:g"}}', r":2: graphs\.one: “\./bad\.py” cannot be imported: ZeroDivisionError"),
        ('{"dependencies": ["./nope"],\n"graphs": {"one": "./bad.py:g"}}', r":1: dependencies: “\./nope” is not a fol"),
        ('{"env": "./nope",\n"graphs": {"one": "./bad.py:g"}}', r":1: env: “\./nope” is not a file"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, message: str) -> None:
    """File, line, key and remedy."""
    (folder / "bad.py").write_text("1 / 0\n")
    with pytest.raises(ConfigError, match=message):
        Registry.load(write(folder, text))


def test_an_unknown_attribute_names_the_graphs_there(folder: Path) -> None:
    """A misspelt attribute is answered by those that would do."""
    with pytest.raises(ConfigError, match=r":4: graphs\.one: .*has no “nope”; graphs there: builder, compiled"):
        Registry.load(naming(folder, "./graphs.py:nope"))


@pytest.mark.parametrize(
    ("attribute", "message"),
    [("number", "“number” is a int, not a graph"), ("broken", "“broken” failed: OSError: no database$")],
)
async def test_not_a_graph(folder: Path, attribute: str, message: str) -> None:
    """Something else, or a factory that fails, is named when the graph is asked for."""
    registry = Registry.load(naming(folder, f"./graphs.py:{attribute}"))
    with pytest.raises(ConfigError, match=message):
        await registry.graph("one")


async def test_an_unknown_graph(folder: Path) -> None:
    """The names there are."""
    registry = Registry.load(naming(folder, "./graphs.py:compiled"))
    with pytest.raises(ConfigError, match=r"there is no “two” \(there is: one\)"):
        await registry.graph("two")


async def test_our_own_file() -> None:
    """Every example in the repository's langgraph.json loads."""
    registry = Registry.load(Path(__file__).parents[2] / "langgraph.json")
    for name in registry.names():
        assert (await registry.graph(name)).checkpointer is None
        assert registry.describe(name)


REPLIES = '{"graphs": {"one": "./graphs.py:compiled"},\n"signoff": %s}'


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ('{"reply":\n{}}', r":2: signoff\.reply: is not known \(did you mean “replies”"),
        ('{"replies":\n{"won": "bool"}}', r":3: signoff\.replies\.won: there is no graph “won” \(did you mean “one”"),
        ('{"replies": {\n"one": "boool"}}', r":3: signoff\.replies\.one: “boool” is no shape \(did you mean “bool”"),
        (
            '{"replies": {"one": {\n"n": {"aprove": 1,\n "deny": 2}}}}',
            r"signoff\.replies\.one\.n\.aprove: is not known",
        ),
        ('{"replies": {"one":\n{"n": {"approve": "$actr"}}}}', r"“\$actr” is no placeholder .*\$actor"),
        ('{"replies": {"one": {"n":\n{"reply": "bool", "deny": 2}}}}', r"name a shape, or spell the answers; not both"),
        ('{"replies": {"one": {"n":\n{"schema": {"type": 3}}}}}', r"\.n\.schema: is no JSON Schema: "),
        ('{"replies": {"one": {"n":\n{"args": "to"}}}}', r"says nothing of the answer"),
        ('{"replies": {"one": {"n":\n{"reply": "bool", "args": "to"}}}}', r"\.n\.args: must be a list of the payload"),
    ],
)
def test_what_is_wrong_with_a_reply_is_named(folder: Path, stated: str, message: str) -> None:
    """File, line, key and remedy, for the part of the file that is ours."""
    with pytest.raises(ConfigError, match=r"langgraph\.json:[2345]: signoff") as refused:
        Registry.load(write(folder, REPLIES % stated))
    refused.match(message)


async def test_a_subgraph_that_keeps_no_checkpoints_is_refused(folder: Path) -> None:
    """LangGraph could neither run it durably nor find its questions again; the message says what to change."""
    with (folder / "graphs.py").open("a") as source:
        source.write("deaf = StateGraph(State).add_node('child', builder.compile(checkpointer=False))\n")
        source.write("deaf = deaf.add_edge(START, 'child').compile()\n")
    registry = Registry.load(naming(folder, "./graphs.py:deaf"))
    with pytest.raises(ConfigError, match=r"subgraph child is compiled with checkpointer=False"):
        await registry.graph("one")
