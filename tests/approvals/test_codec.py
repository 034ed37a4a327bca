"""Stored text: golden files that older and newer versions must agree on, and a round trip of whatever JSON can hold.

Fields at their default are not written. Who changes a default changes the meaning of every stored record, and needs a
new schema version: the golden files, which hold records at their defaults, notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import lifecycle
from approvals.errors import StoreError
from approvals.events import Event, EventType
from approvals.hours import Pause, PauseKind
from approvals.model import (
    Action,
    Approval,
    Decision,
    DecisionType,
    MessageKind,
    MessageRef,
    Outcome,
    Reply,
    Status,
    Thread,
    ThreadState,
)  # fmt: skip
from approvals.policy import AskBack, Policy
from approvals.question import Question
from approvals.store import codec
from approvals.store.codec import APPROVALS, EVENTS, SCHEMA, THREADS, Codec
from tests.approvals.build import ANA, CARD, MAIL, REFUND, T0, at, moved, standing, thread

GOLDEN = Path(__file__).parent / "golden"
FROZEN = Path(__file__).parent / "frozen"
"""As the first version wrote them. Never written anew: they are what stands in somebody's Redis."""

FULL = replace(
    moved(lifecycle.announced(standing(Status.RESUMED, REFUND, MAIL), [CARD], at(4))),
    decisions=(
        Decision(type=DecisionType.EDIT, actor=ANA, at=at(1), action=0, args={"order": "42", "cents": 1}),
        Decision(type=DecisionType.DENY, actor=ANA, at=at(1.5), action=1, reason="keine Mail – später"),
    ),
    reply=Reply({"decisions": [{"type": "edit"}, None, 1.5]}),
    schema={"type": "object"},
    requester="UREQ",
    level=1,
    reminders=2,
    attempts=1,
    error="boom",
    outcome=Outcome(finished=True, text="done"),
)
BARE = Approval(
    id="ABARE",
    thread_id="t1",
    graph="g",
    interrupt=standing(Status.PENDING).interrupt,
    dialect="plain",
    title="?",
    actions=(Action("ask"),),
    policy=Policy(name="default", channel="#ops"),
    opened_at=T0,
)
ASKED = replace(
    BARE,
    policy=Policy(name="default", channel="#ops", ask_back=AskBack(pause=3600.0), owner=("UOWN",)),
    pauses=(Pause(at(1), at(5), PauseKind.ASKED_BACK, "UANA"),),
    questions=(
        Question(
            number=1,
            text="Which?",
            by="UANA",
            at=at(1),
            to=("UOWN",),
            answer="This – ü",
            answered_by="UOWN",
            answered_at=at(5),
        ),
        Question(number=2, text="Why?", by="UBEN", at=at(6)),
    ),
    messages=(MessageRef("C1", "1.000300", MessageKind.QUESTION, "#ops", 1),),
)
EVENT = Event(
    type=EventType.DECIDED, at=at(1), actor=ANA, thread_id="t1", approval_id="A1", version=2, data={"x": None}
)
RECORDS: Mapping[str, tuple[Codec[Any], Any]] = {
    "approval": (APPROVALS, FULL),
    "approval_bare": (APPROVALS, BARE),
    "approval_asked": (APPROVALS, ASKED),
    "thread": (THREADS, thread(config={"a": [1, None]}, context={"k": "ü"}, state=ThreadState.DONE, attempts=2)),
    "event": (EVENTS, EVENT),
}


@pytest.mark.parametrize("name", RECORDS)
def test_golden_text_both_ways(name: str) -> None:
    """What was stored by an earlier version reads as the same record, and is written as the same text."""
    kept, record = RECORDS[name]
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert kept.load(text) == record
    assert json.loads(kept.dump(record)) == json.loads(text)


@pytest.mark.parametrize("name", ["approval", "approval_bare", "event", "thread"])
def test_what_the_first_version_wrote(name: str) -> None:
    """It is read whole: every field that it has says the same when it is written again, in whatever form."""
    kept, _ = RECORDS[name]
    text = (FROZEN / f"{name}.json").read_text(encoding="utf-8")
    record = kept.load(text)
    assert kept.load(kept.dump(record)) == record
    assert json.loads(text).keys() <= json.loads(kept.dump(record)).keys()


def test_an_older_schema_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of the schema before goes through the lift to the next, and then says what it said."""
    fields = json.loads(EVENTS.dump(EVENT))
    older = {**{name: value for name, value in fields.items() if name != "at"}, "_": SCHEMA, "when": fields["at"]}
    lift = {SCHEMA: lambda old: {**{k: v for k, v in old.items() if k != "when"}, "at": old["when"]}}
    monkeypatch.setattr(codec, "SCHEMA", SCHEMA + 1)
    monkeypatch.setattr(codec, "LIFTS", lift)
    assert EVENTS.load(json.dumps(older)) == EVENT
    assert EVENTS.load(EVENTS.dump(EVENT)) == EVENT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ARGS = st.dictionaries(st.text(), JSON, max_size=5)


def exactly(one: object, other: object) -> bool:
    """Equal in type and order too: `1`, `1.0` and `True` differ, and so do two orders of keys."""
    return json.dumps(one) == json.dumps(other)


@settings(max_examples=150, deadline=None)
@given(args=ARGS, payload=JSON, reply=JSON, edited=ARGS)
def test_any_json_comes_back_as_it_was(args: Any, payload: Any, reply: Any, edited: Any) -> None:
    """Arguments, payload, answer and edited arguments: same values, same types, keys in the same order."""
    record = replace(
        BARE,
        actions=(Action("a", args),),
        payload=payload,
        reply=Reply(reply),
        decisions=(Decision(type=DecisionType.EDIT, actor=ANA, at=T0, args=edited),),
    )
    back = APPROVALS.load(APPROVALS.dump(record))
    assert back == record
    assert exactly(back.actions[0].args, args)
    assert exactly(back.payload, payload)
    assert back.reply is not None
    assert exactly(back.reply.value, reply)
    assert exactly(back.decisions[0].args, edited)


def test_an_answer_of_null_is_not_no_answer() -> None:
    """`Reply(None)` is kept apart from no reply."""
    assert APPROVALS.load(APPROVALS.dump(replace(BARE, reply=Reply(None)))).reply == Reply(None)
    assert APPROVALS.load(APPROVALS.dump(BARE)).reply is None


@pytest.mark.parametrize("status", list(Status))
def test_every_status_comes_back(status: Status) -> None:
    """Each stage of a life is stored whole."""
    record = standing(status)
    assert APPROVALS.load(APPROVALS.dump(record)) == record


@pytest.mark.parametrize("schema", [-1, -(10**15)])
def test_a_schema_below_the_first_is_refused(schema: int) -> None:
    """At once: nothing is lifted from there step by step."""
    with pytest.raises(StoreError, match="no schema version"):
        APPROVALS.load(json.dumps({"_": schema}))


def test_a_newer_schema_is_refused() -> None:
    """A record that a later version wrote is not guessed at."""
    fields = {**json.loads(APPROVALS.dump(BARE)), "_": SCHEMA + 1}
    with pytest.raises(StoreError, match=f"schema {SCHEMA + 1}, this version reads up to {SCHEMA}"):
        APPROVALS.load(json.dumps(fields))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "{}", '{"_":1}', '{"_":"x"}', '{"_":null}', '{"_":1,"id":7}', b"\xff"]
)
def test_broken_text_is_a_store_error(text: str | bytes) -> None:
    """Whatever is not such a record is named as that, by our own error."""
    with pytest.raises(StoreError, match="a stored Approval"):
        APPROVALS.load(text)


def test_an_unknown_status_is_a_store_error() -> None:
    """A word of another version does not become a wrong one of ours."""
    text = APPROVALS.dump(standing(Status.RESUMED)).replace('"resumed"', '"revived"')
    with pytest.raises(StoreError):
        APPROVALS.load(text)


def test_threads_come_back() -> None:
    """Input, config and context of a thread are passed to the graph again: they are kept as they are."""
    record = Thread(id="t", graph="g", input=None, created_at=T0, config={"b": 1, "a": {"x": [None, 2.5]}}, context=[])
    back = THREADS.load(THREADS.dump(record))
    assert back == record
    assert list(back.config) == ["b", "a"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_has_no_word_for_come_back(number: float) -> None:
    """What a graph was started with may hold them: they are no `null` when it runs."""
    known = THREADS.load(THREADS.dump(thread(input={"rate": number, "note": None})))
    assert isinstance(known.input, dict)
    assert repr(known.input["rate"]) == repr(number)
    assert known.input["note"] is None
