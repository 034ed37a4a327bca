"""Agent Inbox: `HumanInterrupt` in, a list with one `HumanResponse` out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from agents.dialects.base import Context, Reading, as_list, as_mapping, text_of, verdicts_of
from agents.payload import copy_json
from agents.titles import title_of
from approvals.model import Action, Approval, Decision, DecisionType, Reply
from approvals.refusals import Refusal

FLAGS = {
    "allow_accept": DecisionType.APPROVE,
    "allow_edit": DecisionType.EDIT,
    "allow_ignore": DecisionType.DENY,
    "allow_respond": DecisionType.RESPOND,
}


class AgentInbox:
    """`{"action_request", "config", "description"}`: as an object, in a list, or as JSON text of either.

    The answer is always a list with one response per request, since such graphs read `interrupt(...)[0]`.
    """

    name = "agent_inbox"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Mine if every entry is a `HumanInterrupt`."""
        del schema, ctx
        parsed = _parsed(value)
        entries = as_list(parsed) or ([parsed] if isinstance(parsed, dict) else [])
        interrupts = [_human_interrupt(entry) for entry in entries]
        actions = tuple(action for action in interrupts if action is not None)
        if not actions or len(actions) != len(interrupts):
            return None
        return Reading(
            actions=actions,
            title=title_of(actions),
            description=actions[0].description if len(actions) == 1 else "",
            reply="human_response",
            why="`action_request` with `config`: the Agent Inbox format",
        )

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Nothing beyond the common checks."""
        del approval, decision
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        """One `HumanResponse` per request."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        return Reply([_response(*pair) for pair in zip(approval.actions, verdicts, strict=True)])


def _parsed(value: object) -> object:
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _human_interrupt(entry: object) -> Action | None:
    found = as_mapping(entry)
    request = as_mapping(found.get("action_request")) if found else None
    config = as_mapping(found.get("config")) if found else None
    if not found or not request or config is None:
        return None
    name, args = text_of(request.get("action")), as_mapping(request.get("args") or {})
    if not name or args is None:
        return None
    copied = copy_json(args)
    shown = copied.value if isinstance(copied.value, dict) else {}
    return Action(
        name=name,
        args=shown,
        description=text_of(found.get("description")),
        allowed=_allowed(config, editable=copied.whole and bool(shown)),
    )


def _allowed(config: Mapping[str, object], *, editable: bool) -> tuple[DecisionType, ...]:
    found = [kind for flag, kind in FLAGS.items() if config.get(flag) is True]
    if not editable:
        found = [kind for kind in found if kind is not DecisionType.EDIT]
    # Agent Inbox offers nothing but `ignore` where a request allows nothing.
    return tuple(found) or (DecisionType.DENY,)


def _response(action: Action, decision: Decision) -> JsonValue:
    if decision.type is DecisionType.EDIT:
        return {"type": "edit", "args": {"action": action.name, "args": dict(decision.args or {})}}
    if decision.type is DecisionType.RESPOND:
        return {"type": "response", "args": decision.text or ""}
    if decision.type is DecisionType.DENY:
        return {"type": "ignore", "args": None}
    if DecisionType.EDIT in action.allowed:
        return {"type": "accept", "args": {"action": action.name, "args": dict(action.args)}}
    return {"type": "accept", "args": None}
