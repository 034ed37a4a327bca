"""Whose answer a thread took: runs of ours carry the ids of the approvals whose answers they bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agents.pending import Rest
from agents.remote.client import OUR_RUN, Run
from agents.remote.state import Look
from agents.strict import UnknownInterruptError
from approvals.model import Approval, Status

STALE: Final = UnknownInterruptError.__name__
"""What a run ends with whose answer came to a question that is gone. It wrote nothing."""


def ids(batch: Sequence[Approval]) -> list[str]:
    return [approval.interrupt.id for approval in batch]


def mine(approval: Approval, ours: frozenset[str]) -> bool:
    """Whether the answer that made its task raise may be the one that was decided here."""
    return approval.status is Status.RESUMING and approval.id in ours


def taken(approval: Approval, now: Look, runs: Sequence[Run]) -> bool:
    """Whether a question that is gone took the answer that was decided here."""
    mine = [run for run in runs if approval.id in run.ours]
    if not mine:
        no = approval.reply is not None and (approval.reply.ends or approval.reply.value is False)
        return no and approval.status is Status.RESUMING and now.updated and now.pending.rest is Rest.FINISHED
    if mine[0].status in ("error", "timeout"):
        return not (now.error is not None and now.error.kind == STALE and mine[0].id == runs[0].id)
    return True


def told(batch: Sequence[Approval]) -> dict[str, str]:
    """What the nodes find in `config["metadata"]`; comma-separated where there are several."""
    if not batch:
        return {}
    last = [approval.decisions[-1] if approval.decisions else None for approval in batch]
    return {
        OUR_RUN: ",".join(approval.id for approval in batch),
        "signoff_actor": ",".join(decision.actor.id if decision else "" for decision in last),
        "signoff_decided_at": ",".join(decision.at.isoformat() if decision else "" for decision in last),
    }
