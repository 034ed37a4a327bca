"""One of everything: blocks with every element of a message, a form with every input, and a Home."""

from __future__ import annotations

from typing import Any

from .payloads import CONFIRM, actions, asked, button, option, plain

OPTIONS = [option("a", text=plain("Apples")), option("b", text=plain("Bread")), option("c", text=plain("Cheese"))]
GROUPS = [
    {"label": plain("Sweet"), "options": OPTIONS[:1]},
    {"label": plain("Savoury"), "options": OPTIONS[1:]},
]
DESCRIBED = [{**OPTIONS[0], "description": plain("Red ones")}, *OPTIONS[1:]]


def pick(kind: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": action_id, "placeholder": plain("Choose"), **more}


SELECTS: list[dict[str, Any]] = [
    pick("static_select", "one", options=OPTIONS),
    pick("static_select", "grouped", option_groups=GROUPS),
    pick("users_select", "person"),
    pick("channels_select", "channel"),
    pick("conversations_select", "place"),
    pick("external_select", "seek", min_query_length=1),
]
MANY: list[dict[str, Any]] = [
    pick("multi_static_select", "ones", options=OPTIONS),
    pick("multi_users_select", "persons"),
    pick("multi_channels_select", "channels"),
    pick("multi_conversations_select", "places"),
    pick("multi_external_select", "seeks", min_query_length=1),
]
MOMENTS: list[dict[str, Any]] = [
    {"type": "datepicker", "action_id": "day"},
    {"type": "timepicker", "action_id": "time"},
    {"type": "datetimepicker", "action_id": "moment"},
]
TICKS: list[dict[str, Any]] = [
    {"type": "radio_buttons", "action_id": "radio", "options": DESCRIBED},
    {"type": "checkboxes", "action_id": "boxes", "options": DESCRIBED},
]
TYPED: list[dict[str, Any]] = [
    {"type": "plain_text_input", "action_id": "line", "placeholder": plain("A line")},
    {"type": "plain_text_input", "action_id": "lines", "multiline": True},
    {"type": "number_input", "action_id": "number", "is_decimal_allowed": True},
    {"type": "email_text_input", "action_id": "mail"},
    {"type": "url_text_input", "action_id": "link"},
    {"type": "rich_text_input", "action_id": "rich"},
]

STYLED = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Rich ", "style": {"bold": True}},
                {"type": "text", "text": "text", "style": {"italic": True}},
                {"type": "text", "text": " for "},
                {"type": "user", "user_id": "U0BEN"},
            ],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": '{"amount": 4200}'}]},
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "an item"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "as they say"}]},
    ],
}
MESSAGE: list[dict[str, Any]] = [
    {"type": "header", "text": plain("One of everything")},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*Bold*, _italic_, ~struck~, `code`, <https://example.com|a link>, <!here>"},
        "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS},
    },
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Amount*\n4,200 EUR"}, plain("Plain field")]},
    STYLED,
    actions(
        button(action_id="plain"),
        button(action_id="sure", style="primary", confirm=CONFIRM, text=plain("Sure")),
        button(action_id="danger", style="danger", text=plain("Danger")),
    ),
    actions(*SELECTS),
    actions(*MANY),
    actions(*MOMENTS),
    actions(*TICKS),
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": plain("Good"), "value": "good"},
                "negative_button": {"text": plain("Bad"), "value": "bad"},
            },
            {"type": "icon_button", "action_id": "bin", "icon": "trash", "text": plain("Delete")},
        ],
    },
    {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": "Item"}, {"type": "raw_text", "text": "Sum"}],
            [{"type": "raw_text", "text": "Paper"}, {"type": "raw_text", "text": "12"}],
        ],
    },
    {
        "type": "carousel",
        "elements": [
            {"type": "card", "title": plain("First"), "body": plain("One of two"), "actions": [button(action_id="in")]},
            {"type": "card", "title": plain("Second"), "body": plain("Two of two")},
        ],
    },
    {
        "type": "container",
        "title": plain("A container"),
        "is_collapsible": True,
        "child_blocks": [
            {"type": "section", "text": plain("Inside")},
            actions(button(action_id="deeper", text=plain("Deeper"))),
        ],
    },
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "Asked by <@U0ANA> in <#C0APPROVALS>"}]},
]

INPUTS = [*TYPED, *SELECTS, *MANY, *MOMENTS, *TICKS]
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "everything",
    "title": plain("Every input"),
    "submit": plain("Send"),
    "close": plain("Back"),
    "notify_on_close": True,
    "blocks": [
        {"type": "alert", "text": plain("This form has one of every input."), "level": "info"},
        *(
            asked(element, block_id=f"{element['action_id']}_block", label=plain(f"{element['type']}"))
            for element in INPUTS
        ),
        actions(button(action_id="another", text=plain("One more form"))),
    ],
}
SECOND: dict[str, Any] = {
    "type": "modal",
    "title": plain("On top"),
    "blocks": [{"type": "section", "text": plain("The one beneath waits.")}],
}
START: dict[str, Any] = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Waiting for you")},
        {
            "type": "section",
            "text": plain("Nothing is due."),
            "accessory": button(action_id="refresh", text=plain("Refresh")),
        },
        actions(*SELECTS[:2]),
        asked(TYPED[0], block_id="note", dispatch_action=True),
    ],
}
