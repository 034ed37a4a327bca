"""Closing the books: what must be true after any number of kills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from approvals.model import Approval, Resolution, Status, Thread
from tests.chaos import trail
from tests.chaos.house import House


@dataclass
class Found:
    """What the kills cost, beyond what must never happen."""

    kills: int = 0
    decisions: int = 0
    denied: int = 0
    stops: int = 0
    node_again: int = 0
    extra_messages: int = 0


def _lines(house: House, name: str) -> list[str]:
    path = house.books / name
    return path.read_text().splitlines() if path.is_file() else []


async def close(house: House, threads: list[Thread], waiting: list[Thread]) -> Found:
    """Checks everything. `threads` were answered, `waiting` were not."""
    found = Found(kills=house.kills, decisions=len(threads), stops=len(house.stopped))
    careless = Counter(line.split()[0] for line in _lines(house, "careless"))
    careful = Counter(_lines(house, "careful"))
    records: list[Approval] = []
    for thread in threads:
        approval = await house.approval(thread)
        assert approval is not None
        records.append(approval)
        assert approval.status is Status.RESUMED
        assert approval.resolution in (Resolution.APPROVED, Resolution.DENIED)
        assert len(approval.decisions) == 1
        paid = int(approval.resolution is Resolution.APPROVED)
        found.denied += not paid
        assert careful[approval.id] == paid, "not what was decided: one payment keyed by the approval's id, or none"
        again = careless[approval.id] - paid
        assert 0 <= again <= (house.kills + len(house.stopped)) * paid, "the node ran again without a reason"
        found.node_again += again
    for thread in waiting:
        approval = await house.approval(thread)
        assert approval is not None, "an interrupt has no record"
        records.append(approval)
        assert approval.status is Status.PENDING
    assert sum(careful.values()) == len(threads) - found.denied
    _window(house, careless)
    _messages(house, records, found)
    await trail.close(house, records)
    assert house.slack.problems == []
    return found


def _window(house: House, careless: Counter[str]) -> None:
    """A node that ran twice: each process but the last died, or was stopped until its lease was another's, after the
    side effect began and before LangGraph stored what the node returned. That is the window, and there is no other."""
    pids = [line.split() for line in _lines(house, "careless")]
    for approval, runs in careless.items():
        ran = [int(pid) for of, pid in pids if of == approval]
        assert len(ran) == runs
        gone = sum(pid in house.dead or pid in house.stopped for pid in ran)
        assert gone >= len(ran) - 1, "a node ran again although the process that ran it lived, and held its lease"


def _messages(house: House, records: list[Approval], found: Found) -> None:
    known = {approval.id for approval in records}
    for message in house.slack.messages("C0APPROVALS"):
        told = (message.metadata or {}).get("event_payload", {})
        assert told.get("approval") in known, "a card has no record"
    for approval in records:
        cards, reports = house.cards(approval.id), house.reports(approval.id)
        assert cards, "a question has no card"
        stands = {ref.ts for ref in approval.messages}
        assert {card.ts for card in cards} & stands, "the record does not know the card"
        found.extra_messages += len(cards) - 1 + max(0, len(reports) - 1)
        if approval.status is Status.RESUMED:
            assert reports
            for card in cards:
                if card.ts in stands:
                    assert not _buttons(card.blocks), "a decided card still has buttons"
    assert found.extra_messages <= found.kills + found.stops, "more than one extra message a kill"


def _buttons(blocks: object) -> list[str]:
    found = [e for b in blocks for e in b.get("elements", [])] if isinstance(blocks, list) else []
    return [e["action_id"] for e in found if e.get("type") == "button" and e["action_id"] not in ("review",)]
