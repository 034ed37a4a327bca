"""A decision that is asked for over HTTP: the request in, what was answered out. Of Signoff's own graph only.

The request: `action` (what is to happen), `context`, `args` (values that people may change), `urgency`,
`response_type` (how it is answered), `images` (addresses of pictures).

The answer: `{"decision": "approve" | "deny" | "modify" | "respond", "notes": text or null, "data": object or null}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from pydantic import JsonValue

from agents.decisions import DECISIONS
from agents.dialects.base import Context, Reading, as_list, as_mapping, text_of, verdicts_of
from agents.payload import copy_json
from agents.schema import fault
from agents.titles import bounded
from approvals.model import Action, Approval, Decision, DecisionType, Reply
from approvals.refusals import Reason, Refusal

APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND

WORDS: Mapping[DecisionType, str] = {APPROVE: "approve", EDIT: "modify", DENY: "deny", RESPOND: "respond"}
VERDICT, TYPED = "verdict", "text"
"""Shapes of the answer. What is typed into a form has the name that forms go by."""


class DecisionRequest:
    """See the module."""

    name = "decision"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Mine if it is of our own graph."""
        del schema
        request = as_mapping(value) if ctx.graph == DECISIONS else None
        text = text_of(request.get("action")) if request else ""
        if not request or not text:
            return None
        kind = as_mapping(request.get("response_type")) or {}
        form, allowed = _form(kind)
        copied = copy_json(request.get("args") or {})
        args = copied.value if isinstance(copied.value, dict) else {}
        if args and copied.whole and form is None:
            allowed = (APPROVE, EDIT, DENY)
        title = bounded(text)
        said = [text if text.strip() != title else "", text_of(request.get("context"))]
        said += [f"Picture: {url}" for url in as_list(request.get("images")) or () if isinstance(url, str)]
        return Reading(
            actions=(Action(name=text, args=args, allowed=allowed),),
            title=title,
            description="\n\n".join(part for part in said if part),
            reply=VERDICT if form is None else TYPED,
            why="asked for over HTTP",
            schema=form,
        )

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """A typed answer fits its form; a time is one that is to come to pass."""
        if decision.type is not RESPOND:
            return None
        data = typed(decision)
        wrong = fault(data, approval.schema)
        if wrong is not None:
            field, what = wrong
            return Refusal(Reason.INVALID_ANSWER, f"{field or 'The answer'} {what}.", field=field or "text")
        at = data.get("execute_at") if isinstance(data, dict) and _is_schedule(approval) else None
        if isinstance(at, str) and moment(at) is None:
            detail = "execute_at must be a date and a time with a zone, as in 2026-11-21T09:30:00Z."
            return Refusal(Reason.INVALID_ANSWER, detail, field="execute_at")
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        """What was decided, and the data that came with it."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        verdict = verdicts[0]
        if no := self.check(approval, verdict):
            return no
        return Reply({"decision": WORDS[verdict.type], "notes": verdict.reason, "data": _data(approval, verdict)})


def typed(decision: Decision) -> JsonValue:
    """A typed answer: the object that the form made, or the text itself."""
    text = decision.text or ""
    try:
        return cast("JsonValue", json.loads(text))
    except (ValueError, RecursionError):
        return text


def moment(text: str) -> datetime | None:
    """A time with a zone, as ISO 8601 writes it; `None` for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _data(approval: Approval, verdict: Decision) -> JsonValue:
    if verdict.type is RESPOND:
        return typed(verdict)
    if verdict.type is EDIT:
        return dict(verdict.args or {})
    if verdict.type is APPROVE and approval.terms is not None and approval.terms.confirm:
        return {"confirmed": True}
    return None


def _is_schedule(approval: Approval) -> bool:
    payload = approval.payload if isinstance(approval.payload, dict) else {}
    kind = payload.get("response_type")
    return isinstance(kind, dict) and kind.get("type") == "schedule"


# -- how it is answered


def _form(kind: Mapping[str, object]) -> tuple[JsonValue, tuple[DecisionType, ...]]:
    """The JSON Schema of a typed answer, if it is typed, and what can be said."""
    match kind.get("type"):
        case "choose":
            choices: list[JsonValue] = [
                choice for choice in as_list(kind.get("choices")) or () if isinstance(choice, str)
            ]
            return _object({"chosen": {"type": "string", "enum": choices, **_titled(kind)}}, "chosen"), (RESPOND, DENY)
        case "text_input":
            return _texts(kind), (RESPOND, DENY)
        case "number_input":
            number: dict[str, JsonValue] = {"type": "number", **_titled(kind)}
            for bound, key in (("min", "minimum"), ("max", "maximum")):
                limit = kind.get(bound)
                if isinstance(limit, int | float):
                    number[key] = limit
            return _object({"value": number}, "value"), (RESPOND, DENY)
        case "schedule":
            at: JsonValue = {"type": "string", "format": "date-time", **_titled(kind)}
            now = (APPROVE,) if kind.get("allow_immediate") is not False else ()
            return _object({"execute_at": at}, "execute_at"), (*now, RESPOND, DENY)
        case _:
            return None, (APPROVE, DENY)


def _texts(kind: Mapping[str, object]) -> JsonValue:
    fields = [field for field in map(as_mapping, as_list(kind.get("fields")) or ()) if field is not None]
    required = [text_of(field.get("name")) for field in fields if field.get("required") is True]
    properties: dict[str, JsonValue] = {}
    for field in fields:
        entry: dict[str, JsonValue] = {"type": "string", **_titled(field)}
        if field.get("required") is True:
            entry["minLength"] = 1
        properties[text_of(field.get("name"))] = entry
    return _object(properties, *required)


def _titled(stated: Mapping[str, object]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    if label := text_of(stated.get("label")).strip():
        found["title"] = label
    if hint := text_of(stated.get("placeholder")).strip():
        found["description"] = hint
    return found


def _object(properties: dict[str, JsonValue], *required: str) -> JsonValue:
    return {
        "type": "object",
        "properties": properties,
        "required": list[JsonValue](required),
        "additionalProperties": False,
    }
