"""The Block Kit validator: what Slack takes, what it refuses, and where the problem is."""

from __future__ import annotations

from typing import Any

import pytest

from localslack import check_blocks, check_view
from localslack.validate import text_length

from .conftest import BUTTONS, modal
from .payloads import CONFIRM, SECTION, actions, asked, button, option, plain

RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "a", "style": {"bold": True}},
                {"type": "link", "url": "https://example.com", "text": "b"},
                {"type": "user", "user_id": "U0ANA"},
                {"type": "usergroup", "usergroup_id": "S0FINANCE"},
                {"type": "channel", "channel_id": "C0APPROVALS"},
                {"type": "emoji", "name": "eyes"},
                {"type": "date", "timestamp": 1, "format": "{date}"},
                {"type": "broadcast", "range": "here"},
            ],
        },
        {"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_section", "elements": []}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "{}"}]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
    ],
}

GOOD_MESSAGES: list[dict[str, Any]] = [
    *BUTTONS,
    RICH,
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            {"type": "mrkdwn", "text": "x", "verbatim": True},
            {"type": "image", "image_url": "https://x", "alt_text": "x"},
        ],
    },
    {"type": "section", "fields": [plain("x" * 2000)] * 10},
    {**SECTION, "accessory": {"type": "overflow", "action_id": "o", "options": [option(url="https://x")]}},
    {
        **SECTION,
        "accessory": {
            "type": "static_select",
            "action_id": "s",
            "option_groups": [{"label": plain("g"), "options": [option()]}],
        },
    },
    {
        **SECTION,
        "accessory": {
            "type": "multi_users_select",
            "action_id": "u",
            "initial_users": ["U0ANA"],
            "max_selected_items": 2,
        },
    },
    actions(button(confirm=CONFIRM, style="danger", value="x" * 2000)),
    actions({"type": "radio_buttons", "action_id": "r", "options": [option()], "initial_option": option()}),
    actions(
        {"type": "datepicker", "action_id": "d", "initial_date": "2026-01-31"},
        {"type": "timepicker", "action_id": "t", "initial_time": "23:59"},
    ),
    {"type": "image", "image_url": "https://x", "alt_text": "x", "title": plain("t")},
    {"type": "markdown", "text": "**x**"},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]},
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "f",
                "positive_button": {"text": plain("+"), "value": "1"},
                "negative_button": {"text": plain("-"), "value": "0"},
            }
        ],
    },
]

GOOD_INPUTS: list[dict[str, Any]] = [
    asked({"type": "plain_text_input", "multiline": True, "min_length": 1, "max_length": 3000, "initial_value": "x"}),
    asked({"type": "number_input", "is_decimal_allowed": True, "min_value": "-1.5", "max_value": "2"}, optional=True),
    asked({"type": "email_text_input"}, hint=plain("h")),
    asked({"type": "url_text_input"}, dispatch_action=True),
    asked({"type": "static_select", "options": [option()], "initial_option": option()}),
    asked({"type": "checkboxes", "options": [option(description=plain("d"))]}),
    asked({"type": "conversations_select", "response_url_enabled": True, "default_to_current_conversation": True}),
    asked({"type": "multi_static_select", "options": [option()], "max_selected_items": 1}),
    asked({"type": "datetimepicker", "initial_date_time": 1_750_000_000}),
    asked({"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]}}),
]


@pytest.mark.parametrize("block", GOOD_MESSAGES, ids=lambda block: block["type"])
def test_slack_takes_these_in_a_message(block: dict[str, Any]) -> None:
    """Everything an app may use in a message, up to the limits."""
    assert check_blocks([block], "message") == []


@pytest.mark.parametrize("block", GOOD_INPUTS, ids=lambda block: block["element"]["type"])
def test_slack_takes_these_in_a_form(block: dict[str, Any]) -> None:
    """Every kind of input, with its options."""
    assert check_view(modal(blocks=[block])) == []


def test_fifty_blocks_in_a_message_and_a_hundred_in_a_view() -> None:
    """One more is refused."""
    assert check_blocks([SECTION] * 50, "message") == []
    assert check_blocks([SECTION] * 51, "message")[0].pointer == "/blocks"
    assert check_view(modal(blocks=[SECTION] * 100)) == []


def test_markdown_is_counted_over_the_whole_message() -> None:
    """12,000 characters together, not each."""
    half = {"type": "markdown", "text": "x" * 6001}
    assert [problem.code for problem in check_blocks([half, half], "message")] == ["max_length"]


def test_block_ids_are_unique_in_a_message() -> None:
    """The second of two equal ones is the problem."""
    twice = [{**SECTION, "block_id": "b"}] * 2
    assert [problem.pointer for problem in check_blocks(twice, "message")] == ["/blocks/1/block_id"]


def test_problems_read_like_slacks() -> None:
    """The wording Slack uses for too many elements, with the pointer in brackets."""
    many = actions(*[button(action_id=str(i)) for i in range(26)])
    assert (
        str(check_blocks([many], "message")[0])
        == "[ERROR] no more than 25 items allowed [json-pointer:/blocks/0/elements]"
    )


def test_text_is_counted_wherever_it_stands() -> None:
    """Sections, buttons and rich text all count towards the budget."""
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "1234"}]}],
    }
    assert text_length([SECTION, actions(button()), rich]) == 2 + 2 + 4


@pytest.mark.parametrize(
    "junk",
    [
        None,
        7,
        "x",
        {},
        [7],
        [None],
        [{"type": 3}],
        [{"type": "section", "text": []}],
        [{"type": "actions", "elements": {}}],
    ],
)
def test_junk_is_refused_and_never_raises(junk: Any) -> None:
    """Whatever arrives, the answer is a list of problems."""
    assert check_blocks(junk, "message")
    assert check_view({"type": "modal", "title": plain("x"), "blocks": junk})
