"""Any other interrupt: text, a number, a list, a dict of the graph's own making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from agents.dialects.base import Context, Reading, verdicts_of
from agents.dialects.infer import Found, by_rule, choose, take_apart
from agents.dialects.replies import Rule
from agents.dialects.shapes import DENY, EDIT, RESPOND, SHAPES, Rendering, stated_options, verdict_word
from agents.payload import copy_json
from agents.schema import fault
from agents.titles import title_of
from approvals.model import Action, Approval, Decision, Reply
from approvals.refusals import Reason, Refusal

WHOLE = ("decision", "args", "value", "template")
"""Shapes that hand back what was shown."""


class Plain:
    """Reads everything, so it stands last. What it assumes about the answer is written down in `why`.

    `agents.dialects.infer` says in which order it concludes what the graph expects.
    """

    name = "plain"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Always mine."""
        copied = copy_json(value)
        payload = copied.value
        found = take_apart(payload, ctx)
        rule = ctx.replies.rule(ctx.graph, found.name, ctx.node)
        if rule is not None:
            found = _with_args(found, rule, payload)
            schema = rule.schema if schema is None else schema
        chosen = by_rule(rule, payload, schema, found) if rule is not None else choose(payload, schema, found)
        reply, allowed, why = chosen.reply, chosen.allowed, chosen.why
        if not found.args or not copied.whole:
            allowed = tuple(kind for kind in allowed if kind is not EDIT)
        if not allowed or (reply == "value" and len(found.args) != 1):
            reply, allowed = "text", (RESPOND,)
            why += "; there is nothing of that kind to hand back, so that the answer is typed"
        action = Action(name=found.name, args=found.args, allowed=allowed)
        if not copied.whole and reply in WHOLE:
            # What was shown is not all there is, so it must not be handed back as if it were.
            left = tuple(kind for kind in allowed if reply in ("decision", "template") or kind is DENY)
            reply, allowed = (reply, left) if left else ("text", (RESPOND,))
            action = replace(action, args={}, allowed=allowed)
            why += "; too long to be handed back"
        return Reading(
            actions=(action,),
            title=found.title or title_of((action,)),
            description=found.description,
            reply=reply,
            why=why,
            schema=schema,
            template=chosen.template if reply == "template" else None,
        )

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """The value that would be handed over fits the stated schema, or the stated choices."""
        word = verdict_word(decision) if approval.reply_shape == "bool" else ""
        if word:
            detail = f"“{word}” reads like a verdict: press the button for it, or answer in a sentence."
            return Refusal(Reason.INVALID_ANSWER, detail, field="text")
        reply = _reply(approval, decision)
        if isinstance(reply, Refusal) or reply.ends:
            return reply if isinstance(reply, Refusal) else None
        stated: JsonValue = approval.schema
        if stated is None and approval.reply_shape == "choice" and isinstance(approval.payload, dict):
            options: list[JsonValue] = list(stated_options(approval.payload))
            stated = {"enum": options}
        wrong = fault(reply.value, stated)
        if wrong is None:
            return None
        field, what = wrong
        return Refusal(Reason.INVALID_ANSWER, f"{field or 'The answer'} {what}.", field=field or "text")

    def compose(self, approval: Approval) -> Reply | Refusal:
        """The value in the shape that was chosen when the question was read."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        return self.check(approval, verdicts[0]) or _reply(approval, verdicts[0])


def _reply(approval: Approval, decision: Decision) -> Reply | Refusal:
    action = approval.actions[0]
    if approval.reply_shape == "template":
        templates = approval.template if isinstance(approval.template, dict) else {}
        if decision.type.value not in templates:
            return Refusal(Reason.NOT_OFFERED, f"No answer is spelled for “{decision.type}”.")
        rendering = Rendering(action, decision, approval)
        reply = rendering.reply(templates[decision.type.value])
        if rendering.missing:
            return Refusal(Reason.NOT_POSSIBLE, f"There is no {', '.join(rendering.missing)} to put into the answer.")
        return reply
    if approval.reply_shape not in SHAPES:
        return Refusal(Reason.NOT_POSSIBLE, f"This version does not know the reply shape “{approval.reply_shape}”.")
    return Reply(SHAPES[approval.reply_shape](action, decision, approval))


def _with_args(found: Found, rule: Rule, payload: JsonValue) -> Found:
    """What the configuration says can be edited."""
    if rule.defaults is not None:
        return replace(found, args=dict(rule.defaults))
    if rule.keys is None:
        return found
    inside: Mapping[str, JsonValue] = payload if isinstance(payload, dict) else {}
    return replace(found, args={key: (found.args if key in found.args else inside)[key] for key in rule.keys
                                if key in found.args or key in inside})  # fmt: skip
