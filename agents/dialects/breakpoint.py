"""A static breakpoint (`interrupt_before`, `interrupt_after`): no interrupt, nothing to say, only on or off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from agents.dialects.base import Context, Reading, json_same, verdicts_of
from agents.payload import payload_hash
from agents.titles import bounded, pretty
from approvals.model import Action, Approval, Decision, DecisionType, Draft, InterruptRef, Reply
from approvals.refusals import Refusal

PREFIX = "breakpoint-"


class Breakpoint:
    """Never reads an interrupt; its drafts come from the thread's state. The driver acts on the reply itself."""

    name = "breakpoint"

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """Not an interrupt."""
        del value, schema, ctx

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Nothing beyond the common checks."""
        del approval, decision
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        """`True`: go on. `False`: end the thread here. An object: write this into the state, then go on."""
        verdicts = verdicts_of(approval)
        if isinstance(verdicts, Refusal):
            return verdicts
        if verdicts[0].type is DecisionType.EDIT:
            shown, given = approval.actions[0].args, verdicts[0].args or {}
            return Reply({name: given[name] for name in given if not json_same(given[name], shown.get(name))})
        return Reply(verdicts[0].type is not DecisionType.DENY)


def breakpoint_draft(
    *,
    nodes: Sequence[str],
    after: Sequence[str],
    checkpoint_id: str,
    values: JsonValue,
    editable: Mapping[str, JsonValue] | None = None,
) -> Draft:
    """The draft of a pause before `nodes`. Its id is made from the checkpoint, since LangGraph gives it none.

    `editable` is the part of the state that may be changed before the graph goes on.
    """
    names = sorted(set(nodes))
    shown: JsonValue = {"before": list[JsonValue](names), "state": values}
    what = ", ".join(pretty(name) for name in names)
    kinds = (DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY)
    allowed = tuple(kind for kind in kinds if editable or kind is not DecisionType.EDIT)
    return Draft(
        interrupt=InterruptRef(
            id=PREFIX + payload_hash([checkpoint_id, list[JsonValue](names)]),
            payload_hash=payload_hash(shown),
            node=names[0] if names else "",
            checkpoint_id=checkpoint_id,
        ),
        dialect=Breakpoint.name,
        title=bounded(f"Go on with {what}?"),
        actions=(Action(name=names[0] if names else "continue", args=dict(editable or {}), allowed=allowed),),
        payload=shown,
        description=f"The graph stops after {', '.join(sorted(after))}." if after else "",
        reply="continue",
        why="a static breakpoint: the graph goes on, or ends here",
    )
