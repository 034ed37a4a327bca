"""LangGraph's own conformance suite against our checkpointer; `docs/interrupts.md` lists what it still fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.checkpointer import open_checkpointer
from agents.fence import fenced

conformance = pytest.importorskip("langgraph.checkpoint.conformance", reason="not installed")

pytestmark = pytest.mark.both_servers
KNOWN: dict[str, dict[str, set[str]]] = {
    "valkey": {},
    "redis": {
        "list": {
            "test_list_by_namespace",
            "test_list_metadata_custom_keys",
            "test_list_before",
            "test_list_limit_plus_before",
            "test_list_multiple_namespaces",
        },
        "prune": {"test_prune_keep_latest_across_namespaces", "test_prune_empty_list_noop"},
    },
}
"""Of langgraph-checkpoint-redis 0.5.2; langgraph-checkpoint-aws 1.2.6 has none. Nothing here lists or prunes: all that
pausing and resuming needs passes."""


async def test_conformance(redis_url: str, saver_kind: str) -> None:
    """Exactly the known failures of the library beneath: no other, and none that went away without us noticing."""

    async def always() -> None: ...

    @conformance.checkpointer_test(name=f"fenced {saver_kind}")
    async def ours() -> AsyncIterator[Any]:
        async with open_checkpointer(redis_url) as saver:
            yield saver

    with fenced(always):
        report = await conformance.validate(ours)
    failed = {name: {f.partition(":")[0] for f in result.failures or []} for name, result in report.results.items()}
    assert {name: tests for name, tests in failed.items() if tests} == KNOWN[saver_kind]
    assert {"put", "put_writes", "get_tuple", "delete_thread"} <= {n for n, r in report.results.items() if r.passed}
