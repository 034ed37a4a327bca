"""Who can be reached by the policies, asked of the local Slack; and what admins are told of it, over the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from approvals import policies
from approvals.away import Away
from approvals.book import PolicyBook
from approvals.lint import Kind
from approvals.model import ActorRef, Source
from approvals.policy import PolicySet
from approvals.store.away import AwayStore
from approvals.store.book import RedisBook
from approvals.store.redis import connect
from approvals.store.told import ToldStore
from bot import slack as web
from bot.absences import Absences
from bot.coverage import Coverage
from bot.directory import Directory
from bot.slack import Slack
from bot.watch import Watch
from localslack import LocalSlack, Seed
from tests.conftest import VirtualClock

RULES = """
version: 1
policies:
  - {name: good, channel: "#approvals", who: ["@finance"]}
  - {name: gone, channel: "#nowhere", who: ["@typo", U0NOBODY, nobody@example.com]}
  - {name: outside, channel: C0GENERAL, who: [U0GUS, U0DEE, U0ANA, U0BEN]}
  - {name: both, channel: "#approvals", who: ["@finance"], quorum: {approve: 2}, self_approval: true}
default: {channel: "#approvals"}
"""


def read(text: str = RULES) -> PolicySet:
    found = policies.parse(text)
    assert isinstance(found, PolicySet), found
    return found


class Office:
    """A workspace, and everything that looks at it. `turn` lets what the directory remembers grow old."""

    def __init__(self, slack: LocalSlack, url: str, clock: VirtualClock) -> None:
        self.slack, self.clock = slack, clock
        self.redis = connect(url)
        self.web = Slack(web.client(slack.bot_token, slack.api_url))
        self.directory = Directory(self.web, clock=clock)
        self.away = AwayStore(self.redis, clock=clock)
        self.coverage = Coverage(self.directory, Absences(self.away, self.directory))
        self.book = PolicyBook(RedisBook(self.redis), clock=clock, channel="#approvals")

    def watch(self, *admins: str) -> Watch:
        told = ToldStore(self.redis)
        return Watch(self.coverage, self.book, told, self.web, self.directory, admins)

    async def findings(self, text: str = RULES) -> list[tuple[str, str, str, str]]:
        self.clock.turn(minutes=2)
        found = await self.coverage.findings(read(text))
        return [(one.policy, one.kind.value, one.where, one.entry) for one in found]

    def told(self, user: str) -> list[str]:
        return [message.text for message in self.slack.messages(self.slack.dm(user))]


@pytest.fixture
async def office(redis_url: str, clock: VirtualClock) -> AsyncIterator[Office]:
    async with LocalSlack(Seed.default()) as slack:
        office = Office(slack, redis_url, clock)
        yield office
        assert slack.problems == []
        await office.redis.aclose()
        await office.redis.connection_pool.aclose()


async def test_what_slack_says_of_everything_that_is_named(office: Office) -> None:
    """Groups, people and addresses that are not there; channels without the bot, by name and by id; guests."""
    assert await office.findings() == [
        ("gone", "not_inside", "channel", "#nowhere"),
        ("gone", "unknown", "who", "@typo"),
        ("gone", "unable", "who", "U0NOBODY"),
        ("gone", "unknown", "who", "nobody@example.com"),
        ("gone", "nobody", "quorum.approve", ""),
        ("outside", "not_inside", "channel", "C0GENERAL"),
        ("outside", "unable", "who", "U0GUS"),
        ("outside", "unable", "who", "U0DEE"),
    ]


async def test_a_cover_is_as_good_as_the_person(office: Office) -> None:
    """Away without one is a finding; with one who is there it is none; with one who is away too, it is again."""
    now = office.clock.now
    week = now + timedelta(days=7)
    both = ("both", Kind.AWAY.value, "quorum.approve", "")
    await office.away.set(Away(user_id="U0ANA", since=now, until=week))
    assert both in await office.findings()
    await office.away.set(Away(user_id="U0ANA", since=now, until=week, cover="U0CLEO"))
    assert both not in await office.findings()
    await office.away.set(Away(user_id="U0CLEO", since=now, until=week, cover="U0ANA"))
    assert both in await office.findings()
    office.clock.turn(days=8)
    assert both not in await office.findings()


_CI = ActorRef("ci", Source.CLI)
EMPTY = """
version: 1
policies: [{name: refunds, channel: "#approvals", who: ["@finance"]}]
default: {channel: "#approvals"}
"""


async def test_each_admin_is_told_once_and_again_if_it_comes_back(office: Office) -> None:
    """By whichever replica; a new admin hears of what the others know; what was mended and breaks again is told."""
    await office.book.publish(EMPTY, expected=0, actor=_CI, note="")
    group = office.slack.world.usergroups["S0FINANCE"]
    assert await office.watch("U0CLEO").once() == 0
    people = list(group.members)
    group.members.clear()
    office.clock.turn(minutes=2)
    assert await office.watch("U0CLEO").once() == 2
    assert await office.watch("U0CLEO").once() == 0
    assert await office.watch("cleo@example.com", "U0BEN", "@typo").once() == 2
    assert len(office.told("U0CLEO")) == len(office.told("U0BEN")) == 2
    assert "refunds: who: @finance has nobody in it" in office.told("U0CLEO")[0]
    group.members.extend(people)
    office.clock.turn(minutes=2)
    assert await office.watch("U0CLEO").once() == 0
    group.members.clear()
    office.clock.turn(minutes=2)
    assert await office.watch("U0CLEO").once() == 2


ELSEWHERE = """
version: 1
policies:
  - name: leads
    channel: "#finance-leads"
    who: [U0ANA, "@finance"]
    quorum: {approve: 2}
    escalate: [{after: 1h, to: [U0CLEO], replace: true}]
default: {channel: "#approvals"}
"""


async def test_people_who_see_no_card_and_those_who_are_left_alone(office: Office) -> None:
    """By who is in the channel now; each admin is told once, and again if it comes back."""
    unreached, stranded = ("leads", "unreached", "who", "U0ANA"), ("leads", "stranded", "escalate[0].replace", "")
    assert await office.findings(ELSEWHERE) == [stranded, unreached]
    await office.book.publish(ELSEWHERE, expected=0, actor=_CI, note="")
    assert [await office.watch("U0CLEO").once() for _ in range(2)] == [2, 0]
    told = office.told("U0CLEO")
    assert "from this step on 2 people must agree, and there is only 1 person" in told[0]
    assert "nobody of <@U0ANA> is where the card stands (#finance-leads), and it is sent to none of them" in told[1]
    members = office.slack.world.channels["C0LEADS"].members
    members.append("U0ANA")
    assert await office.findings(ELSEWHERE) == [stranded]
    assert await office.watch("U0CLEO").once() == 0
    members.remove("U0ANA")
    office.clock.turn(minutes=2)
    assert await office.watch("U0CLEO").once() == 1


async def test_what_could_not_be_told_is_told_later(office: Office) -> None:
    """Slack refuses the message: it counts as not told. Slack cannot be asked at all: nothing is forgotten either."""
    await office.book.publish(RULES, expected=0, actor=_CI, note="")
    office.slack.faults.fail("chat.postMessage", "fatal_error")
    watch = office.watch("U0CLEO")
    first = await watch.once()
    assert first + await watch.once() == len(office.told("U0CLEO")) == 8
    assert await watch.once() == 0
    assert await office.watch().once() == 0, "nobody to tell"
