"""Who can write to Redis must not thereby run code: a checkpoint names types, and only plain, known ones are built."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import ormsgpack
import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt
from pydantic import BaseModel

from agents.serde import KeepingSerializer, WholeSerializer

TRAP = """
from dataclasses import dataclass
from pathlib import Path
Path(__file__).with_suffix(".sprung").touch()
@dataclass
class Trap:
    x: int = 0
def go(*args, **kwargs):
    Path(__file__).with_suffix(".sprung").touch()
"""


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module that can be imported, and leaves a mark if it is."""
    (tmp_path / "signoff_trap.py").write_text(TRAP)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "signoff_trap.sprung"
    sys.modules.pop("signoff_trap", None)


def envelope(lc: int, *path: str, **fields: Any) -> tuple[str, bytes]:
    return "json", json.dumps({"lc": lc, "type": "constructor", "id": list(path), **fields}).encode()


def ext(code: int, *parts: Any) -> tuple[str, bytes]:
    return "msgpack", ormsgpack.packb({"x": ormsgpack.Ext(code, ormsgpack.packb(parts))})


def load(stored: tuple[str, bytes]) -> None:
    """As either saver does. LangChain's own format may be refused as a whole."""
    for serializer in (KeepingSerializer, WholeSerializer):
        with contextlib.suppress(ValueError):
            serializer().loads_typed(stored)


HOSTILE = {
    "json 1": envelope(1, "signoff_trap", "Trap", kwargs={"x": 1}),
    "json 2": envelope(2, "signoff_trap", "Trap", kwargs={"x": 1}),
    "json function": envelope(2, "signoff_trap", "go", args=[1]),
    "nested": ("json", json.dumps({"a": [json.loads(envelope(2, "signoff_trap", "Trap")[1])]}).encode()),
    "ours": envelope(2, "signoff", "model", args=["signoff_trap", "Trap", {"x": 1}]),
    "ours enum": envelope(2, "signoff", "enum", args=["signoff_trap", "Trap", 1]),
    "one": ext(0, "signoff_trap", "go", 1),
    "positional": ext(1, "signoff_trap", "go", [1]),
    "named": ext(2, "signoff_trap", "Trap", {"x": 1}),
    "method": ext(3, "signoff_trap", "Trap", 1, "go"),
    "v1": ext(4, "signoff_trap", "Trap", {"x": 1}),
    "v2": ext(5, "signoff_trap", "Trap", {"x": 1}, "model_validate_json"),
    "interrupt": (
        "json",
        json.dumps(
            [{"__interrupt__": True, "value": json.loads(envelope(2, "signoff_trap", "Trap")[1]), "id": "i"}]
        ).encode(),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_imported_because_a_checkpoint_says_so(trap: Path, name: str) -> None:
    """In none of the formats; the data comes back as data, or is refused."""
    load(HOSTILE[name])
    assert not trap.exists()
    assert "signoff_trap" not in sys.modules


def test_the_trap_bites(trap: Path) -> None:
    """LangGraph's own serializer, as it is by default, imports it: what is tested above is not void."""
    JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(HOSTILE["named"])
    assert trap.exists()


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("subprocess", "Popen"), ("builtins", "eval"), ("pathlib", "Path.unlink")]
)
def test_what_is_loaded_but_no_plain_data_is_not_called(tmp_path: Path, module: str, name: str) -> None:
    """Functions and classes that do things stay names."""
    mark = tmp_path / "mark"
    command = f"touch {mark}" if module != "builtins" else f"open({str(mark)!r}, 'w')"
    for code in (0, 1, 2, 4, 5):
        given: Any = {"args": command} if code in (2, 4, 5) else [command] if code == 1 else command
        load(ext(code, module, name, given))
    for lc in (1, 2):
        load(envelope(lc, module, name, args=[command]))
    assert not mark.exists()


def test_the_environment_is_not_read_because_a_checkpoint_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain's format can name environment variables as secrets."""
    monkeypatch.setenv("SIGNOFF_TEST_SECRET", "hunter2")
    named = json.dumps({"lc": 1, "type": "secret", "id": ["SIGNOFF_TEST_SECRET"]}).encode()
    assert "hunter2" not in repr(KeepingSerializer().loads_typed(("json", named)))


# -- what operators use goes on working: their modules are imported with their graphs


@dataclass
class Point:
    x: int


class Model(BaseModel):
    x: int


class Colour(Enum):
    RED = "red"


class Pair(NamedTuple):
    a: int
    b: int


@pytest.mark.parametrize("serializer", [KeepingSerializer, WholeSerializer])
@pytest.mark.parametrize("value", [Point(1), Model(x=1), Colour.RED])
def test_own_types_of_loaded_modules_come_back(serializer: type[KeepingSerializer], value: object) -> None:
    """In both formats: as JSON in the state, and in what an interrupt said."""
    kept = serializer()
    assert kept.loads_typed(kept.dumps_typed({"v": [value]})) == {"v": [value]}
    asked = [Interrupt({"v": value}, id="i")]
    assert kept.loads_typed(kept.dumps_typed(asked)) == asked


def test_what_is_no_json_at_all_comes_back_too() -> None:
    """A state that takes LangGraph's own format: keys that are no text, sets, named tuples."""
    kept = KeepingSerializer()
    state = {1: Pair(1, 2), "s": {1, 2}, "p": Point(3)}
    kind, stored = JsonPlusSerializer.dumps_typed(kept, state)
    assert kind == "msgpack"
    assert kept.loads_typed((kind, stored)) == state


def test_a_pickle_is_refused() -> None:
    """Whatever LangGraph may be told to fall back on: a pickle in a checkpoint is code."""
    for serializer in (KeepingSerializer, WholeSerializer):
        with pytest.raises(NotImplementedError):
            serializer().loads_typed(("pickle", pickle.dumps("x")))
