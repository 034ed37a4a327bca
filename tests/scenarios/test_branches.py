"""An answer that takes one of several forms: chosen first, then filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from bot import modals, schema_form
from bot.forms import FieldErrors
from bot.schema_branches import BRANCH, branches
from localslack.elements import initial_values
from tests.scenarios.conftest import ANA, CHANNEL, House
from tests.scenarios.play import finished, open_card, settled
from tests.scenarios.test_examples_random import opened

PAYMENT = """
from typing import Annotated, Literal, TypedDict, Union
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field, TypeAdapter

class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: str = Field(pattern="^[0-9]{4}$")
    rush: bool = False

class Transfer(BaseModel):
    kind: Literal["bank_transfer"] = "bank_transfer"
    iban: str

class Nothing(BaseModel):
    kind: Literal["nothing"] = "nothing"

Answer = Annotated[Union[Card, Transfer, Nothing], Field(discriminator="kind")]

class State(TypedDict, total=False):
    result: dict

def ask(state):
    return {"result": interrupt("How shall we pay?", response_schema=TypeAdapter(Answer).json_schema())}

graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
"""


async def test_choosing_a_form_brings_up_its_inputs(house: House, tmp_path: Path) -> None:
    """The list alone at first; each choice redraws the form; what is wrong is said at its input; the graph gets the
    object of the chosen form."""
    (tmp_path / "payment.py").write_text(PAYMENT)
    config = tmp_path / "langgraph.json"
    config.write_text('{"graphs": {"payment": "./payment.py:graph"}}')
    desk = await house.desk(signoff_config=config)
    thread = await desk.start("payment", {})
    await settled(desk)
    card = open_card(desk)
    assert "Asks for one of: Card, Bank transfer, Nothing" in desk.text(card)
    assert (await desk.slack.click(ANA, CHANNEL, card, "respond")).ok
    view = await desk.modal(ANA)

    def inputs() -> list[str]:
        shown = desk.slack.modal(ANA)
        assert shown is not None
        return [block["block_id"] for block in shown.blocks if block["type"] == "input"]

    assert inputs() == [BRANCH]
    for choice, wanted in (("1", ["field:1:0"]), ("2", []), ("0", ["field:0:0", "field:0:1"])):
        assert (await desk.slack.click_view(ANA, view.id, BRANCH, value=choice)).ok
        await desk.until(lambda wanted=wanted: inputs() == [BRANCH, *wanted] or None)
    sent = await desk.slack.submit(ANA, view.id, {"field:0:0": "12"})
    assert sent.errors == {"field:0:0": "Number must match ^[0-9]{4}$."}, sent
    sent = await desk.slack.submit(ANA, view.id, {"field:0:0": "1234", "field:0:1": "true"})
    assert sent.ok, sent
    _, values = await finished(desk, thread)
    assert values["result"] == {"kind": "card", "number": "1234", "rush": True}
    assert "Number: 1234" in desk.text(card)


def form(name: str, **members: JsonValue) -> dict[str, Any]:
    """One form of the answer."""
    return {"type": "object", "properties": {"kind": {"const": name}, **members}, "required": ["kind", *members]}


TEXT: JsonValue = {"type": "string"}


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [form("one", a=TEXT), form("one", b=TEXT)]},
        {"oneOf": [form("one", a=TEXT), {"type": "string"}]},
        {"oneOf": [form("one", a=TEXT), {"type": "object", "additionalProperties": TEXT}]},
        {"oneOf": [form("one", a=TEXT), {**form("two", b=TEXT), "additionalProperties": TEXT}]},
        {"oneOf": [form("one", a=TEXT), form("two", a=TEXT)], "required": ["a"]},
        {"oneOf": [form("one", a=TEXT)]},
        {"oneOf": [form("a b"), form("a_b")]},
    ],
)
def test_what_cannot_be_told_apart_is_written_as_json(schema: JsonValue) -> None:
    """No list where it would not decide, or where a form cannot say one of the branches."""
    assert branches(schema) == ()


def test_an_answer_that_was_sent_before_its_inputs_came_up() -> None:
    """Nothing is taken for granted: without a choice, or with the inputs of another one, the list says what to do."""
    approval = opened("How?", {"oneOf": [form("one", a=TEXT), form("two", b=TEXT), form("three")]})
    state: dict[str, Any] = initial_values(modals.respond(approval, 0, 0)["blocks"])
    assert schema_form.read(approval, initial_values(modals.respond(approval, 0)["blocks"])) == FieldErrors(
        {BRANCH: "Please choose one."}
    )
    state["field:0:0"]["value"]["value"] = "said"
    assert schema_form.read(approval, state) == '{"kind": "one", "a": "said"}'
    state[BRANCH][BRANCH]["selected_option"] = {"value": "1"}
    early = schema_form.read(approval, state)
    assert isinstance(early, FieldErrors)
    assert list(early.errors) == [BRANCH]
    state[BRANCH][BRANCH]["selected_option"] = {"value": "2"}
    assert schema_form.read(approval, state) == '{"kind": "three"}'
    state[BRANCH][BRANCH]["selected_option"] = {"value": "7"}
    assert isinstance(schema_form.read(approval, state), FieldErrors)
    assert schema_form.told(approval, '{"kind": "one", "a": "said"}') == "One\nA: said"
