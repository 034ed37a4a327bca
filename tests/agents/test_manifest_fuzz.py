"""`langgraph.json` with anything in it: it is read, or a `ConfigError` names the file and what is wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.manifest import read_manifest
from agents.registry import Registry
from approvals.errors import ConfigError

TEXT = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(codec=None), max_size=6),
    st.sampled_from(
        ["", ".", "..", "./", "./g.py:graph", "./g.py:", ":graph", "a:b:c", "x\x00:y", "./\x00.py:g", "$end", "*"]
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
REPLY = st.dictionaries(
    st.sampled_from(["approve", "deny", "edit", "respond", "schema", "form", "type", "x"]) | TEXT, JSON, max_size=4
)
FILE = st.fixed_dictionaries(
    {},
    optional={
        "graphs": JSON
        | st.dictionaries(TEXT, TEXT | st.fixed_dictionaries({"path": TEXT, "description": JSON}), max_size=3),
        "dependencies": JSON | st.lists(TEXT, max_size=3),
        "env": JSON | st.dictionaries(TEXT, TEXT, max_size=3),
        "signoff": JSON
        | st.fixed_dictionaries(
            {"replies": JSON | st.dictionaries(TEXT, REPLY | st.dictionaries(TEXT, REPLY, max_size=2), max_size=3)}
        ),
        "$schema": JSON,
    },
)
NO_FIXTURE_CHECK = [HealthCheck.function_scoped_fixture]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """With one graph in it; the process is as before afterwards."""
    (tmp_path / "g.py").write_text("graph = None\n")
    path, environment, modules = [*sys.path], dict(os.environ), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environment)
    for name in set(sys.modules) - modules:
        if name.startswith("signoff_graph_"):
            del sys.modules[name]


def said(file: Path, *, load: bool) -> str:
    """What is wrong with it; empty if nothing."""
    try:
        Registry.load(file) if load else read_manifest(file)
    except ConfigError as wrong:
        return str(wrong)
    return ""


@settings(max_examples=200, deadline=None, suppress_health_check=NO_FIXTURE_CHECK)
@given(stated=JSON | FILE)
def test_any_json(folder: Path, stated: Any) -> None:
    """Every key of any shape; what can be read can be loaded, or says why not."""
    file = folder / "langgraph.json"
    file.write_text(json.dumps(stated))
    for load in (False, True):
        wrong = said(file, load=load)
        assert not wrong or wrong.startswith(f"{file}:"), wrong
        assert not wrong or len(wrong) > len(str(file)) + 8, wrong


@settings(max_examples=150, deadline=None, suppress_health_check=NO_FIXTURE_CHECK)
@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(folder: Path, raw: bytes) -> None:
    """Not JSON, not UTF-8, nothing at all."""
    file = folder / "langgraph.json"
    file.write_bytes(raw)
    assert said(file, load=False).startswith(f"{file}")


@pytest.mark.parametrize(
    "raw",
    [
        "[" * 100_000,
        '{"graphs": ' + "[" * 100_000,
        '{"graphs": {"g": ' + "9" * 5000 + "}}",
        '{"graphs": {"g": "./g.py:graph"}, "env": {"": "x"}}',
        '{"graphs": {"g": "./g.py:graph"}, "env": {"A=B": "x"}}',
        '{"graphs": {"g": "./g.py:graph"}, "env": {"A": "x\\u0000"}}',
        '{"graphs": {"g": "./g.py:graph"}, "env": "\\u0000"}',
        '{"graphs": {"g": "./g.py:graph"}, "dependencies": [".\\u0000"]}',
        '{"graphs": {"g": "./\\ud800.py:graph"}}',
        '{"graphs": {"g": "./g.py:graph"}, "env": {"A": "\\ud800"}}',
    ],
)
def test_what_is_odd_in_ways_of_its_own(folder: Path, raw: str) -> None:
    """Nested without end, numbers without end, names that no system takes."""
    file = folder / "langgraph.json"
    file.write_text(raw)
    assert said(file, load=True).startswith(f"{file}:")
