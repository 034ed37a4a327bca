"""What every module here shares: the JSON alias, the refusal a Web API method ends with, and readers for loosely typed
arguments.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

T = TypeVar("T")

Json = dict[str, Any]
"""A JSON object as it travels over the wire."""


class SlackError(Exception):
    """How a Web API method says no.

    The dispatcher turns it into `{"ok": false, "error": code, ...}`; it never leaves the package.
    """

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra: Json = extra

    def answer(self) -> Json:
        return {"ok": False, "error": self.code, **self.extra}


class NotPossible(LookupError):
    """Asked to do, as a person, what that person could not do in Slack: press a button that is not shown, read a
    channel not joined.
    """


def clone(value: T) -> T:
    """A deep copy of JSON, several times as fast as `copy.deepcopy`, which waits in tests would feel."""
    if isinstance(value, dict):
        return cast(T, {key: clone(item) for key, item in cast(Json, value).items()})
    if isinstance(value, list):
        return cast(T, [clone(item) for item in cast("list[Any]", value)])
    return value


def as_object(value: object) -> Json | None:
    """The value as a JSON object, or None if it is something else."""
    return cast(Json, value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """The value as a JSON array, or None if it is something else."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def parsed(value: object) -> object:
    """A form field that holds JSON text becomes what the text says; anything else stays.

    `None` marks text that is not JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def truthy(value: object, *, default: bool = False) -> bool:
    """Slack's booleans: JSON true, and the strings `true` and `1` of a query or form."""
    if value is None:
        return default
    if isinstance(value, str):
        return value.lower() in {"true", "1"}
    return bool(value)


def text_arg(args: Json, name: str) -> str | None:
    """The argument as text, or None if it is absent or empty."""
    value = args.get(name)
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)
