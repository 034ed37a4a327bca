"""Who clicks is what Slack's signed payload and Slack's directory say together; either is enough to refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from approvals.model import Resolution, Status
from tests.scenarios.conftest import ANA, Desk
from tests.scenarios.test_malformed import Gate, gate

__all__ = ["gate"]


def click(gate: Gate, **user: Any) -> dict[str, Any]:
    """The click on *Approve* of the card that waits, as Slack would sign it for somebody."""
    edits = [s for s in gate.samples if s.get("type") == "block_actions" and s["actions"][0]["action_id"] == "edit"]
    payload = copy.deepcopy(edits[-1])
    payload["actions"][0]["action_id"] = "approve"
    payload["user"] |= user
    return payload


async def resolution(desk: Desk, gate: Gate) -> Resolution | None:
    await desk.core.records.effects.drain()
    found = await desk.core.records.approvals.get(gate.before.id)
    assert found is not None
    return found.resolution


async def test_the_click_as_it_is_counts(gate: Gate) -> None:
    """The same payload, untouched: what the others lack is only who clicked."""
    assert gate.before.status is Status.PENDING
    assert await gate.send(click(gate)) == 200
    assert await resolution(gate.desk, gate) is Resolution.APPROVED


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"id": ANA, "team_id": "T0PARTNER"}, id="ours by the directory, another's by the payload"),
        pytest.param({"id": "U0XIA"}, id="ours by the payload, another's by the directory"),
        pytest.param({"id": "U0DEE"}, id="deactivated"),
        pytest.param({"id": "U0BOT"}, id="a bot"),
        pytest.param({"id": "U0GUS"}, id="a guest"),
        pytest.param({"id": "U0NOBODY"}, id="unknown to Slack"),
    ],
)
async def test_whoever_is_not_a_full_member_of_ours_does_not_decide(gate: Gate, user: dict[str, str]) -> None:
    """Acknowledged, refused, and nothing changed."""
    assert await gate.send(click(gate, **user)) == 200
    assert await resolution(gate.desk, gate) is None
