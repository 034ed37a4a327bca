"""Events as rows for other systems: one shape for JSON lines, CSV and HTTP. Pure, and generic over what happened."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, cast

from approvals.audit import reading
from approvals.audit.entries import Entry
from approvals.redact import Redactor

COLUMNS = (
    "seq",
    "at",
    "type",
    "approval_id",
    "thread_id",
    "version",
    "actor_id",
    "actor_source",
    "actor_team",
    "actor_behalf",
    "data",
    "sha256",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def row(entry: Entry, redactor: Redactor) -> dict[str, Any]:
    """One event. `sha256` is of its text as it is kept, by which a receipt or an archive is found again. What is hidden
    by name or by look is hidden here too. A text that is no event is `unreadable`."""
    fields = reading.said(entry)
    actor: object = fields.get("actor")
    who = cast("dict[str, Any]", actor) if isinstance(actor, dict) else {"id": "system", "source": "system"}
    told: dict[str, Any] = (
        {"text": redactor.text(entry.text[:2000].decode(errors="replace"))} if not fields else reading.data(fields)
    )
    return {
        "seq": entry.seq,
        "type": reading.type_of(fields) or "unreadable",
        "at": fields.get("at"),
        "actor": {name: who[name] for name in ("id", "source", "team_id", "behalf") if who.get(name)},
        "approval_id": fields.get("approval_id"),
        "thread_id": fields.get("thread_id", ""),
        "version": fields.get("version", 0),
        "data": redactor.arguments(told),
        "sha256": entry.content.hex(),
    }


def as_json(found: dict[str, Any]) -> str:
    """One line."""
    return json.dumps(found, ensure_ascii=True, separators=(",", ":"))


def heading() -> str:
    """The first line of a CSV."""
    return _line(COLUMNS)


def as_csv(found: dict[str, Any]) -> str:
    """One line. A cell that a spreadsheet would calculate begins with an apostrophe."""
    actor: dict[str, str] = found["actor"]
    flat = found | {
        "actor_id": actor.get("id"),
        "actor_source": actor.get("source"),
        "actor_team": actor.get("team_id"),
        "actor_behalf": actor.get("behalf"),
        "data": json.dumps(found["data"], ensure_ascii=False, separators=(",", ":")) if found["data"] else "",
    }
    return _line([_safe(flat[name]) for name in COLUMNS])


def _safe(value: object) -> str:
    text = "" if value is None else str(value)
    text = text.encode(errors="replace").decode()  # half a character is no text
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: object) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cast("list[str]", cells))
    return out.getvalue()
