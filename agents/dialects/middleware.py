"""LangChain's `HumanInTheLoopMiddleware`: all gated tool calls of one turn at once, or one interrupt per call."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from agents.dialects.base import Context, Reading, as_list, as_mapping, text_of, verdicts_of
from agents.payload import copy_json
from agents.schema import as_schema
from agents.titles import title_of
from approvals.model import Action, Approval, Decision, DecisionType, Reply
from approvals.refusals import Reason, Refusal

KINDS = {
    "approve": DecisionType.APPROVE,
    "edit": DecisionType.EDIT,
    "reject": DecisionType.DENY,
    "respond": DecisionType.RESPOND,
}


class Middleware:
    """`{"action_requests": [...], "review_configs": [...]}`, answered by `{"decisions": [...]}` in the same order.

    A list of another length, or a decision that a call does not allow, sticks to the thread: it is refused here.
    """

    name = "middleware"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Mine if every request has a name and arguments."""
        del schema, ctx
        entry = as_mapping(value)
        requests = as_list(entry.get("action_requests")) if entry else None
        if not entry or not requests:
            return None
        configs = [as_mapping(config) or {} for config in as_list(entry.get("review_configs")) or []]
        actions: list[Action] = []
        for index, request in enumerate(requests):
            call = as_mapping(request)
            action = (
                read_call(call, _allowed(configs, index, text_of(call.get("name")), len(requests))) if call else None
            )
            if action is None:
                return None
            actions.append(action)
        return Reading(
            actions=tuple(actions),
            title=title_of(actions),
            reply="decisions",
            why="`action_requests` with `review_configs`: LangChain's human-in-the-loop middleware",
        )

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Nothing beyond the common checks."""
        del approval, decision
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        """Exactly one decision per request, by position."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        decisions = [tool_decision(*pair) for pair in zip(approval.actions, verdicts, strict=True)]
        return Reply({"decisions": list[JsonValue](decisions)})


class PerCall:
    """`{"type": "tool_approval", ...}` (`interrupt_mode="per_call"`), answered by one decision, not wrapped."""

    name = "per_call"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Mine if it says so and names the tool. What is allowed stands in the response schema."""
        del ctx
        entry = as_mapping(value)
        if not entry or entry.get("type") != "tool_approval":
            return None
        action = read_call(entry, _allowed_by(schema))
        if action is None:
            return None
        return Reading(
            actions=(action,),
            title=title_of((action,)),
            reply="decision",
            why="`type: tool_approval`: LangChain's human-in-the-loop middleware, one interrupt per call",
        )

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Nothing beyond the common checks; LangGraph validates against the schema and keeps the question open."""
        del approval, decision
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        """The decision itself."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        if len(verdicts) != 1:
            return Refusal(Reason.NOT_POSSIBLE, "A single tool call takes a single decision.")
        return Reply(tool_decision(approval.actions[0], verdicts[0]))


def tool_decision(action: Action, decision: Decision) -> dict[str, JsonValue]:
    """LangChain's `Decision`. The tool's name in an edit is the one that was shown: a rename would run a tool whose
    own rules nobody asked (https://github.com/langchain-ai/langchain/issues/40166)."""
    if decision.type is DecisionType.EDIT:
        return {"type": "edit", "edited_action": {"name": action.name, "args": dict(decision.args or {})}}
    if decision.type is DecisionType.RESPOND:
        return {"type": "respond", "message": decision.text or ""}
    if decision.type is DecisionType.DENY:
        # Without a message the middleware tells the model not to retry, in its own words.
        return {"type": "reject", "message": decision.reason} if decision.reason else {"type": "reject"}
    return {"type": "approve"}


def read_call(call: Mapping[str, object], allowed: tuple[DecisionType, ...]) -> Action | None:
    """A tool call as an action. Early versions of the middleware say `arguments` for `args`."""
    name = text_of(call.get("name"))
    args = as_mapping(call.get("args", call.get("arguments", {})))
    if not name or args is None:
        return None
    copied = copy_json(args)
    if not copied.whole or not args:
        allowed = tuple(kind for kind in allowed if kind is not DecisionType.EDIT)
    shown = copied.value if isinstance(copied.value, dict) else {}
    # The middleware's own description repeats name and arguments, which are shown anyway.
    description = text_of(call.get("description")).partition(f"\n\nTool: {name}\nArgs: ")[0]
    return Action(name=name, args=shown, description=description, allowed=allowed)


def _allowed(configs: list[Mapping[str, object]], index: int, name: str, count: int) -> tuple[DecisionType, ...]:
    config = configs[index] if len(configs) == count else None
    if config is None or config.get("action_name", name) != name:
        config = next((one for one in configs if one.get("action_name") == name), dict[str, object]())
    return _kinds(as_list(config.get("allowed_decisions")) or [])


def _allowed_by(schema: JsonValue) -> tuple[DecisionType, ...]:
    stated = as_schema(schema) or {}
    mapping = as_mapping((as_mapping(stated.get("discriminator")) or {}).get("mapping"))
    if mapping:
        return _kinds(list(mapping))
    kind = as_mapping((as_mapping(stated.get("properties")) or {}).get("type"))
    return _kinds([kind.get("const")] if kind else [])


def _kinds(names: list[object]) -> tuple[DecisionType, ...]:
    found = tuple(KINDS[name] for name in names if isinstance(name, str) and name in KINDS)
    return found or (DecisionType.APPROVE, DecisionType.DENY)
