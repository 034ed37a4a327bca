"""Arguments as inputs, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import JsonValue

from bot import forms, modals
from localslack.elements import client_errors, initial_values
from tests.bot import samples
from tests.bot.checks import sound_view
from tests.bot.samples import REFUND, SAMPLES, refund


def same(one: Any, other: Any) -> bool:
    """Equal by value and by type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


def typed(args: dict[str, JsonValue], **texts: str) -> dict[str, JsonValue] | forms.FieldErrors:
    """What is read when texts are typed over what was filled in."""
    state: dict[str, Any] = initial_values(forms.inputs(args))
    for name, text in texts.items():
        block = forms.block_of(args, name)
        assert block is not None
        state[block] = {"value": {"type": "plain_text_input", "value": text}}
    return forms.read(args, state)


@settings(max_examples=100, deadline=None)
@given(samples.arguments)
def test_what_was_filled_in_reads_back_as_it_was(args: dict[str, JsonValue]) -> None:
    """An edit that changes nothing gives the same values, in type and order, and Slack takes the form as it stands."""
    blocks = forms.inputs(args)
    state = initial_values(blocks)
    needed = [block for block in blocks if block["type"] == "input" and not block.get("optional")]
    assert not client_errors(needed, state)
    read = forms.read(args, state)
    assert not isinstance(read, forms.FieldErrors)
    assert same(read, args)


def test_many_and_long_arguments_stay_as_they_are() -> None:
    """What Slack's inputs cannot hold is kept unchanged, said so, and fits a modal."""
    args: dict[str, JsonValue] = {f"a{number}": "x" * 600 for number in range(200)} | {"long": "y" * 3001}
    view = modals.edit(refund(actions=(samples.Action(name="act", args=args),)), 0)
    sound_view(view, inputs=True)
    assert typed(args) == args
    assert forms.block_of(args, "long") is None
    assert "These stay as they are" in str(view)


@pytest.mark.parametrize(
    ("shown", "text", "value"),
    [
        (5, "7", 7),
        (5.0, "7", 7.0),
        (0.1, "-2.50", -2.5),
        ("a", "", ""),
        ("a", " b ", " b "),
        (None, '"text"', "text"),
        ([1], "[1, 2.0]", [1, 2.0]),
        ({"a": 1}, '{"a": null}', {"a": None}),
    ],
)
def test_a_typed_value_keeps_the_kind_of_number(shown: JsonValue, text: str, value: JsonValue) -> None:
    """Integers stay integers, decimals decimals, text is taken as it was typed, the rest is JSON."""
    read = typed({"arg": shown}, arg=text)
    assert isinstance(read, dict)
    assert same(read["arg"], value)


@pytest.mark.parametrize(
    ("shown", "text", "says"),
    [
        (5, "7.5", "whole number"),
        (5, "", "fill this in"),
        (0.5, "much", "a number"),
        (0.5, "1e999", "too large"),
        ([1], "[1,\n 2", "line 2, column 3"),
        ([1], "[1e999]", "too large"),
        ([1], "NaN", "NaN is not a value"),
        ([1], "[" * 2900, "nested too deeply"),
        ({"a": 1}, '{"a": 1, "a": 2}', "twice"),
        (True, "perhaps", "Yes or No"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_input(shown: JsonValue, text: str, says: str) -> None:
    """An error names its block and what is wrong; nothing is guessed."""
    read = typed({"other": 1, "arg": shown}, arg=text)
    assert isinstance(read, forms.FieldErrors)
    assert list(read.errors) == ["arg:1"]
    assert says in read.errors["arg:1"]


def test_stated_choices_become_a_list() -> None:
    """Where the question states its answers, one of them is chosen, and reads as it was stated."""
    choice = refund(reply_shape="choice", payload={"question": "Which?", "options": ["red", "green"]})
    block = forms.answer_input(choice)
    assert [option["value"] for option in block["element"]["options"]] == ["red", "green"]
    state = {"text": {"value": {"type": "static_select", "selected_option": {"value": "green"}}}}
    assert forms.text(state, "text") == "green"
    assert forms.choices(SAMPLES["question"]) == ()


def test_bool_and_text_inputs_say_what_they_hold() -> None:
    """Each type of value has its input."""
    kinds = [block["element"]["type"] for block in forms.inputs(REFUND.args)]
    text, number, radio = "plain_text_input", "number_input", "radio_buttons"
    assert kinds == [text, number, text, text, radio, text, text, text]
