"""Every Web API method that we call, on each kind of bad day: decisions are kept, and nothing is said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from approvals.due import DueKind
from approvals.model import DecisionType, Status
from bot.app import Tempo
from bot.slack import TIMEOUT as PATIENT
from localslack import LocalSlack, Message
from tests.bot.test_manifest import used
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, REFUND, Desk, House

HOUR = 3600
TIMEOUT = 1.5
"""Seconds that a call may take here, instead of 15."""

RULES = """
version: 1
default:
  channel: "#approvals"
  who: ["@finance", ana@example.com, "#approvals"]
  escalate: [{after: 1d, to: [U0CLEO]}]
  expire: {after: 9d, then: deny}
"""
LONG = {"customer": "c", "amount": 1.0, "reason": "word " * 30_000}
RESPONSE_URL = "response_url"

BREAK: dict[str, Callable[[LocalSlack, str], None]] = {
    "limited": lambda slack, method: slack.faults.status(method, 429, times=999, retry_after=HOUR),
    "broken": lambda slack, method: slack.faults.status(method, 503, times=999),
    "silent": lambda slack, method: slack.faults.delay(method, TIMEOUT + 0.5),
    "lost": lambda slack, method: slack.faults.drop_after_commit(method),
}
"""429 for an hour; 503; carried out, but only after we stopped waiting; carried out, and the answer is lost."""


@dataclass
class Day:
    """A desk, the card of the approval that Ana will decide, and how to break things."""

    desk: Desk
    clock: VirtualClock
    card: str
    break_it: Callable[[], None]

    async def turn(self, **by: float) -> None:
        self.clock.turn(**by)
        await self.desk.runtime.ticker.turn()
        await self.desk.core.records.effects.drain()


async def _click(day: Day) -> None:
    """The click that decides calls it, or what follows it does."""
    day.break_it()


async def _form(day: Day) -> None:
    day.break_it()
    await day.desk.slack.click(ANA, CHANNEL, day.card, "deny")


async def _page(day: Day) -> None:
    await day.desk.slack.click(ANA, CHANNEL, day.card, "review")
    view = await day.desk.modal(ANA)
    day.break_it()
    await day.desk.slack.click_view(ANA, view.id, "review:next")


async def _push(day: Day) -> None:
    await day.desk.slack.slash(ANA, CHANNEL, "/approvals admin")
    slack = day.desk.slack
    view = await day.desk.until(lambda: next((v for v in slack.modals(ANA) if v.callback_id == "admin:list"), None))
    day.break_it()
    await slack.click_view(ANA, view.id, "admin:history")


async def _home(day: Day) -> None:
    day.break_it()
    await day.desk.slack.open_home(ANA)


async def _list(day: Day) -> None:
    day.break_it()
    await day.desk.slack.slash(ANA, CHANNEL, "/approvals")


async def _cover(day: Day) -> None:
    day.break_it()
    await day.desk.slack.slash(CLEO, CHANNEL, "/approvals away for 3d cover @ben")


async def _refused(day: Day) -> None:
    """Ben asked for it, and may not decide it."""
    day.break_it()
    await day.desk.slack.click(BEN, CHANNEL, day.card, "approve")


async def _refused_aside(day: Day) -> None:
    """The same where the private answer finds its first way shut."""
    day.desk.slack.faults.status(RESPONSE_URL, 503)
    await _refused(day)


async def _escalate(day: Day) -> None:
    day.break_it()
    await day.turn(days=1)


async def _redraw(day: Day) -> None:
    day.break_it()
    approval = next(a for a in await day.desk.approvals() if any(m.ts == day.card for m in a.messages))
    await day.desk.core.records.store.schedule(approval.id, DueKind.REFRESH, day.clock())
    await day.turn()


async def _ask(day: Day) -> None:
    day.break_it()
    await day.desk.start("refund", REFUND)
    await day.turn()


async def _lost_card(day: Day) -> None:
    """It is looked for before it is posted anew."""
    day.desk.slack.faults.drop_after_commit("chat.postMessage")
    await day.desk.start("refund", REFUND)
    await day.turn()
    day.break_it()
    await day.turn(minutes=2)


async def _lost_report(day: Day) -> None:
    """The same for what is said in a card's thread, of another approval."""
    other = await day.desk.ask()
    await day.turn()
    day.desk.slack.faults.drop_after_commit("chat.postMessage")
    await day.desk.slack.click(ANA, CHANNEL, other.ts, "approve")
    await day.desk.report(other.ts)
    await day.desk.core.records.effects.drain()
    day.break_it()
    await day.turn(minutes=2)


async def _break_sockets(day: Day) -> None:
    day.break_it()
    await day.desk.slack.faults.kill_sockets()


TABLE: dict[str, Callable[[Day], Awaitable[None]]] = {
    "auth.test": _click,
    "apps.connections.open": _break_sockets,
    "views.open": _form,
    "views.push": _push,
    "views.update": _page,
    "views.publish": _home,
    "chat.postMessage": _ask,
    "chat.postEphemeral": _refused_aside,
    "chat.update": _redraw,
    "chat.getPermalink": _list,
    "users.info": _click,
    "users.list": _cover,
    "users.lookupByEmail": _click,
    "usergroups.list": _click,
    "usergroups.users.list": _click,
    "users.conversations": _click,
    "conversations.members": _click,
    "conversations.open": _escalate,
    "conversations.history": _lost_card,
    "conversations.replies": _lost_report,
    RESPONSE_URL: _refused,
}
"""By method, what leads to its call."""


def test_the_table_has_every_method() -> None:
    """Those of slack-sdk's client that `bot/slack.py` uses, and the response URL."""
    assert set(TABLE) == {name.replace("_", ".") for name in used()} | {RESPONSE_URL}


def _calls(slack: LocalSlack, method: str) -> list[int | None]:
    """The status of each call of a method; 0 where the answer was lost."""
    return [entry.status for entry in slack.journal if entry.name == method and entry.kind != "delivery"]


@pytest.mark.parametrize("bad", BREAK)
@pytest.mark.parametrize("method", TABLE)
async def test_a_decision_is_kept(house: House, clock: VirtualClock, method: str, bad: str) -> None:
    """A click while the method fails is acknowledged, and counts or is refused whole; once Slack is well again all is
    decided once, carried out, and every message stands once."""
    (house.folder / "policies.yaml").write_text(RULES)
    tempo = Tempo(timeout=TIMEOUT if bad == "silent" else PATIENT, ping=0.5, pause=clock.sleep)
    desk = await house.desk(clock=clock, tempo=tempo, signoff_admins=ANA)
    slack = desk.slack
    card = await desk.ask("refund", LONG if method == "views.update" else REFUND, requester=BEN)
    await desk.core.records.effects.drain()
    clock.turn(minutes=2)  # what is known of people is too old now
    await desk.until(lambda: slack.connections or None)
    before = len(_calls(slack, method))
    day = Day(desk, clock, card.ts, lambda: BREAK[bad](slack, method))
    await TABLE[method](day)
    connected = method != "apps.connections.open"
    verb = "deny" if method == "views.update" else "approve"
    if connected and verb == "approve":
        assert (await slack.click(ANA, CHANNEL, card.ts, verb)).ok
    await desk.until(lambda: _calls(slack, method)[before:] or None)
    if bad != "silent":
        assert _calls(slack, method)[before] == {"limited": 429, "broken": 503, "lost": 0}[bad]
    kept = {a.id: a.decisions for a in await desk.approvals()}

    slack.faults.clear()
    await desk.core.records.effects.drain()
    await desk.until(lambda: not slack.faults.delayed)  # else it is looked for before it stands
    await day.turn(hours=1, minutes=1)
    for _ in range(8):
        await day.turn(minutes=6)
    await desk.until(lambda: slack.connections or None)
    first = next(a for a in await desk.approvals() if any(m.ts == card.ts for m in a.messages))
    assert first.decisions == kept[first.id]
    for view in reversed(slack.modals(ANA)):
        await slack.close_view(ANA, view.id)
    if first.status is Status.PENDING:
        assert (await slack.click(ANA, CHANNEL, card.ts, verb)).ok
        if verb == "deny":
            await slack.submit(ANA, (await desk.modal(ANA)).id, {"reason": "No."})
    await desk.resumed(card.ts)
    await desk.core.records.effects.drain()
    await day.turn(minutes=6)
    await _all_is_well(desk, card.ts, DecisionType(verb))


async def _all_is_well(desk: Desk, ts: str, verdict: DecisionType) -> None:
    """Ana's decision is the only one, the card shows it, and nothing stands twice."""
    approvals = await desk.approvals()
    first = next(a for a in approvals if any(m.ts == ts for m in a.messages))
    assert [(said.actor.id, said.type) for said in first.decisions] == [(ANA, verdict)]
    assert desk.buttons(ts) == []
    posted = [m for place in (CHANNEL, desk.slack.dm(CLEO)) for m in _all(desk.slack, place)]
    twice = Counter(str(sorted((m.metadata or {}).get("event_payload", {}).items())) + m.channel for m in posted)
    assert [what for what, count in twice.items() if count > 1] == []
    assert {a.id for a in approvals} == {m.metadata["event_payload"]["approval"] for m in posted if m.metadata}


def _all(slack: LocalSlack, channel: str) -> list[Message]:
    """Messages and replies."""
    top = slack.messages(channel)
    return [*top, *(m for one in top for m in slack.messages(channel, thread_ts=one.ts) if m.ts != one.ts)]
