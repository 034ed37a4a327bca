"""Closing the books: what must be true after any number of kills."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from approvals.model import POLICY, Approval, DecisionType, Resolution, Status
from approvals.revised import Revised
from tests.chaos import trail
from tests.chaos.house import CHANNEL, LEADS, LEASE, Agent, House
from tests.chaos.people import People


@dataclass
class Found:
    """What the kills cost, beyond what must never happen."""

    kills: int = 0
    decisions: int = 0
    denied: int = 0
    edits: int = 0
    undone: int = 0
    expiries: int = 0
    reminders: int = 0
    extra_reminders: int = 0
    stops: int = 0
    redis_kills: int = 0
    node_again: int = 0
    extra_messages: int = 0
    extra_callbacks: int = 0

    @property
    def blows(self) -> int:
        """Each may cost something."""
        return self.kills + self.stops + self.redis_kills


async def close(house: House, people: People, agents: Sequence[Agent], waiting: Sequence[Agent]) -> Found:
    """Checks everything. `agents` were answered, `waiting` were not."""
    found = Found(kills=house.kills, stops=len(house.stopped), redis_kills=house.redis_kills)
    runs = _runs(house)
    paid = {path.name.removeprefix("paid-"): path.read_text() for path in house.books.glob("paid-*")}
    records: list[Approval] = []
    for agent in agents:
        asked = await house.approvals(agent)
        assert len(asked) == agent.questions
        records += asked
        for approval in asked:
            _carried_out(approval, people, found)
            _called_back(house, approval, found)
            _paid(approval, runs[approval.id], paid.pop(approval.id, None), found)
    assert not paid, "paid for what nobody was asked"
    for agent in waiting:
        (approval,) = await house.approvals(agent)
        assert approval.status is Status.PENDING
        assert (approval.reminders, approval.level) == (1, 1), "a reminder or a step was lost"
        records.append(approval)
    _kept(house, records)
    _window(house, runs)
    _messages(house, records, found)
    await trail.close(house, records)
    assert house.slack.problems == []
    return found


@dataclass(frozen=True)
class Run:
    """One time that a node did its side effect: in which process, and what it paid."""

    pid: int
    what: str


def _runs(house: House) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    path = house.books / "careless"
    for line in path.read_text().splitlines() if path.is_file() else ():
        approval, pid, what = line.split(" ", 2)
        found[approval].append(Run(int(pid), what))
    return found


def _carried_out(approval: Approval, people: People, found: Found) -> None:
    """One decision, by somebody who said so; or by the policy, once time was up."""
    assert approval.status is Status.RESUMED
    (decision,) = approval.decisions
    if decision.actor == POLICY:
        assert approval.resolution is Resolution.EXPIRED
        assert approval.expires_at is not None
        assert approval.expires_at <= decision.at
        assert decision.type is (DecisionType.APPROVE if approval.graph == "lenient" else DecisionType.DENY)
        found.expiries += 1
        return
    found.decisions += 1
    found.denied += decision.type is DecisionType.DENY
    found.edits += decision.type is DecisionType.EDIT
    found.undone += approval.revised is Revised.UNDO
    wanted = {
        DecisionType.APPROVE: Resolution.APPROVED,
        DecisionType.EDIT: Resolution.EDITED,
        DecisionType.DENY: Resolution.DENIED,
    }
    assert approval.resolution is wanted[decision.type]
    if decision.type is DecisionType.EDIT:
        assert decision.args is not None
        assert decision.args["amount"] in people.typed[approval.id, decision.actor.id], "an edit that nobody made"


def _called_back(house: House, approval: Approval, found: Found) -> None:
    """Whoever asked over HTTP was told how it ended; every time of the same end, under the same id."""
    calls = [(headers["webhook-id"], body) for headers, body in house.caller.got]
    told = [(name, body) for name, body in calls if name.startswith(approval.id)]
    if not approval.callback:
        assert told == []
        return
    assert approval.delivery is not None
    assert approval.delivery.at is not None
    assert len(set(told)) == 1, "nobody was called back, or was told different things"
    assert json.loads(told[0][1])["data"]["id"] == approval.thread_id
    assert len(told) - 1 <= found.blows, "more than one extra call a kill"
    found.extra_callbacks += len(told) - 1


def _paid(approval: Approval, runs: Sequence[Run], paid: str | None, found: Found) -> None:
    """The payment is what was decided, made once by its key; each run of the node would have paid the same."""
    decision = approval.decisions[-1]
    if decision.type is DecisionType.DENY:
        assert not runs, "paid although it was denied"
        assert paid is None
        return
    args = decision.args if decision.type is DecisionType.EDIT else approval.actions[0].args
    assert args is not None
    assert paid == f"{args['amount']} {args['order']}", "not what was decided: one payment by the approval's id"
    assert {run.what for run in runs} == {paid}
    found.node_again += len(runs) - 1


def _kept(house: House, records: Sequence[Approval]) -> None:
    """What somebody was given is still so."""
    now = {approval.id: approval for approval in records}
    for seen in house.seen.values():
        assert now[seen.id].version >= seen.version
        if now[seen.id].revision == seen.revision:  # else it was taken back, which is on record
            assert now[seen.id].decisions[: len(seen.decisions)] == seen.decisions, "a decision was lost"


def _window(house: House, runs: Mapping[str, Sequence[Run]]) -> None:
    """A node that ran twice: each process but the last died, or was stopped until its lease was another's, or had no
    Redis to write to, after the side effect began and before LangGraph stored what the node returned. That is the
    window, and there is no other."""
    for ran in runs.values():
        gone = sum(run.pid in house.dead or run.pid in house.stopped for run in ran)
        assert gone + house.redis_kills >= len(ran) - 1, (
            "a node ran again although the process that ran it lived, and held its lease"
        )


def _messages(house: House, records: Sequence[Approval], found: Found) -> None:
    known = {approval.id for approval in records}
    for message in (*house.slack.messages(CHANNEL), *house.slack.messages(LEADS)):
        told = (message.metadata or {}).get("event_payload", {})
        assert told.get("approval") in known, "a card has no record"
    for approval in records:
        cards, reports = house.cards(approval.id), house.replies(approval.id, "report")
        steps = house.cards(approval.id, LEADS)
        assert cards, "a question has no card"
        assert bool(steps) == bool(approval.level), "the card stands where it had not come yet, or not where it had"
        stands = {ref.ts for ref in approval.messages}
        assert {card.ts for card in cards} & stands, "the record does not know the card"
        found.extra_messages += len(cards) - 1 + max(0, len(steps) - 1) + max(0, len(reports) - 1)
        if approval.status is Status.RESUMED:
            assert bool(reports) != bool(approval.callback)
            for card in (*cards, *steps):
                if card.ts in stands:
                    assert not _buttons(card.blocks), "a decided card still has buttons"
        _reminders(house, approval, found)
    # A card that a kill made late may be posted by one replica just as another posts it with the step that came.
    stepped = sum(1 for approval in records if approval.level)
    assert found.extra_messages <= found.blows + stepped, "more than one extra message a kill"


def _reminders(house: House, approval: Approval, found: Found) -> None:
    """None is lost: it is missing only where somebody answered first, or where time ran out while those who were to
    give it were away (when it is over, nobody is reminded in vain)."""
    given = house.replies(approval.id, "reminder")
    assert len(given) >= approval.reminders
    again = len(given) - approval.reminders
    assert again <= found.blows, "more than one extra reminder a kill"
    found.reminders += approval.reminders
    found.extra_reminders += again
    if approval.policy.reminders and approval.resolution is Resolution.EXPIRED and not given:
        assert approval.expires_at is not None
        early = approval.opened_at - timedelta(seconds=LEASE)
        assert any(early <= at <= approval.expires_at for at in house.disturbed), "it expired without a reminder"


def _buttons(blocks: object) -> list[str]:
    found = [e for b in blocks for e in b.get("elements", [])] if isinstance(blocks, list) else []
    return [e["action_id"] for e in found if e.get("type") == "button" and e["action_id"] not in ("review",)]
