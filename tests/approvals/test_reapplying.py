"""What waits is put under the policies that count now."""

from __future__ import annotations

from dataclasses import replace

from approvals import lifecycle
from approvals.events import EventType
from approvals.model import ActorRef, Source, Status
from approvals.opening import Opening
from approvals.policy import Automatic, Match, Policy, PolicySet
from approvals.reapplying import Reapplied, Reapply, policy_now
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.approvals.build import POLICY, PlainTranslator, Replica, always, opening, standing, thread
from tests.conftest import VirtualClock

ROOT = ActorRef("root", Source.CLI)
OTHER = replace(POLICY, name="other", who=("@others",), source="policies v2@x")


class Yard:
    """A store in which three questions wait, under `POLICY`; and what counts now."""

    def __init__(self, store: RedisStore, clock: VirtualClock, now: Policy) -> None:
        self.store = store
        self.replica = Replica(store, clock, idle=True)
        found = Opening(always(now), PlainTranslator(), clock=clock)
        self.reapply = Reapply(self.replica.approvals, always(now), found, clock=clock)

    async def fill(self) -> list[str]:
        """Their ids."""
        ids: list[str] = []
        for number in range(3):
            change = opening(of=thread(f"t{number}"))
            await self.store.commit(change)
            ids.append(change.approval.id)
        return ids


async def test_one_is_asked_anew(store: RedisStore, clock: VirtualClock) -> None:
    """Of those whom the policy names now; the others wait as before, and the audit says who did it."""
    yard = Yard(store, clock, OTHER)
    one, two, _ = await yard.fill()
    done = await yard.reapply.one(one, ROOT)
    assert isinstance(done, Done)
    assert (done.approval.audience, done.approval.revision) == (("@others",), 2)
    untouched = await store.get(two)
    assert untouched is not None
    assert untouched.policy == POLICY
    told = await store.audit(one)
    assert [(event.type, event.actor.id) for event in told[1:]] == [(EventType.POLICY_REAPPLIED, "root")]


async def test_everything_that_waits_is_asked_anew_once(store: RedisStore, clock: VirtualClock) -> None:
    """What is over stays over; the second time there is nothing to do."""
    yard = Yard(store, clock, OTHER)
    one, *rest = await yard.fill()
    gone = await yard.replica.approvals.change(one, lambda a: lifecycle.supersede(a, "gone", clock()))
    assert isinstance(gone, Done)
    done = await yard.reapply.everything(ROOT)
    assert (sorted(done.asked), done.same, done.refused) == (sorted(rest), (), ())
    assert sorted((await yard.reapply.everything(ROOT)).same) == sorted(rest)


async def test_a_policy_that_says_the_same_in_another_version_voids_no_votes(
    store: RedisStore, clock: VirtualClock
) -> None:
    """Somebody edited another policy of the text: this one stays as it is."""
    yard = Yard(store, clock, replace(POLICY, source="policies v9@y"))
    ids = await yard.fill()
    done = await yard.reapply.everything(ROOT)
    assert done == Reapplied(same=done.same)
    assert sorted(done.same) == sorted(ids)
    no = await yard.reapply.one(ids[0], ROOT)
    assert isinstance(no, Refusal)
    assert no.reason is Reason.NOT_POSSIBLE


async def test_what_does_not_wait_is_refused(store: RedisStore, clock: VirtualClock) -> None:
    """Unknown, and gone."""
    yard = Yard(store, clock, OTHER)
    one, *_ = await yard.fill()
    await yard.replica.approvals.change(one, lambda a: lifecycle.supersede(a, "gone", clock()))
    for approval_id, reason in (("A" * 16, Reason.UNKNOWN), (one, Reason.SUPERSEDED)):
        no = await yard.reapply.one(approval_id, ROOT)
        assert isinstance(no, Refusal)
        assert no.reason is reason


def test_a_rule_that_decides_by_itself_is_passed_over() -> None:
    """People were asked: they go on being asked, by the rule that would ask."""
    at_once = replace(POLICY, name="at once", decide=Automatic(decision="approve"))
    asks = replace(OTHER, match=Match(graph="refund"))
    approval = standing(Status.PENDING)
    assert policy_now(approval, PolicySet((at_once, asks), POLICY)) == asks
    assert policy_now(approval, PolicySet((at_once,), POLICY)) == POLICY
