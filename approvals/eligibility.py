"""May this actor decide this approval? Pure: the facts come with the actor, taken at the moment of the click."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.model import Actor, Approval, Source, Standing
from approvals.refusals import Reason, Refusal

_STANDING: Mapping[Standing, Reason] = {
    Standing.GUEST: Reason.GUEST,
    Standing.EXTERNAL: Reason.EXTERNAL,
    Standing.DEACTIVATED: Reason.DEACTIVATED,
    Standing.BOT: Reason.BOT,
    Standing.UNKNOWN: Reason.UNKNOWN_PERSON,
}


def refusal(approval: Approval, actor: Actor) -> Refusal | None:
    """`None` if the actor may decide.

    From Slack, only full members of the workspace whom the policy's audience names at the present level. An operator
    at the command line acts on their own authority, in the audit under that source, but not on their own request.
    """
    own = approval.requester is not None and actor.ref.id == approval.requester
    if own and not approval.policy.self_approval:
        return Refusal(Reason.OWN_REQUEST)
    if actor.ref.source is Source.CLI:
        return None
    if reason := _STANDING.get(actor.standing):
        return Refusal(reason)
    if actor.audiences.isdisjoint(approval.audience):
        return Refusal(Reason.NOT_APPROVER)
    return None
