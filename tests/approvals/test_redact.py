"""What is hidden from people, and what becomes of it when they edit around it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from approvals.events import Event, EventType
from approvals.model import Action, Decision, DecisionType, Outcome
from approvals.redact import MASK, NAMES, HiddenError, Redactor, restore
from approvals.shown import CHANGED, Shown
from tests.approvals.build import ANA, T0, opening

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
RED = Redactor()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("use xoxb-1234-abcd now", "xoxb-1234-abcd"),
        ("use xapp-1-A0-77", "xapp-1-A0-77"),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        (f"the key: {KEY} end", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow and no end", "MIIEow"),
        (f"jwt {JWT}", JWT),
        ("Authorization: Bearer abcdefghij", "abcdefghij"),
        ("authorization: Basic dXNlcjpwdw==", "dXNlcjpwdw=="),
        ("sent bearer 1a2b3c4d5e", "1a2b3c4d5e"),
        ("postgres://app:hunter2@db/x", "hunter2"),
        ("https://u:p@ss@h/x", "p@ss"),
        ("ghp_" + "a1" * 18, "a1a1"),
        ("login with password=hunter2, please", "hunter2"),
        ("{'user': 'x', 'password': 'hunter2'}", "hunter2"),
        ('outer="password=hunter2"', "hunter2"),
        ("client_secret = 'hunter2'", "hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_any_text(text: str, secret: str) -> None:
    """Tokens, keys, passwords in URLs and in assignments; the rest of the text stays."""
    hidden = RED.text(text)
    assert secret not in hidden
    assert MASK in hidden


@pytest.mark.parametrize(
    "text",
    [
        "Refund 340.00 to customer 8821?",
        "The bearer certificates are due.",
        "Which token: A or B?",
        "https://example.com:8080/a@b?page=2",
        "if token == 3: go",
        "a@b.org wrote: password reset done",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    """An approver must read what they decide on."""
    assert RED.text(text) == text


def test_arguments_are_hidden_by_name_however_it_is_spelled() -> None:
    """Case and separators do not matter; yes, no and nothing are shown; `!` makes an exception."""
    args: dict[str, JsonValue] = {
        "apiKey": "abc",
        "API-KEY": 7,
        "user": {"Password": "x", "reset_password": True},
        "secrets": ["a"],
        "max_tokens": 500,
        "token": None,
        "amount": 3,
    }
    assert RED.arguments(args) == {
        "apiKey": MASK,
        "API-KEY": MASK,
        "user": {"Password": MASK, "reset_password": True},
        "secrets": MASK,
        "max_tokens": 500,
        "token": None,
        "amount": 3,
    }
    assert Redactor([*NAMES, "!*"]).arguments(args) == args
    assert Redactor(["iban"]).arguments({"IBAN": "DE1", "password": "x"}) == {"IBAN": MASK, "password": "x"}


def test_a_record_is_hidden_wherever_the_agent_repeats_the_value() -> None:
    """Title, description, payload, error, outcome, reasons, answers: the value is found by what it is."""
    args: dict[str, JsonValue] = {"user": "ana", "password": "hunter2"}
    real = replace(
        opening(Action("login", args, "Args: {'password': 'hunter2'}")).approval,
        title="Log in with hunter2",
        description="hunter2!",
        payload={"action": "login", "args": dict(args), "note": "hunter2"},
        decisions=(
            Decision(
                type=DecisionType.EDIT,
                actor=ANA,
                at=T0,
                args={"user": "ana", "password": "better3"},
                reason="hunter2 is old, better3 is new",
            ),
        ),
        error="Refused: hunter2",
        outcome=Outcome(finished=True, text="Logged in with better3"),
    )
    shown = Shown().approval(real)
    assert "hunter2" not in repr(shown)
    assert "better3" not in repr(shown)
    assert shown.decisions[0].args == {"user": "ana", "password": CHANGED}
    assert (shown.id, shown.title) == (real.id, f"Log in with {MASK}")
    told = Event(
        type=EventType.DECIDED,
        at=T0,
        actor=ANA,
        thread_id="t",
        data={"args": {"user": "ana", "password": "better3"}, "reason": "not hunter2"},
    )
    assert Shown().event(told, real).data == {"args": {"user": "ana", "password": CHANGED}, "reason": f"not {MASK}"}


def test_first_values_of_a_form_are_not_given_away() -> None:
    """A secret default of a stated schema is left out, so that no form can send its mask; choices stay."""
    schema: JsonValue = {
        "type": "object",
        "properties": {
            "password": {"type": "string", "default": "hunter2"},
            "mode": {"enum": ["token", "none"], "default": "none"},
        },
    }
    shown = Shown().approval(replace(opening().approval, schema=schema)).schema
    assert shown == {
        "type": "object",
        "properties": {"password": {"type": "string"}, "mode": {"enum": ["token", "none"], "default": "none"}},
    }


# -- back again

REAL: dict[str, JsonValue] = {
    "url": "https://u:hunter2@h/x",
    "password": "hunter2",
    "pin_secret": 1234,
    "amount": 5,
    "users": [{"name": "a", "password": "pa"}, {"name": "b", "password": "pb"}],
    "db": {"host": "h", "password": "pw"},
}


def edit(**over: Any) -> JsonValue:
    """What becomes of the arguments when somebody sees them hidden, and changes these."""
    shown = RED.arguments(REAL)
    return restore(dict(REAL), dict(shown), {**shown, **over})


def test_what_was_left_alone_keeps_its_real_value() -> None:
    """At any depth, also beside a change in the same object."""
    assert edit() == REAL
    assert edit(amount=6) == {**REAL, "amount": 6}
    assert edit(db={"host": "other", "password": MASK}) == {**REAL, "db": {"host": "other", "password": "pw"}}


def test_a_hidden_value_can_be_replaced() -> None:
    """By another of its kind."""
    assert edit(password="new") == {**REAL, "password": "new"}
    assert edit(pin_secret="99") == {**REAL, "pin_secret": 99}
    assert edit(users=[]) == {**REAL, "users": []}


@pytest.mark.parametrize(
    "over",
    [
        {"url": f"https://u:{MASK}@h/other"},
        {"amount": MASK},
        {"password": f"{MASK}x"},
        {"pin_secret": "none"},
        {"note": MASK},
        {"users": [{"name": "a", "password": MASK}]},
        {"users": [{"name": "b", "password": MASK}, {"name": "a", "password": MASK}]},
        {"db": {"host": MASK, "password": MASK}},
    ],
)
def test_a_mask_is_never_an_answer(over: dict[str, Any]) -> None:
    """Changed in part, moved, copied elsewhere, or one of two entries gone: refused, since it says nothing for sure."""
    with pytest.raises(HiddenError):
        edit(**over)


NAMED = st.sampled_from(["password", "amount", "note", "token", "x"])
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "hunter2", "password=hunter2", "https://u:p1@h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMED, VALUES, max_size=4), st.dictionaries(NAMED, VALUES | st.just(MASK), max_size=3))
def test_an_edit_gives_real_values_or_nothing(real: dict[str, JsonValue], over: dict[str, JsonValue]) -> None:
    """Whatever is in it and whatever is changed: no mask comes out, and what was not touched is as it was."""
    shown = RED.arguments(real)
    assert restore(dict(real), dict(shown), dict(shown)) == real
    try:
        found = restore(dict(real), dict(shown), {**shown, **over})
    except HiddenError:
        return
    assert isinstance(found, dict)
    assert MASK not in str(found)
    assert {name: found[name] for name in real if name not in over} == {
        name: value for name, value in real.items() if name not in over
    }


@pytest.mark.parametrize(
    "text",
    ["token" * 20_000, "eyJ-" * 25_000, 'a="' * 30_000, "://a:" * 20_000, "bearer " * 15_000, " " * 100_000 + "=x"],
)
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    """No pattern goes over the same text again and again."""
    began = time.thread_time()  # of the processor, which may be busy with others
    RED.text(text)
    assert time.thread_time() - began < 2
