"""The table of rules against the constants of slack_sdk: an upgrade that knows other numbers or fields shows here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models import views as sdk_views
from slack_sdk.models.blocks import basic_components, block_elements
from slack_sdk.models.blocks import blocks as sdk_blocks
from slack_sdk.models.views import View as SdkView

from localslack.rules import BLOCKS, ELEMENTS, OBJECTS, VIEWS_BY_TYPE
from localslack.schema import Arr, Shape, Str, Text


def longest(shape: Shape, name: str) -> int | None:
    rule = shape.fields[name]
    assert isinstance(rule, Str | Text | Arr)
    return rule.max


BUTTON = block_elements.ButtonElement
PARITY: list[tuple[int | None, int]] = [
    (longest(BLOCKS["section"], "text"), sdk_blocks.SectionBlock.text_max_length),
    (longest(BLOCKS["section"], "fields"), sdk_blocks.SectionBlock.fields_max_length),
    (longest(BLOCKS["header"], "text"), sdk_blocks.HeaderBlock.text_max_length),
    (longest(BLOCKS["actions"], "elements"), sdk_blocks.ActionsBlock.elements_max_length),
    (longest(BLOCKS["context"], "elements"), sdk_blocks.ContextBlock.elements_max_length),
    (longest(BLOCKS["context_actions"], "elements"), sdk_blocks.ContextActionsBlock.elements_max_length),
    (longest(BLOCKS["input"], "label"), sdk_blocks.InputBlock.label_max_length),
    (longest(BLOCKS["input"], "hint"), sdk_blocks.InputBlock.hint_max_length),
    (longest(BLOCKS["image"], "alt_text"), sdk_blocks.ImageBlock.alt_text_max_length),
    (longest(BLOCKS["image"], "title"), sdk_blocks.ImageBlock.title_max_length),
    (longest(BLOCKS["markdown"], "text"), sdk_blocks.MarkdownBlock.text_max_length),
    (longest(BLOCKS["video"], "author_name"), sdk_blocks.VideoBlock.author_name_max_length),
    (longest(BLOCKS["card"], "title"), sdk_blocks.CardBlock.title_max_length),
    (longest(BLOCKS["card"], "subtitle"), sdk_blocks.CardBlock.subtitle_max_length),
    (longest(BLOCKS["card"], "body"), sdk_blocks.CardBlock.body_max_length),
    (longest(BLOCKS["carousel"], "elements"), sdk_blocks.CarouselBlock.elements_max_length),
    (longest(BLOCKS["container"], "child_blocks"), sdk_blocks.ContainerBlock.child_blocks_max_length),
    (longest(BLOCKS["container"], "title"), sdk_blocks.ContainerBlock.title_max_length),
    (longest(BLOCKS["container"], "subtitle"), sdk_blocks.ContainerBlock.subtitle_max_length),
    (longest(ELEMENTS["button"], "text"), BUTTON.text_max_length),
    (longest(ELEMENTS["button"], "value"), BUTTON.value_max_length),
    (longest(ELEMENTS["button"], "url"), BUTTON.url_max_length),
    (longest(ELEMENTS["button"], "action_id"), BUTTON.action_id_max_length),
    (longest(ELEMENTS["static_select"], "options"), block_elements.StaticSelectElement.options_max_length),
    (longest(ELEMENTS["static_select"], "option_groups"), block_elements.StaticSelectElement.option_groups_max_length),
    (longest(ELEMENTS["overflow"], "options"), block_elements.OverflowMenuElement.options_max_length),
    (longest(ELEMENTS["users_select"], "placeholder"), block_elements.UserSelectElement.placeholder_max_length),
    (longest(OBJECTS["confirm"], "title"), basic_components.ConfirmObject.title_max_length),
    (longest(OBJECTS["confirm"], "text"), basic_components.ConfirmObject.text_max_length),
    (longest(OBJECTS["confirm"], "confirm"), basic_components.ConfirmObject.confirm_max_length),
    (longest(OBJECTS["confirm"], "deny"), basic_components.ConfirmObject.deny_max_length),
    (longest(OBJECTS["option"], "text"), basic_components.Option.label_max_length),
    (longest(OBJECTS["option"], "value"), basic_components.Option.value_max_length),
    (longest(OBJECTS["option_group"], "label"), basic_components.OptionGroup.label_max_length),
    (longest(OBJECTS["option_group"], "options"), basic_components.OptionGroup.options_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "title"), SdkView.title_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "submit"), SdkView.submit_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "close"), SdkView.close_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "blocks"), SdkView.blocks_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "private_metadata"), SdkView.private_metadata_max_length),
    (longest(VIEWS_BY_TYPE["modal"], "callback_id"), SdkView.callback_id_max_length),
]


@pytest.mark.parametrize(("ours", "theirs"), PARITY)
def test_the_limits_are_those_of_the_sdk(ours: int | None, theirs: int) -> None:
    """An upgrade of the SDK that knows other numbers shows here."""
    assert ours == theirs


def sdk_limits() -> dict[str, int]:
    """Every `*_max_length` constant of the SDK's blocks, elements, objects and views, by class."""
    found: dict[str, int] = {}
    for module in (sdk_blocks, block_elements, basic_components, sdk_views):
        for kind in (item for item in vars(module).values() if isinstance(item, type)):
            for name, value in vars(kind).items():
                if name.endswith("_max_length") and isinstance(value, int):
                    found[f"{kind.__name__}.{name}"] = value
    return found


def test_no_limit_of_the_sdk_is_new_or_gone() -> None:
    """The constants as they were when the table was last compared with them: a difference asks for a look at it."""
    assert sdk_limits() == json.loads((Path(__file__).parent / "sdk_limits.json").read_text(encoding="utf-8"))


def test_the_blocks_and_elements_of_the_sdk_are_known() -> None:
    """Each block of the SDK is in the table or among those the README calls unsupported: a new one shows here."""
    theirs = {kind.type for kind in vars(sdk_blocks).values() if _is_block(kind)}
    refused = "auth_provider call file plan task_card"
    assert theirs - set(BLOCKS) == set(refused.split())


def _is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, sdk_blocks.Block) and kind is not sdk_blocks.Block


@pytest.mark.parametrize("kind", sorted(ELEMENTS))
def test_the_fields_are_those_of_the_sdk(kind: str) -> None:
    """Every field the SDK sends for an element is one the table knows.

    Its base class lists `alt_text` for all of them; in Slack's documentation only images have one.
    """
    classes = [
        item for item in vars(block_elements).values() if isinstance(item, type) and getattr(item, "type", None) == kind
    ]
    for element in classes:
        attributes: Any = element.__dict__.get("attributes")
        if not isinstance(attributes, property) or attributes.fget is None:
            continue
        instance: Any = element.__new__(element)
        known = {*ELEMENTS[kind].fields, "type", "action_id", "focus_on_load", "confirm", "placeholder", "alt_text"}
        assert set(attributes.fget(instance)) <= known
