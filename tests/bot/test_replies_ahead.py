"""What looking ahead says in Slack stays within what Slack takes, however many people, places and steps there are."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from approvals.policy import EscalationStep
from approvals.simulate import simulate
from bot import replies_ahead
from bot.rich import size
from bot.simulate import Simulated
from tests.approvals.build import POLICY, opening
from tests.scenarios.conftest import all_text

ZONES = [ZoneInfo(name) for name in ("Europe/Madrid", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo", "UTC")]


def test_a_long_walk_with_many_people_fits() -> None:
    """Each section below Slack's 3,000 characters, at most 50 of them; no mention is cut, and the rest is counted."""
    people = [f"U0{n:09}" for n in range(500)]
    groups = tuple(f"{'long' * 15}{n}&co@example.com" for n in range(20))
    steps = tuple(EscalationStep(after=3600.0 * n, to=groups, channel=f"#{'place' * 15}{n}") for n in range(1, 10))
    policy = replace(POLICY, who=groups, remind=tuple(60.0 * n for n in range(1, 40)), escalate=steps)
    walk = simulate(opening(policy=policy), {group: tuple(people) for group in groups})
    clocks = {person: ZONES[n % len(ZONES)] for n, person in enumerate(people)}
    message = replies_ahead.simulated(Simulated(walk, known=True, clocks=clocks))
    assert len(message.blocks) <= 50
    assert all(size(block["text"]["text"]) <= 3000 for block in message.blocks)
    said = all_text(message.blocks)
    assert "Madrid" in said
    assert "and 200 more in 2 zones" in said
    assert said.count("<") == said.count(">")
    assert "Nothing was started" in said
