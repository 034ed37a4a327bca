"""What people read: titles, outcomes, and the JSON copy of what a graph said."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.types import StateSnapshot
from pydantic import BaseModel

from agents.outcome import outcome
from agents.payload import MAX_TEXT, copy_json, to_json
from agents.titles import bounded, pretty, title_of
from approvals.model import Action


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("issue_refund", "Issue refund"),
        ("issueRefund", "Issue refund"),
        ("billing.issue-refund", "Issue refund"),
        ("send_SMS", "Send SMS"),
        ("x", "X"),
    ],
)
def test_names_for_people(name: str, title: str) -> None:
    """Names of functions become words."""
    assert pretty(name) == title


def test_titles_are_one_bounded_line() -> None:
    """A long or many-lined text is cut with an ellipsis."""
    assert bounded("\n  one\ntwo") == "one"
    assert bounded("x" * 200) == "x" * 119 + "…"
    assert title_of([Action(name="pay"), Action(name="a"), Action(name="b"), Action(name="c")]) == (
        "4 actions: Pay, A, B, …"
    )


def snapshot(values: Any, *, next: tuple[str, ...] = ()) -> StateSnapshot:
    return StateSnapshot(values, next, {}, {}, None, None, (), ())


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"messages": [HumanMessage("hi"), AIMessage("first"), AIMessage("last")]}, "last"),
        ({"result": "Done.", "other": "x"}, "Done."),
        ({"amount": 3, "ok": True, "long": "x" * 300, "list": [1], "none": None}, "amount: 3\nok: True"),
        ("just text", "just text"),
        (None, ""),
        ({}, ""),
    ],
)
def test_outcome(values: Any, text: str) -> None:
    """The result, else what the agent said last, else its short values."""
    assert outcome(snapshot(values)).text == text


def test_outcome_is_bounded_and_says_whether_it_ended() -> None:
    """1500 characters at most; a thread with a next node has not ended."""
    assert len(outcome(snapshot({"result": "x" * 9000})).text) == 1500
    assert outcome(snapshot({})).finished
    assert not outcome(snapshot({}, next=("n",))).finished


class Colour(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Order:
    total: Decimal


class Customer(BaseModel):
    name: str
    order: Any = None


class Hostile:
    def __str__(self) -> str:
        raise OSError("no")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        ({Colour.RED: 1, 2: 3}, {"red": 1, "2": 3}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Customer(name="A", order=Order(Decimal(2))), {"name": "A", "order": {"total": "2"}}),
        (AIMessage("hi", name="bot"), {"type": "ai", "content": "hi", "name": "bot"}),
        ({3, 1}, [1, 3]),
        (b"ab", "YWI="),
        (b"x" * 5000, "<5000 bytes>"),
        (math.nan, "NaN"),
        (-math.inf, "-inf"),
        (2**80, 2**80),
        ((1, [2]), [1, [2]]),
        ("\ud800", "?"),
        (object(), "<object>"),
    ],
)
def test_json_copy(value: object, expected: object) -> None:
    """Every kind of value has a JSON form, the same each time."""
    assert to_json(value) == expected


def test_json_copy_says_what_is_missing() -> None:
    """Too deep, too long, or unreadable: the copy is marked, and nothing is raised."""
    loop: list[Any] = []
    loop.append(loop)
    for value in (loop, "x" * (MAX_TEXT + 1), list(range(30_000)), {"a": Hostile()}):
        copied = copy_json(value)
        assert not copied.whole
        assert "… cut: " in json.dumps(copied.value, ensure_ascii=False)
    assert copy_json({"a": [1, 2]}).whole
