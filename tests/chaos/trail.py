"""The audit after a story: a chain of seals without a fault, and a whole trail of every approval, in its order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from agents.carried import Carried
from agents.checkpointer import open_checkpointer
from approvals.audit.entries import at_of
from approvals.audit.keeping import Sealer
from approvals.audit.verifying import Verification
from approvals.events import Event, EventType
from approvals.model import Approval, Status
from tests.chaos.house import House

ONCE = (
    EventType.OPENED,
    EventType.DECIDED,
    EventType.RESOLVED,
    EventType.RELEASED,
    EventType.RESUMING,
    EventType.RESUMED,
)
"""Each stands in the audit exactly once, in this order; but what was undone, and released only what could be undone.
(The card's posting may come anywhere after the opening.)"""

PAGE = 1000


async def close(house: House, records: Sequence[Approval]) -> None:
    """Checks all of it, once nothing is written any more."""
    trails: dict[str, list[Event]] = defaultdict(list)
    for event in await _everything(house):
        if event.approval_id is not None:
            trails[event.approval_id].append(event)
    assert trails.keys() == {approval.id for approval in records}, "a trail without a record, or a record without one"
    for approval in records:
        own = list(await house.records.approvals.audit(approval.id, limit=PAGE))
        assert own == trails[approval.id], "the trail of an approval is not what the whole audit says of it"
        _whole(own, approval)
    await _verify(house, sum(approval.status is Status.RESUMED for approval in records))


async def _everything(house: House) -> list[Event]:
    found: list[Event] = []
    after = "-"
    while page := await house.records.approvals.audit(after=after, limit=PAGE):
        found += page
        after = page[-1].seq
    return found


def _whole(events: Sequence[Event], approval: Approval) -> None:
    """Every version of the record has its events; each comes after the one before, in the trail and by the server."""
    said = _standing(events)
    once = [kind for kind in ONCE if kind is not EventType.RELEASED or approval.policy.undo]
    assert said == (once if approval.status is Status.RESUMED else once[:1]), f"{approval.id}: {said}"
    counted = Counter(event.type for event in events)
    assert counted[EventType.REMINDED] == approval.reminders
    assert counted[EventType.ESCALATED] == approval.level
    seqs = [at_of(event.seq) for event in events]
    assert seqs == sorted(set(seqs))
    versions = [event.version for event in events]
    assert versions == sorted(versions)
    assert set(versions) == set(range(1, approval.version + 1)), "a version of the record has no event"


def _standing(events: Sequence[Event]) -> list[EventType]:
    """Those of `ONCE`, without what was taken back."""
    said: list[EventType] = []
    for event in events:
        if event.type is EventType.UNDONE:
            assert said[-2:] == [EventType.DECIDED, EventType.RESOLVED], "it was not decided, and taken back"
            del said[-2:]
        elif event.type in ONCE:
            said.append(event.type)
    return said


async def _verify(house: House, answered: int) -> None:
    """What `signoff audit verify` does, once all of it is sealed: the replicas sealed what they lived to seal."""
    audit, key = house.records.audit, house.seal_key
    while (await audit.head()).last < at_of(await audit.last()):
        await Sealer(audit, clock=house.records.clock, key=key).once()
    async with open_checkpointer(house.redis_url, kept=house.records.kept) as saver:
        carried = Carried(house.records.store, saver)
        check = Verification(audit, trusted=[key.public], pins=house.pins, look=carried.look)
        assert [one.text async for one in check.findings()] == []
    assert check.counts.signed == check.counts.seals > 0
    assert carried.compared.answers == answered, f"not every answer was found in a checkpoint: {carried.compared}"
