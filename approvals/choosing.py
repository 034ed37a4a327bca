"""Which policy a question falls under. Pure; the one place that reads conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from approvals.conditions import Undecided, compile_condition
from approvals.model import Action, Draft, Thread
from approvals.policy import Policy, PolicySet


@dataclass(frozen=True, slots=True)
class Chosen:
    """The policy, and what could not be told on the way to it.

    `asking` is the policy to fall back on where `policy` decides by itself but the question cannot be answered so.
    """

    policy: Policy
    asking: Policy
    doubts: tuple[str, ...] = ()


def choose(policies: PolicySet, draft: Draft, thread: Thread) -> Chosen:
    """A rule that denies wins over all. Else the first rule that covers the draft, else the default.

    A condition that cannot be told never approves: its own rule is passed over if it decides by itself, and from there
    on so is every rule that would approve or answer by itself. A rule that asks is taken where its condition cannot be
    told: better to ask in vain.
    """
    doubts: list[str] = []
    enabled = [policy for policy in policies.policies if policy.enabled]
    asking = next((p for p in enabled if p.decide is None and _covers(p, draft, thread, []) is not False), None)
    fallback = asking or policies.default
    for policy in enabled:
        if policy.decide is not None and policy.decide.decision == "deny" and _denies(policy, draft, thread, doubts):
            return Chosen(policy, fallback, tuple(doubts))
    for policy in enabled:
        if policy.decide is not None and (policy.decide.decision == "deny" or doubts):
            continue
        covered = _covers(policy, draft, thread, doubts)
        if covered or (covered is None and policy.decide is None):
            return Chosen(policy, fallback, tuple(doubts))
    return Chosen(policies.default, policies.default, tuple(doubts))


def _covers(policy: Policy, draft: Draft, thread: Thread, doubts: list[str]) -> bool | None:
    """Whether a rule is about the draft; `None` if its condition cannot be told. A rule that asks is about it where
    the condition holds of any action, one that decides where it holds of all."""
    names = [action.name for action in draft.actions]
    if not policy.match.covers(thread.graph, names, draft.interrupt.node, draft.urgency):
        return False
    if not policy.when:
        return True
    told = [_holds(policy, draft, thread, action, doubts) for action in draft.actions or (None,)]
    if policy.decide is None:
        return True if True in told else None if None in told else False
    return False if False in told else None if None in told else True


def _denies(policy: Policy, draft: Draft, thread: Thread, doubts: list[str]) -> bool:
    """Whether a rule denies: for that, one action is enough."""
    if not policy.match.about(thread.graph, draft.interrupt.node, draft.urgency):
        return False
    if not draft.actions:
        return policy.match.action == "*" and (not policy.when or _holds(policy, draft, thread, None, doubts) is True)
    about = [action for action in draft.actions if policy.match.names(action.name)]
    told = [not policy.when or _holds(policy, draft, thread, action, doubts) for action in about]
    return True in told


def _holds(policy: Policy, draft: Draft, thread: Thread, action: Action | None, doubts: list[str]) -> bool | None:
    told = compile_condition(policy.when).holds(facts(draft, thread, action))
    if isinstance(told, Undecided):
        doubts.append(f"{policy.name}: {told.why}")
        return None
    return told


def facts(draft: Draft, thread: Thread, action: Action | None) -> Mapping[str, JsonValue]:
    """What a condition can speak of."""
    return {
        "action": _action(action) if action else {"name": "", "args": {}, "description": ""},
        "actions": [_action(one) for one in draft.actions],
        "requester": {"id": thread.requester or ""},
        "graph": thread.graph,
        "node": draft.interrupt.node,
        "urgency": draft.urgency.value,
        "thread": {"id": thread.id},
        "title": draft.title,
    }


def _action(action: Action) -> JsonValue:
    return {"name": action.name, "args": dict(action.args), "description": action.description}
