"""May this actor decide this approval? Pure: the facts come with the actor, taken at the moment of the click."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.entries import API
from approvals.model import Actor, ActorRef, Approval, Source, Standing
from approvals.policy import for_requester
from approvals.refusals import Reason, Refusal

STANDING: Mapping[Standing, Reason] = {
    Standing.GUEST: Reason.GUEST,
    Standing.EXTERNAL: Reason.EXTERNAL,
    Standing.DEACTIVATED: Reason.DEACTIVATED,
    Standing.BOT: Reason.BOT,
    Standing.UNKNOWN: Reason.UNKNOWN_PERSON,
}
"""Whoever is no full member does not decide, and why."""


def key_ref(name: str) -> ActorRef:
    """An API key as one who acts: in policies and in the audit it has the same name."""
    return ActorRef(f"{API}{name}", Source.API)


def refusal(approval: Approval, actor: Actor, *, alone: bool = False) -> Refusal | None:
    """`None` if the actor may decide.

    From Slack, only full members of the workspace whom the policy's audience names at the present level, and to decide
    `alone` only those who may break the glass. An operator at the command line acts on their own authority, in the
    audit under that source. Nobody decides their own request unless the policy says so, in nobody's name either; an API
    key is held to what it asked for itself as people are.
    """
    own = approval.requester is not None and approval.requester in (actor.ref.id, actor.ref.behalf)
    own = own or (approval.terms is not None and actor.ref == key_ref(approval.terms.name))
    if own and not approval.policy.self_approval:
        return Refusal(Reason.OWN_REQUEST)
    if actor.ref.source is Source.CLI:
        return None
    if reason := STANDING.get(actor.standing):
        return Refusal(reason)
    if alone:
        glass = for_requester(approval.policy, approval.requester).break_glass
        # It was given to that person: whoever covers for them does not break it.
        return Refusal(Reason.NO_GLASS) if actor.ref.behalf or actor.audiences.isdisjoint(glass) else None
    if actor.audiences.isdisjoint(approval.audience):
        return Refusal(Reason.NOT_APPROVER)
    return None
