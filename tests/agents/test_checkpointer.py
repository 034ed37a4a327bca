"""What the checkpointer keeps, and what it refuses to write."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import math
import operator
import re
import sys
from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Interrupt, interrupt
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from redisvl.exceptions import RedisSearchError

from agents import strict
from agents.checkpointer import CheckpointerDown, open_checkpointer
from agents.fence import current_fence, fenced
from agents.serde import KeepingSerializer, WholeSerializer
from approvals.errors import LeaseLost, SignoffError
from approvals.store.embedded import EmbeddedServer

pytestmark = pytest.mark.both_servers

Saver = BaseCheckpointSaver[Any]


class Level(Enum):
    """An enum in the state."""

    LOW = "low"


class Level2(StrEnum):
    """One that is text as well."""

    HIGH = "high"


class Customer(BaseModel):
    """A model in the state, with a field that renames itself."""

    name: str = Field(alias="customerName")
    balance: Decimal
    level: Level = Level.LOW
    model_config = ConfigDict(populate_by_name=True, extra="allow")


@dataclasses.dataclass
class Order:
    """A dataclass in the state."""

    customer: Customer
    at: datetime


ADA = Customer(customerName="Ada", balance=Decimal("1.10"), vip=True)  # pyright: ignore[reportCallIssue]

VALUES: dict[str, Any] = {
    "decimal": Decimal("1.50"),
    "datetime": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "naive": datetime(2026, 1, 2, 3, 4),  # noqa: DTZ001
    "date": date(2026, 1, 2),
    "time": time(3, 4, fold=1),
    "timedelta": timedelta(days=-1, seconds=3),
    "uuid": UUID(int=7),
    "frozenset": frozenset({1, 2}),
    "infinite": -math.inf,
    "huge": 2**80,
    "nested": {"list": [Decimal("0.1"), {"deep": Decimal("0.2")}], "text": "é\u0000", "none": None},
    "enum": Level.LOW,
    "strenum": Level2.HIGH,
    "model": ADA,
    "dataclass": Order(ADA, datetime(2026, 1, 2, tzinfo=UTC)),
    "message": AIMessage("hi", id="m1", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
    "bytes": {"raw": b"\x00\xff", "beside": Decimal("1.5"), "model": ADA},
    "plain": [1, 2.5, True, "x"],
    "path": Path("/srv/files"),
    "deque": deque([1, Decimal("1.5")], maxlen=None),
    "address": IPv4Address("10.0.0.1"),
    "zone": ZoneInfo("Europe/Berlin"),
    "pattern": re.compile("a+", re.IGNORECASE),
    "secret": SecretStr("hunter2"),
}


async def _free() -> None:
    return


@pytest.fixture(params=[KeepingSerializer, WholeSerializer])
def serde(request: pytest.FixtureRequest) -> KeepingSerializer:
    """That of each saver."""
    return request.param()


@pytest.mark.parametrize("name", VALUES)
def test_values_survive_the_serializer(serde: KeepingSerializer, name: str) -> None:
    """Every value comes back as it was, of the same type."""
    back = serde.loads_typed(serde.dumps_typed({"v": VALUES[name]}))["v"]
    assert (back, type(back)) == (VALUES[name], type(VALUES[name]))


def test_nan_survives(serde: KeepingSerializer) -> None:
    """NaN stays NaN."""
    assert math.isnan(serde.loads_typed(serde.dumps_typed(math.nan)))


def test_interrupts_stay_whole(serde: KeepingSerializer) -> None:
    """An interrupt keeps its id, its response schema and the types in its value."""
    one = Interrupt(value={"amount": Decimal("1.50"), "pair": [1, 2]}, id="a" * 32)
    object.__setattr__(one, "response_schema", {"type": "boolean"})
    (back,) = serde.loads_typed(serde.dumps_typed([one]))
    assert (back.value, back.id, back.response_schema) == (one.value, one.id, {"type": "boolean"})


def test_a_foreign_envelope_makes_nothing_new(serde: KeepingSerializer) -> None:
    """Only the types in the list are made, and only models and enums that are loaded; the rest stays data."""
    envelope = {"lc": 2, "type": "constructor", "id": ["signoff", "Popen"], "args": [["true"]]}
    assert serde.loads_typed(KeepingSerializer().dumps_typed(envelope)) == envelope
    for module, name in (("subprocess", "Popen"), ("antigravity", "Model")):
        model = {"lc": 2, "type": "constructor", "id": ["signoff", "model"], "args": [module, name, {"args": "x"}]}
        assert serde.loads_typed(KeepingSerializer().dumps_typed(model)) == {"args": "x"}
    assert "antigravity" not in sys.modules


class State(TypedDict, total=False):
    """Every value in a channel."""

    values: dict[str, Any]
    log: Annotated[list[str], operator.add]


def graph_of(node: Any, saver: Saver) -> Any:
    return StateGraph(State).add_node("n", node).add_edge(START, "n").add_edge("n", END).compile(checkpointer=saver)


async def test_state_survives_the_checkpoint(saver: Saver) -> None:
    """State written by a node is read back from Redis as it was."""
    graph = graph_of(lambda state: {"values": VALUES}, saver)
    config = {"configurable": {"thread_id": "t"}}
    with fenced(_free):
        await graph.ainvoke({}, config, durability="sync")
    back = (await graph.aget_state(config)).values["values"]
    assert back == VALUES
    assert {k: type(v) for k, v in back.items()} == {k: type(v) for k, v in VALUES.items()}


async def test_a_paused_thread_survives(saver: Saver) -> None:
    """So is the state of a paused thread, and the value of its interrupt with its schema."""

    def node(state: State) -> State:
        interrupt({"amount": Decimal("1.50")}, response_schema=bool)
        return {}

    graph = graph_of(node, saver)
    config = {"configurable": {"thread_id": "t"}}
    with fenced(_free):
        await graph.ainvoke({"values": VALUES}, config, durability="sync")
    state = await graph.aget_state(config)
    assert state.values["values"] == VALUES
    assert state.interrupts[0].value == {"amount": Decimal("1.50")}
    assert state.interrupts[0].response_schema == {"type": "boolean"}


async def test_no_write_without_a_fence(saver: Saver) -> None:
    """A run that nobody drives is refused."""
    graph = graph_of(lambda state: {"log": ["x"]}, saver)
    with pytest.raises(SignoffError, match="outside a drive"):
        await graph.ainvoke({}, {"configurable": {"thread_id": "t"}}, durability="sync")


@pytest.mark.parametrize("sync_node", [True, False])
@pytest.mark.parametrize("durability", ["sync", "async"])
async def test_every_write_passes_the_fence(saver: Saver, sync_node: bool, durability: Any) -> None:
    """LangGraph writes from tasks of its own: the fence reaches them, and the nodes, however they run."""
    passed: list[str] = []
    seen: list[bool] = []

    async def fence() -> None:
        task = asyncio.current_task()
        passed.append(task.get_name() if task else "")

    def node(state: State) -> State:
        seen.append(contextvars.copy_context().get(current_fence) is not None)
        return {"log": ["x"]}

    async def anode(state: State) -> State:
        return node(state)

    graph = graph_of(node if sync_node else anode, saver)
    with fenced(fence):
        await graph.ainvoke({}, {"configurable": {"thread_id": "t"}}, durability=durability)
    assert len(passed) >= 4
    assert seen == [True]


async def test_the_fence_stops_the_run(saver: Saver) -> None:
    """Once the lease is lost nothing is written, and the run ends with `LeaseLost`."""
    left = 2

    async def fence() -> None:
        nonlocal left
        if not left:
            raise LeaseLost("gone")
        left -= 1

    graph = graph_of(lambda state: {"log": ["x"]}, saver)
    config = {"configurable": {"thread_id": "t"}}
    with fenced(fence), pytest.raises(LeaseLost):
        await graph.ainvoke({}, config, durability="sync")
    assert (await graph.aget_state(config)).values.get("log", []) == []


async def test_a_server_that_is_away_is_not_an_empty_thread(tmp_path: Path, saver_kind: str) -> None:
    """A read that fails says so, of a thread and of its history."""
    with EmbeddedServer(tmp_path, persist=False, modules=saver_kind == "redis") as server:
        async with open_checkpointer(server.url) as saver:
            server.stop()
            with pytest.raises(CheckpointerDown):
                await saver.aget_tuple({"configurable": {"thread_id": "t"}})
            with pytest.raises((CheckpointerDown, RedisSearchError)):
                _ = [found async for found in saver.alist({"configurable": {"thread_id": "t"}})]


def test_strict_resume_is_still_there() -> None:
    """LangGraph's private switch has the name we set."""
    assert strict.STRICT_RESUME == "__pregel_strict_resume"


async def test_strict_resume_still_works(saver: Saver) -> None:
    """With the switch an id that is not pending is refused before anything runs."""
    from langgraph.types import Command

    runs: list[str] = []

    def node(state: State) -> State:
        runs.append("n")
        return {"log": [str(interrupt("go?"))]}

    graph = graph_of(node, saver)
    config = {"configurable": {"thread_id": "t", strict.STRICT_RESUME: True}}
    with fenced(_free):
        await graph.ainvoke({}, config, durability="sync")
        with pytest.raises(strict.UnknownInterruptError):
            await graph.ainvoke(Command(resume={"0" * 32: True}), config, durability="sync")
    assert runs == ["n"]
