"""Looking ahead, over the wire: `/approvals simulate`, working hours of the approvers, and what admins are told."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CLEO, Desk, House, all_text
from tests.scenarios.test_commands import said, shown

RULES = """
version: 1
policies:
  - name: small
    match: {graph: refund}
    when: action.args.amount < 100
    channel: "#approvals"
    decide: approve
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
    remind: [1h]
    escalate:
      - {after: 8h, to: [U0CLEO], channel: "#finance-leads"}
    hours: {from: "09:00", to: "17:00", zone: approver}
    expire: {after: 24h, then: deny}
default:
  channel: "#approvals"
"""
QUESTION = '/approvals simulate refund {"action": "issue_refund", "args": {"amount": %s}}'

SIMULATE = '/approvals simulate %s {"action": "issue_refund", "args": {"amount": 340}}'


def moment(text: str) -> str:
    """How Slack is asked to draw a time."""
    return f"<!date^{int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())}^"


async def ruled(house: House, clock: VirtualClock, **over: str) -> Desk:
    (house.folder / "policies.yaml").write_text(RULES)
    return await house.desk(clock=clock, **over)


async def test_what_would_follow_is_said_in_private_and_nothing_is_started(house: House, clock: VirtualClock) -> None:
    """The approvers sit in Madrid and New York: the clocks run from 09:00 in one to 17:00 in the other."""
    desk = await ruled(house, clock)
    clock.now = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    answer = shown(await said(desk, ANA, QUESTION % 340))
    steps = [line for line in answer.splitlines() if line.startswith("•")]
    assert [line.partition(" · ")[2] for line in steps] == [
        "asked: @finance (1 person), in #approvals",
        "reminded in #approvals",
        "told in #finance-leads; now @finance, <@U0CLEO> may decide (2 people)",
        "time is up: denied by the policy",
    ]
    # Friday until 22:00 UTC; then on Monday from 08:00 to 16:00 and 14:00 to 22:00 UTC, that is to say 08:00 to 22:00.
    assert [moment(text) in line for text, line in zip(_TIMES, steps, strict=True)] == [True] * 4
    assert "In all, 2 people could have decided." in answer
    assert "Mon–Fri 9:00–17:00 (Europe/Madrid or America/New_York)" in answer
    assert (await desk.approvals(), desk.slack.messages("C0APPROVALS")) == ((), [])


_TIMES = ("2026-11-20 20:30", "2026-11-20 21:30", "2026-11-23 14:30", "2026-11-24 16:30")


async def test_each_step_is_said_in_everybodys_own_time_for_whoever_asks(house: House, clock: VirtualClock) -> None:
    """Ana is in Madrid, Ben in New York, Cleo in Paris: each reads when it comes where the others are. An admin looks
    ahead on behalf of somebody else, by mention, name or address; a name that fits nobody is said."""
    desk = await ruled(house, clock, signoff_admins=BEN)
    clock.now = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    everybody = shown(await said(desk, BEN, SIMULATE % "requester:@cleo refund"))
    assert [line.strip() for line in everybody.splitlines() if "◦" in line] == [
        "◦ <@U0ANA>: Fri 21:30 Madrid · <@U0BEN>: Fri 15:30 New York",
        "◦ <@U0ANA>: Fri 22:30 Madrid · <@U0BEN>: Fri 16:30 New York",
        "◦ <@U0ANA>: Mon 15:30 Madrid · <@U0BEN>: Mon 09:30 New York",
        "◦ <@U0ANA>: Tue 17:30 Madrid · <@U0BEN>: Tue 11:30 New York",
    ]
    assert "@finance (2 people)" in everybody
    assert "requested by <@U0CLEO>" in everybody
    for whose in ("refund requester:<@U0ANA|ana>", "requester:ana@example.com refund", "refund REQUESTER:U0ANA"):
        hers = shown(await said(desk, BEN, SIMULATE % whose))
        assert "@finance (1 person)" in hers
        assert "◦ <@U0BEN>: Mon 09:30 New York · <@U0CLEO>: Mon 15:30 Paris" in hers
        assert "<@U0ANA>:" not in hers
    assert "@finance (1 person)" in shown(await said(desk, BEN, SIMULATE % "refund"))
    assert "Nobody is called `@zoe`" in shown(await said(desk, BEN, SIMULATE % "requester:@zoe refund"))
    for wrong in ("requester: refund", "requester:@ana"):
        assert "Name the graph" in shown(await said(desk, BEN, f"/approvals simulate {wrong}"))
    assert await desk.approvals() == ()


async def test_it_is_what_an_approval_gets(house: House, clock: VirtualClock) -> None:
    """The times of the record that is opened for the same question are those that were said."""
    desk = await ruled(house, clock)
    clock.now = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    await desk.ask("refund", {"customer": "c", "amount": 340.0})
    approval = await desk.only()
    assert approval.zones == ("Europe/Madrid", "America/New_York")
    assert approval.expires_at == datetime(2026, 11, 24, 16, 30, tzinfo=UTC)


async def test_a_rule_that_decides_and_one_that_cannot_be_told(house: House, clock: VirtualClock) -> None:
    """Decided at once; or asked, with what kept the rule from it."""
    desk = await ruled(house, clock)
    small = shown(await said(desk, ANA, QUESTION % 20))
    assert "approved by the policy, without asking" in small
    assert "could have decided" not in small
    unsure = shown(await said(desk, ANA, QUESTION % '"twenty"'))
    assert "Not told: small: it compares or computes with values of kinds" in unsure
    assert "asked: @finance" in unsure


async def test_who_may_look_ahead_and_what_is_wrong_with_the_command(house: House, clock: VirtualClock) -> None:
    """Those who may start agents, and admins; usage for everything else."""
    desk = await ruled(house, clock, signoff_runners="U0CLEO", signoff_admins="U0BEN")
    assert "may look ahead" in shown(await said(desk, ANA, QUESTION % 1))
    assert "If nobody answers" in shown(await said(desk, BEN, QUESTION % 340))
    assert "no graph `nope`" in shown(await said(desk, CLEO, '/approvals simulate nope {"action": "x"}'))
    assert "That is not JSON" in shown(await said(desk, CLEO, "/approvals simulate refund {oops"))
    assert "Name the graph" in shown(await said(desk, CLEO, "/approvals simulate refund"))


async def test_a_replica_watches_its_policies(house: House, clock: VirtualClock) -> None:
    """Two replicas look, the admin is told once; there is nothing to tell once it is mended."""
    one = await ruled(house, clock, signoff_admins=CLEO)
    two = await house.desk(clock=clock, signoff_admins=CLEO)
    assert [await one.runtime.watch.once(), await two.runtime.watch.once()] == [0, 0]
    house.slack.world.usergroups["S0FINANCE"].members.clear()
    clock.turn(minutes=2)
    assert await one.runtime.watch.once() + await two.runtime.watch.once() == 2
    told = [all_text(message.blocks) for message in house.slack.messages(house.slack.dm(CLEO))]
    assert "refunds: who: @finance has nobody in it; add people, or name others" in told[0]
    assert "there is just 1 person" in told[1]
