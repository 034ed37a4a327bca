"""What a graph with an interrupt of its own making is resumed with. Each shape is one vocabulary.

The name of the shape is kept in the record (`Draft.reply`), so that the answer does not depend on the code that
happens to run when somebody clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from agents.schema import NO, YES, as_schema, choices, kind_of, parse, takes
from approvals.model import Action, Approval, Decision, DecisionType, Reply

APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND


def bool_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """`True`, `False`, or the text of an answer."""
    del action, approval
    return (decision.text or "") if decision.type is RESPOND else decision.type is not DENY


def text_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """The text itself, as the type that the schema states if there is one."""
    del action
    return parse(decision.text or "", approval.schema if approval else None)


def approved_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """`{"approved": True}`, or `{"approved": False, "reason": ...}` with the reason always there."""
    del action, approval
    if decision.type is DENY:
        return {"approved": False, "reason": decision.reason or ""}
    return {"approved": True}


def decision_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """An object that says it in several ways: `type`, `approved`, and `args`, `reason` or `text`; and who, when, for
    which approval, so that a node can act once for each."""
    told: dict[str, JsonValue] = {}
    if approval is not None and (approval.schema is None or takes(approval.schema, "approval")):
        told = {"approval": approval.id, "actor": decision.actor.id, "decided_at": decision.at.isoformat()}
    if decision.type is DENY:
        return {"type": "deny", "approved": False, "reason": decision.reason or "", **told}
    if decision.type is RESPOND:
        text = decision.text or ""
        return {"type": "respond", "approved": False, "text": text, "reason": text, **told}
    args = decision.args if decision.type is EDIT and decision.args is not None else action.args
    return {"type": str(decision.type), "approved": True, "args": dict(args), **told}


def args_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """The arguments, as shown or as edited; `None` for no."""
    del approval
    if decision.type is DENY:
        return None
    return dict(decision.args if decision.args is not None else action.args)


def value_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """The one value that was shown, or its edited form: a draft, a text to revise."""
    del approval
    args = decision.args if decision.args is not None else action.args
    return next(iter(args.values()), None)


def choice_shape(action: Action, decision: Decision, approval: Approval | None) -> JsonValue:
    """One of the stated choices, spelled as stated: the one that means yes, the one that means no, or the one typed."""
    del action
    options = options_of(approval) if approval else ()
    if decision.type is RESPOND:
        word = (decision.text or "").strip().lower()
        return next((option for option in options if str(option).lower() == word), decision.text or "")
    return meaning(options, YES if decision.type is APPROVE else NO)


PLACEHOLDERS = ("actor", "approval", "args", "decided_at", "end", "payload", "reason", "text", "value")
"""What `$name` in a spelled answer may stand for; `$args.to` and `$payload.draft` are one value of them."""


class Rendering:
    """A spelled answer with its placeholders filled in. `missing` names those that stand for nothing here."""

    def __init__(self, action: Action, decision: Decision, approval: Approval) -> None:
        args: dict[str, JsonValue] = dict(decision.args if decision.args is not None else action.args)
        self._values: dict[str, JsonValue] = {
            "actor": decision.actor.id,
            "approval": approval.id,
            "args": args,
            "decided_at": decision.at.isoformat(),
            "payload": approval.payload,
            "reason": decision.reason or "",
            "text": decision.text or "",
        }
        if len(args) == 1:
            self._values["value"] = next(iter(args.values()))
        self.missing: list[str] = []

    def reply(self, template: JsonValue) -> Reply:
        """The reply of this template."""
        return Reply(None, ends=True) if template == "$end" else Reply(self._filled(template))

    def _filled(self, template: JsonValue) -> JsonValue:
        if isinstance(template, dict):
            return {name: self._filled(entry) for name, entry in template.items()}
        if isinstance(template, list):
            return [self._filled(entry) for entry in template]
        if not isinstance(template, str) or not template.startswith("$"):
            return template
        if template.startswith("$$"):
            return template[1:]
        name, _, inner = template[1:].partition(".")
        found = self._values.get(name)
        if name not in self._values or (inner and not (isinstance(found, dict) and inner in found)):
            self.missing.append(template)
            return None
        return found[inner] if inner and isinstance(found, dict) else found


Shape = Callable[[Action, Decision, Approval | None], JsonValue]

SHAPES: Mapping[str, Shape] = {
    "bool": bool_shape,
    "text": text_shape,
    "approved": approved_shape,
    "decision": decision_shape,
    "args": args_shape,
    "value": value_shape,
    "choice": choice_shape,
}

HINTS: Mapping[str, tuple[DecisionType, ...]] = {
    "bool": (APPROVE, DENY),
    "text": (RESPOND,),
    "approved": (APPROVE, DENY),
    "decision": (APPROVE, EDIT, DENY, RESPOND),
    "args": (APPROVE, EDIT, DENY),
    "value": (APPROVE, EDIT),
}
"""What the `reply` hint in an interrupt value may say, and what is offered then."""


def verdict_word(decision: Decision) -> str:
    """The text of an answer if it is nothing but a yes or a no: a graph that takes it for true would take “no” too."""
    text = (decision.text or "").strip()
    return text if decision.type is RESPOND and text.lower().rstrip(".!") in YES | NO else ""


def meaning(options: tuple[JsonValue, ...], words: frozenset[str]) -> JsonValue:
    """The option that is one of the words; `None` without one."""
    return next((option for option in options if str(option).strip().lower() in words), None)


def options_of(approval: Approval) -> tuple[JsonValue, ...]:
    """The choices that the schema or, without one, the payload states."""
    stated = as_schema(approval.schema)
    if stated is not None:
        return choices(stated)
    payload = approval.payload
    return stated_options(payload) if isinstance(payload, dict) else ()


def stated_options(payload: Mapping[str, JsonValue]) -> tuple[JsonValue, ...]:
    """`options` or `choices`, if that is a list of at least two texts."""
    for key in ("options", "choices"):
        found = payload.get(key)
        if isinstance(found, list) and len(found) > 1 and all(isinstance(entry, str) for entry in found):
            return tuple(found)
    return ()


def by_options(options: tuple[JsonValue, ...]) -> tuple[DecisionType, ...]:
    """Buttons where both a yes and a no are among the choices, and they are all; else the choice is typed."""
    both = meaning(options, YES) is not None and meaning(options, NO) is not None
    if both:
        return (APPROVE, DENY) if len(options) == 2 else (APPROVE, DENY, RESPOND)
    return (RESPOND,)


def by_schema(schema: JsonValue) -> tuple[str, tuple[DecisionType, ...]] | None:
    """The shape and the decisions that a stated schema leaves, where it is a plain type."""
    stated = as_schema(schema)
    kind = kind_of(stated) if stated is not None else ""
    if stated is None or kind == "object":
        return None
    if kind == "boolean":
        return "bool", (APPROVE, DENY)
    if kind == "enum":
        return "choice", by_options(choices(stated))
    return "text", (RESPOND,)
