"""The one table of Block Kit rules: fields, types, limits in characters or items, and the surfaces a thing may appear
on.

Sources are in CLAIMS.md. A test compares the limits with the constants of slack_sdk.
"""

from __future__ import annotations

from .cards import CARDS
from .schema import EVERYWHERE, MESSAGE, MODAL, VIEWS, Arr, Bool, Free, Int, Obj, One, Rule, Shape, Str, Text

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
MARKDOWN_TOTAL = 12_000
MESSAGE_TEXT_BUDGET = 10_000  # ours: Slack's own total is undocumented, rejections were seen from 11,341 characters on
VIEW_BYTES = 250_000

ID = Str(255)
URL = Str(3000)
USER_ID = Str(pattern=r"[UW][A-Z0-9]+")
CHANNEL_ID = Str(pattern=r"[CG][A-Z0-9]+")
CONVERSATION_ID = Str(pattern=r"[CDGUW][A-Z0-9]+")
NUMBER = Str(pattern=r"-?[0-9]+(\.[0-9]+)?")
DATE = Str(pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = Str(pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]")
PLACEHOLDER = Text(150, plain=True)
CONFIRM = Obj("confirm")
FOCUS = {"focus_on_load": Bool()}
DISPATCH = {"dispatch_action_config": Obj("dispatch_action_config")}


def _element(**fields: Rule) -> dict[str, Rule]:
    return {"action_id": ID, **fields}


def _select(**fields: Rule) -> dict[str, Rule]:
    return _element(placeholder=PLACEHOLDER, confirm=CONFIRM, **FOCUS, **fields)


OBJECTS: dict[str, Shape] = {
    "confirm": Shape(
        {
            "title": Text(100, plain=True),
            "text": Text(300),
            "confirm": Text(30, plain=True),
            "deny": Text(30, plain=True),
            "style": Str(values=("primary", "danger")),
        },
        required=("title", "text", "confirm", "deny"),
    ),
    "option": Shape(
        {"text": Text(75, plain=True), "value": Str(150), "description": Text(75, plain=True)}, ("text", "value")
    ),
    "rich_option": Shape({"text": Text(75), "value": Str(150), "description": Text(75)}, ("text", "value")),
    "link_option": Shape(
        {"text": Text(75, plain=True), "value": Str(150), "description": Text(75, plain=True), "url": URL},
        ("text", "value"),
    ),
    "option_group": Shape({"label": Text(75, plain=True), "options": Arr(Obj("option"), 100)}, ("label", "options")),
    "dispatch_action_config": Shape(
        {"trigger_actions_on": Arr(Str(values=("on_enter_pressed", "on_character_entered")), 2)}
    ),
    "conversation_filter": Shape(
        {
            "include": Arr(Str(values=("im", "mpim", "private", "public")), 4),
            "exclude_external_shared_channels": Bool(),
            "exclude_bot_users": Bool(),
        },
        any_of=("include", "exclude_external_shared_channels", "exclude_bot_users"),
    ),
    "slack_file": Shape({"id": Str(), "url": Str()}, one_of=("id", "url")),
    "workflow": Shape({"trigger": Free()}, ("trigger",)),
    "feedback_button": Shape(
        {"text": Text(75, plain=True), "value": Str(2000), "accessibility_label": Str(75)}, ("text", "value")
    ),
    "column_setting": Shape({"align": Str(values=("left", "center", "right")), "is_wrapped": Bool()}),
    "text_style": Shape(
        {
            name: Bool()
            for name in ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
        }
    ),
}

_RICH_LEAVES = ("text", "link", "user", "usergroup", "channel", "team", "emoji", "date", "broadcast", "color")
_RICH_BLOCKS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
_STYLE: dict[str, Rule] = {"style": Obj("text_style")}

RICH: dict[str, Shape] = {
    "rich_text_section": Shape({"elements": Arr(One("rich", _RICH_LEAVES), min=0)}, ("elements",)),
    "rich_text_list": Shape(
        {
            "elements": Arr(One("rich", ("rich_text_section",)), min=0),
            "style": Str(values=("bullet", "ordered")),
            "indent": Int(0, 8),
            "offset": Int(0),
            "border": Int(0, 1),
        },
        ("elements", "style"),
    ),
    "rich_text_preformatted": Shape(
        {"elements": Arr(One("rich", ("text", "link")), min=0), "border": Int(0, 1), "language": Str()}, ("elements",)
    ),
    "rich_text_quote": Shape({"elements": Arr(One("rich", _RICH_LEAVES), min=0), "border": Int(0, 1)}, ("elements",)),
    "text": Shape({"text": Str(), **_STYLE}, ("text",)),
    "link": Shape({"url": URL, "text": Str(min=0), "unsafe": Bool(), **_STYLE}, ("url",)),
    "user": Shape({"user_id": USER_ID, **_STYLE}, ("user_id",)),
    "usergroup": Shape({"usergroup_id": Str(pattern=r"S[A-Z0-9]+"), **_STYLE}, ("usergroup_id",)),
    "channel": Shape({"channel_id": CHANNEL_ID, **_STYLE}, ("channel_id",)),
    "team": Shape({"team_id": Str(pattern=r"[TE][A-Z0-9]+"), **_STYLE}, ("team_id",)),
    "emoji": Shape({"name": Str(), "skin_tone": Int(1, 6), "unicode": Str(), "url": URL, **_STYLE}, ("name",)),
    "date": Shape(
        {"timestamp": Int(), "format": Str(), "url": URL, "fallback": Str(), **_STYLE}, ("timestamp", "format")
    ),
    "broadcast": Shape({"range": Str(values=("here", "channel", "everyone")), **_STYLE}, ("range",)),
    "color": Shape({"value": Str(), **_STYLE}, ("value",)),
}

_OPTIONS: dict[str, Rule] = {"options": Arr(Obj("option"), 100), "option_groups": Arr(Obj("option_group"), 100)}
_DEFAULTING: dict[str, Rule] = {"default_to_current_conversation": Bool(), "filter": Obj("conversation_filter")}
_MULTI: dict[str, Rule] = {"max_selected_items": Int(1)}
_IMAGE: dict[str, Rule] = {"image_url": URL, "slack_file": Obj("slack_file"), "alt_text": Str(2000)}

ELEMENTS: dict[str, Shape] = {
    "button": Shape(
        _element(
            text=Text(75, plain=True),
            url=URL,
            value=Str(2000),
            style=Str(values=("primary", "danger")),
            confirm=CONFIRM,
            accessibility_label=Str(75),
            agent_prompt=Str(4000),
            agent_prompt_display=Str(),
            visible_to_user_ids=Arr(USER_ID, 10),
        ),
        ("text",),
    ),
    "workflow_button": Shape(
        _element(
            text=Text(75, plain=True),
            workflow=Obj("workflow"),
            style=Str(values=("primary", "danger")),
            accessibility_label=Str(75),
        ),
        ("text", "workflow"),
    ),
    "icon_button": Shape(
        _element(
            icon=Str(values=("trash",)),
            text=Text(75, plain=True),
            value=Str(2000),
            confirm=CONFIRM,
            accessibility_label=Str(75),
            visible_to_user_ids=Arr(USER_ID, 10),
        ),
        ("icon", "text"),
        frozenset({MESSAGE}),
    ),
    "feedback_buttons": Shape(
        _element(positive_button=Obj("feedback_button"), negative_button=Obj("feedback_button")),
        ("positive_button", "negative_button"),
        frozenset({MESSAGE}),
    ),
    "image": Shape(_IMAGE, ("alt_text",), one_of=("image_url", "slack_file")),
    "overflow": Shape(_element(options=Arr(Obj("link_option"), 5), confirm=CONFIRM), ("options",)),
    "static_select": Shape(_select(**_OPTIONS, initial_option=Obj("option")), one_of=("options", "option_groups")),
    "multi_static_select": Shape(
        _select(**_OPTIONS, initial_options=Arr(Obj("option"), 100), **_MULTI), one_of=("options", "option_groups")
    ),
    "external_select": Shape(_select(initial_option=Obj("option"), min_query_length=Int(0))),
    "multi_external_select": Shape(_select(initial_options=Arr(Obj("option"), 100), min_query_length=Int(0), **_MULTI)),
    "users_select": Shape(_select(initial_user=USER_ID)),
    "multi_users_select": Shape(_select(initial_users=Arr(USER_ID), **_MULTI)),
    "conversations_select": Shape(
        _select(initial_conversation=CONVERSATION_ID, response_url_enabled=Bool(), **_DEFAULTING)
    ),
    "multi_conversations_select": Shape(_select(initial_conversations=Arr(CONVERSATION_ID), **_DEFAULTING, **_MULTI)),
    "channels_select": Shape(_select(initial_channel=CHANNEL_ID, response_url_enabled=Bool())),
    "multi_channels_select": Shape(_select(initial_channels=Arr(CHANNEL_ID), **_MULTI)),
    "radio_buttons": Shape(
        _element(options=Arr(Obj("rich_option"), 10), initial_option=Obj("rich_option"), confirm=CONFIRM, **FOCUS),
        ("options",),
    ),
    "checkboxes": Shape(
        _element(
            options=Arr(Obj("rich_option"), 10), initial_options=Arr(Obj("rich_option"), 10), confirm=CONFIRM, **FOCUS
        ),
        ("options",),
    ),
    "datepicker": Shape(_select(initial_date=DATE)),
    "timepicker": Shape(_select(initial_time=TIME, timezone=Str())),
    "datetimepicker": Shape(_element(initial_date_time=Int(1_000_000_000, 9_999_999_999), confirm=CONFIRM, **FOCUS)),
    "plain_text_input": Shape(
        _element(
            initial_value=Str(3000, min=0),
            multiline=Bool(),
            min_length=Int(0, 3000),
            max_length=Int(1, 3000),
            placeholder=PLACEHOLDER,
            **FOCUS,
            **DISPATCH,
        ),
        surfaces=VIEWS,
    ),
    "number_input": Shape(
        _element(
            is_decimal_allowed=Bool(),
            initial_value=NUMBER,
            min_value=NUMBER,
            max_value=NUMBER,
            placeholder=PLACEHOLDER,
            **FOCUS,
            **DISPATCH,
        ),
        ("is_decimal_allowed",),
        VIEWS,
    ),
    "email_text_input": Shape(
        _element(initial_value=Str(), placeholder=PLACEHOLDER, **FOCUS, **DISPATCH), surfaces=VIEWS
    ),
    "url_text_input": Shape(
        _element(initial_value=Str(), placeholder=PLACEHOLDER, **FOCUS, **DISPATCH), surfaces=VIEWS
    ),
    "rich_text_input": Shape(
        _element(
            initial_value=Free(), min_lines=Int(1), max_lines=Int(1), placeholder=PLACEHOLDER, **FOCUS, **DISPATCH
        ),
        surfaces=VIEWS,
    ),
    "file_input": Shape(_element(filetypes=Arr(Str()), max_files=Int(1, 10)), surfaces=frozenset({MODAL})),
}

_CHOICES = ("static_select", "users_select", "conversations_select", "channels_select", "external_select")
_MULTI_CHOICES = tuple(f"multi_{name}" for name in _CHOICES)
_COMMON = ("button", "workflow_button", "overflow", "datepicker", "timepicker", "radio_buttons", "checkboxes")
IN_SECTION = (*_COMMON, *_CHOICES, *_MULTI_CHOICES, "image")
IN_ACTIONS = (*_COMMON, *_CHOICES, *_MULTI_CHOICES, "datetimepicker", "rich_text_input")
IN_CONTEXT_ACTIONS = ("feedback_buttons", "icon_button")
IN_INPUT = (
    *("plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input"),
    *("datepicker", "timepicker", "datetimepicker", "radio_buttons", "checkboxes"),
    *_CHOICES,
    *_MULTI_CHOICES,
)
_VIDEO_TEXTS: dict[str, Rule] = {"title": Text(200, plain=True), "description": Text(200, plain=True)}

BLOCKS: dict[str, Shape] = {
    "section": Shape(
        {"text": Text(3000), "fields": Arr(Text(2000), 10), "accessory": One("element", IN_SECTION), "expand": Bool()},
        any_of=("text", "fields"),
    ),
    "header": Shape({"text": Text(150, plain=True)}, ("text",)),
    "divider": Shape({}),
    "context": Shape({"elements": Arr(One("context", ("plain_text", "mrkdwn", "image")), 10)}, ("elements",)),
    "actions": Shape({"elements": Arr(One("element", IN_ACTIONS), 25)}, ("elements",)),
    "context_actions": Shape(
        {"elements": Arr(One("element", IN_CONTEXT_ACTIONS), 5)}, ("elements",), frozenset({MESSAGE})
    ),
    "input": Shape(
        {
            "label": Text(2000, plain=True),
            "element": One("element", IN_INPUT),
            "hint": Text(2000, plain=True),
            "optional": Bool(),
            "dispatch_action": Bool(),
        },
        ("label", "element"),
        VIEWS,
    ),
    "image": Shape(_IMAGE | {"title": Text(2000, plain=True)}, ("alt_text",), one_of=("image_url", "slack_file")),
    "rich_text": Shape({"elements": Arr(One("rich", _RICH_BLOCKS), min=0)}, ("elements",)),
    "markdown": Shape({"text": Str(12_000)}, ("text",), frozenset({MESSAGE})),
    "table": Shape(
        {"rows": Arr(Arr(Free(), 20), 100), "column_settings": Arr(Obj("column_setting"), 20)},
        ("rows",),
        frozenset({MESSAGE}),
    ),
    "video": Shape(
        {
            **_VIDEO_TEXTS,
            "title_url": URL,
            "video_url": URL,
            "thumbnail_url": URL,
            "alt_text": Str(2000),
            "author_name": Str(50),
            "provider_name": Str(50),
            "provider_icon_url": URL,
        },
        ("title", "video_url", "thumbnail_url", "alt_text"),
        EVERYWHERE,
    ),
    "alert": Shape(
        {"text": Text(3000), "level": Str(values=("default", "info", "warning", "error", "success"))},
        ("text",),
        frozenset({MODAL}),
    ),
}

BLOCKS.update(CARDS)

VIEW_FIELDS: dict[str, Rule] = {
    "blocks": Arr(Free(), BLOCKS_IN_VIEW),
    "private_metadata": Str(3000, min=0),
    "callback_id": Str(255, min=0),
    "external_id": Str(255, min=0),
}
VIEWS_BY_TYPE: dict[str, Shape] = {
    "modal": Shape(
        {
            **VIEW_FIELDS,
            "title": Text(24, plain=True),
            "submit": Text(24, plain=True),
            "close": Text(24, plain=True),
            "clear_on_close": Bool(),
            "notify_on_close": Bool(),
            "submit_disabled": Bool(),
        },
        ("title", "blocks"),
    ),
    "home": Shape(VIEW_FIELDS, ("blocks",)),
}
GROUPS: dict[str, dict[str, Shape]] = {
    "element": ELEMENTS,
    "rich": RICH,
    "context": {"plain_text": Shape({}), "mrkdwn": Shape({}), "image": ELEMENTS["image"]},
    "block": BLOCKS,
}
