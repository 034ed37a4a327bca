"""What a person can put into an interactive element: the state Slack keeps of it, and the checks Slack's own client
makes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from .anatomy import elements_of, every_block, options_of
from .wire import Json, NotPossible, as_list, as_object

Values = Mapping[Any, Any]
"""What to fill into a form: `block_id` or `(block_id, action_id)` -> a plain Python value."""

STATE_KEYS = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
_INITIAL = {
    "value": "initial_value",
    "rich_text_value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}


def is_stateful(element: Json) -> bool:
    return element.get("type") in STATE_KEYS


def many(element: Json) -> bool:
    """Whether the element holds several values."""
    return STATE_KEYS.get(str(element.get("type")), "").endswith("s")


def initial_state(element: Json, channel: str | None = None) -> Json:
    """The entry of `state.values` before anybody touched the element; unfilled ones are null (empty lists where several
    fit).
    """
    kind = str(element.get("type"))
    key = STATE_KEYS[kind]
    value = element.get(_INITIAL.get(key, ""))
    if value is None and channel is not None and element.get("default_to_current_conversation"):
        value = [channel] if key.endswith("s") else channel
    return {"type": kind, key: ([] if key.endswith("s") else None) if value is None else value}


def initial_values(blocks: list[Any], channel: str | None = None) -> dict[str, dict[str, Json]]:
    """`state.values` of fresh blocks: block_id -> action_id -> entry."""
    values: dict[str, dict[str, Json]] = {}
    for block in every_block(blocks):
        for element in elements_of(block):
            if is_stateful(element):
                values.setdefault(str(block["block_id"]), {})[str(element["action_id"])] = initial_state(
                    element, channel
                )
    return values


def carried_over(
    old: dict[str, dict[str, Json]], blocks: list[Any], channel: str | None = None
) -> dict[str, dict[str, Json]]:
    """The values of updated blocks: what was typed stays where block_id, action_id and the kind of element are the
    same.
    """
    fresh = initial_values(blocks, channel)
    for block_id, entries in fresh.items():
        for action_id, entry in entries.items():
            kept = old.get(block_id, {}).get(action_id)
            if kept is not None and kept["type"] == entry["type"]:
                entries[action_id] = kept
    return fresh


def filled(element: Json, value: Any) -> Json:
    """The state entry after a person put `value` in.

    An option is named by its `value`; several by a list; a date as `YYYY-MM-DD`; a time as `HH:MM`; a moment in epoch
    seconds.
    """
    kind = str(element.get("type"))
    key = STATE_KEYS[kind]
    if value is None:
        return {"type": kind, key: [] if key.endswith("s") else None}
    if key == "selected_option":
        return {"type": kind, key: _option(element, value)}
    if key == "selected_options":
        return {"type": kind, key: [_option(element, item) for item in _items(value)]}
    if key.endswith("s"):
        return {"type": kind, key: [str(item) for item in _items(value)]}
    if key == "selected_date_time":
        return {"type": kind, key: int(value)}
    if key == "rich_text_value":
        return {"type": kind, key: value if as_object(value) else _rich(str(value))}
    return {"type": kind, key: None if key == "value" and value == "" else str(value)}


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple | set | frozenset) else [value]


def _option(element: Json, value: Any) -> Json:
    given = as_object(value)
    if given is not None and str(element.get("type")).endswith("external_select"):
        return given
    wanted = given.get("value") if given is not None else str(value)
    for option in options_of(element):
        if option.get("value") == wanted:
            return {key: option[key] for key in ("text", "value", "description") if key in option}
    if str(element.get("type")).endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": str(value)}
    known = [option.get("value") for option in options_of(element)]
    raise NotPossible(f"no option {wanted!r} in {element.get('action_id')}; there are {known}")


def _rich(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def is_empty(entry: Json) -> bool:
    return entry.get(STATE_KEYS[str(entry["type"])]) in (None, "", [])


def client_errors(blocks: list[Any], values: dict[str, dict[str, Json]]) -> dict[str, str]:
    """What Slack's client refuses before anything is sent: block_id -> message shown beside the input."""
    errors: dict[str, str] = {}
    for block in map(as_object, blocks):
        if block is None or block.get("type") != "input":
            continue
        element = as_object(block.get("element")) or {}
        block_id = str(block["block_id"])
        message = _client_error(block, element, values[block_id][str(element["action_id"])])
        if message:
            errors[block_id] = message
    return errors


def _client_error(block: Json, element: Json, entry: Json) -> str | None:
    kind = entry["type"]
    if is_empty(entry):
        return None if block.get("optional") else "Please complete this required field."
    value = entry.get("value")
    if kind == "plain_text_input":
        low, high = element.get("min_length", 0), element.get("max_length", 3000)
        if len(str(value)) < low:
            return f"Please enter at least {low} characters."
        if len(str(value)) > high:
            return f"Please enter no more than {high} characters."
    if kind == "number_input":
        return _number_error(element, str(value))
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(value)):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", str(value), re.IGNORECASE):
        return "Please enter a valid URL."
    most = element.get("max_selected_items")
    if most is not None and len(as_list(entry[STATE_KEYS[kind]]) or []) > most:
        return f"Please select no more than {most} items."
    return None


def _number_error(element: Json, value: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return "Please enter a valid number."
    if "." in value and not element.get("is_decimal_allowed"):
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and float(value) < float(low):
        return f"Please enter a number of at least {low}."
    if high is not None and float(value) > float(high):
        return f"Please enter a number of at most {high}."
    return None


def find_element(blocks: list[Any], action_id: str, block_id: str | None = None) -> tuple[Json, Json]:
    """The (block, element) a person would press, by action_id. Ambiguous or missing ones are an error of the caller."""
    found: list[tuple[Json, Json]] = []
    for block in every_block(blocks):
        if block_id not in (None, block.get("block_id")):
            continue
        for element in elements_of(block):
            if element.get("action_id") == action_id:
                found.append((block, element))
    if not found:
        shown = [element.get("action_id") for block in every_block(blocks) for element in elements_of(block)]
        raise NotPossible(f"nothing with action_id {action_id!r} is shown; there are {shown}")
    if len(found) > 1:
        raise NotPossible(f"action_id {action_id!r} is shown {len(found)} times; name the block_id")
    return found[0]
