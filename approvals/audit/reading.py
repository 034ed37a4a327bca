"""What an entry says, for those who look at more than its bytes. Tampered text may be anything: nothing here raises."""

from __future__ import annotations

import json
from typing import Any, cast

from approvals.audit.entries import Entry


def said(entry: Entry) -> dict[str, Any]:
    """The event's fields as they stand in the text; empty where it is not an object."""
    try:
        found: object = json.loads(entry.text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def data(fields: dict[str, Any]) -> dict[str, Any]:
    """Its `data`."""
    found: object = fields.get("data")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def type_of(fields: dict[str, Any]) -> str:
    """Its type; empty where it has none."""
    found = fields.get("type")
    return found if isinstance(found, str) else ""
