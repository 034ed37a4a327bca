"""One mistake per payload, and where the validator finds it."""

from __future__ import annotations

from typing import Any

import pytest

from localslack import check_blocks, check_view

from .conftest import modal
from .payloads import CONFIRM, SECTION, actions, asked, button, option, plain


def select(**more: Any) -> dict[str, Any]:
    return actions({"type": "static_select", "action_id": "a", **more})


BAD_MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"type": "shiny"}, "/blocks/0/type"),
    (
        {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input", "action_id": "a"}},
        "/blocks/0/type",
    ),
    ({"type": "alert", "text": plain("x")}, "/blocks/0/type"),
    ({"type": "section"}, "/blocks/0"),
    ({**SECTION, "colour": "red"}, "/blocks/0"),
    ({**SECTION, "block_id": "x" * 256}, "/blocks/0/block_id"),
    ({"type": "section", "text": "hi"}, "/blocks/0/text"),
    ({"type": "section", "text": {"type": "mrkdwn", "text": ""}}, "/blocks/0/text/text"),
    ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "/blocks/0/text/text"),
    ({"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}, "/blocks/0/text"),
    ({"type": "section", "text": {"type": "html", "text": "x"}}, "/blocks/0/text/type"),
    ({"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
    ({"type": "section", "fields": [plain("x" * 2001)]}, "/blocks/0/fields/0/text"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text/type"),
    ({"type": "context", "elements": []}, "/blocks/0/elements"),
    ({"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
    ({"type": "context", "elements": [button()]}, "/blocks/0/elements/0/type"),
    (actions(*[button(action_id=str(i)) for i in range(26)]), "/blocks/0/elements"),
    (actions(button(), button()), "/blocks/0/elements/1/action_id"),
    (actions(button(text={"type": "mrkdwn", "text": "x"})), "/blocks/0/elements/0/text/type"),
    (actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text"),
    (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value"),
    (actions(button(value=7)), "/blocks/0/elements/0/value"),
    (actions(button(style="default")), "/blocks/0/elements/0/style"),
    (actions(button(confirm={**CONFIRM, "deny": plain("x" * 31)})), "/blocks/0/elements/0/confirm/deny/text"),
    (actions(button(confirm={"title": plain("t")})), "/blocks/0/elements/0/confirm"),
    (actions({"type": "plain_text_input", "action_id": "a"}), "/blocks/0/elements/0/type"),
    (actions({"type": "static_select", "action_id": "a"}), "/blocks/0/elements/0"),
    (select(options=[option()], option_groups=[{"label": plain("g"), "options": [option()]}]), "/blocks/0/elements/0"),
    (select(options=[option(str(i)) for i in range(101)]), "/blocks/0/elements/0/options"),
    (select(options=[option("x" * 76)]), "/blocks/0/elements/0/options/0/text/text"),
    (select(options=[option()], initial_option=option("b")), "/blocks/0/elements/0/initial_option"),
    (select(options=[option(url="https://x")]), "/blocks/0/elements/0/options/0"),
    (
        actions({"type": "overflow", "action_id": "a", "options": [option(str(i)) for i in range(6)]}),
        "/blocks/0/elements/0/options",
    ),
    (
        actions({"type": "radio_buttons", "action_id": "a", "options": [option(str(i)) for i in range(11)]}),
        "/blocks/0/elements/0/options",
    ),
    (
        actions({"type": "datepicker", "action_id": "a", "initial_date": "31.1.2026"}),
        "/blocks/0/elements/0/initial_date",
    ),
    (actions({"type": "users_select", "action_id": "a", "initial_user": "ana"}), "/blocks/0/elements/0/initial_user"),
    ({"type": "image", "alt_text": "x"}, "/blocks/0"),
    (
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "bold", "text": "x"}]}]},
        "/blocks/0/elements/0/elements/0/type",
    ),
    (
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"big": True}}]}
            ],
        },
        "/blocks/0/elements/0/elements/0/style",
    ),
    ({"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": []}]}, "/blocks/0/elements/0"),
    ({"type": "markdown", "text": "x" * 12_001}, "/blocks/0/text"),
    ({"type": "card", "subtitle": plain("x")}, "/blocks/0"),
    ({"type": "card", "body": plain("x" * 201)}, "/blocks/0/body/text"),
    ({"type": "card", "title": plain("x"), "actions": [button(), button()]}, "/blocks/0/actions/1/action_id"),
    ({"type": "carousel", "elements": []}, "/blocks/0/elements"),
    ({"type": "carousel", "elements": [SECTION]}, "/blocks/0/elements/0/type"),
    ({"type": "container", "child_blocks": [SECTION]}, "/blocks/0"),
    ({"type": "container", "title": plain("x"), "child_blocks": [SECTION] * 11}, "/blocks/0/child_blocks"),
    ({"type": "container", "title": plain("x"), "child_blocks": [{"type": "section"}]}, "/blocks/0/child_blocks/0"),
    (
        {"type": "container", "title": plain("x"), "child_blocks": [SECTION], "default_collapsed": True},
        "/blocks/0/default_collapsed",
    ),
]


@pytest.mark.parametrize(
    ("block", "pointer"), BAD_MESSAGES, ids=[f"{i}-{pointer}" for i, (_, pointer) in enumerate(BAD_MESSAGES)]
)
def test_slack_refuses_these_in_a_message(block: dict[str, Any], pointer: str) -> None:
    """One mistake each; the pointer names its place."""
    assert pointer in [problem.pointer for problem in check_blocks([block], "message")]


BAD_VIEWS: list[tuple[dict[str, Any], str]] = [
    ({"type": "dialog"}, "/view/type"),
    (modal(title=plain("x" * 25)), "/view/title/text"),
    (modal(title=None), "/view"),
    (modal(submit=None), "/view/submit"),
    (modal(private_metadata="x" * 3001), "/view/private_metadata"),
    (modal(external_id="x" * 256), "/view/external_id"),
    (modal(blocks=[SECTION] * 101), "/view/blocks"),
    (modal(colour="red"), "/view"),
    (modal(blocks=[asked({"type": "number_input"})]), "/view/blocks/0/element"),
    (
        modal(blocks=[asked({"type": "number_input", "is_decimal_allowed": True, "min_value": 1})]),
        "/view/blocks/0/element/min_value",
    ),
    (
        modal(blocks=[asked({"type": "number_input", "is_decimal_allowed": True, "min_value": "3", "max_value": "2"})]),
        "/view/blocks/0/element/min_value",
    ),
    (modal(blocks=[asked({"type": "plain_text_input", "max_length": 3001})]), "/view/blocks/0/element/max_length"),
    (
        modal(blocks=[asked({"type": "plain_text_input", "min_length": 5, "max_length": 4})]),
        "/view/blocks/0/element/min_length",
    ),
    (modal(blocks=[asked(button())]), "/view/blocks/0/element/type"),
    (
        modal(blocks=[asked({"type": "plain_text_input"}, label={"type": "mrkdwn", "text": "x"})]),
        "/view/blocks/0/label/type",
    ),
    (
        modal(
            blocks=[
                asked({"type": "plain_text_input"}, block_id="x"),
                asked({"type": "plain_text_input"}, block_id="x"),
            ]
        ),
        "/view/blocks/1/block_id",
    ),
    (
        modal(
            blocks=[
                asked({"type": "plain_text_input", "focus_on_load": True}),
                asked({"type": "email_text_input", "focus_on_load": True}),
            ]
        ),
        "/view/blocks",
    ),
    ({"type": "home", "blocks": [SECTION], "title": plain("x")}, "/view"),
    ({"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}, "/view/blocks/0/type"),
]


@pytest.mark.parametrize(
    ("view", "pointer"), BAD_VIEWS, ids=[f"{i}-{pointer}" for i, (_, pointer) in enumerate(BAD_VIEWS)]
)
def test_slack_refuses_these_views(view: dict[str, Any], pointer: str) -> None:
    """One mistake each, modals and Homes."""
    assert pointer in [problem.pointer for problem in check_view(view)]
