"""The book of policies: two editors at once, files at a start, the history. Over the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from approvals.book import FILE, PAGE, TOLD, NotPublished, PolicyBook, Published, Replaced, bounded
from approvals.errors import ConfigError
from approvals.events import EventType
from approvals.model import ActorRef, Source
from approvals.refusals import Reason, Refusal
from approvals.store.book import RedisBook
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from tests.conftest import VirtualClock

ANA, BEN = ActorRef("U0ANA", Source.SLACK), ActorRef("U0BEN", Source.SLACK)


def text(channel: str = "#ops", extra: str = "") -> str:
    return f'version: 1\npolicies:\n  - name: refunds\n    channel: "{channel}"\n{extra}default: {{channel: "#ops"}}\n'


@pytest.fixture
async def books(redis_url: str, clock: VirtualClock) -> AsyncIterator[tuple[PolicyBook, PolicyBook]]:
    """Two replicas on one server."""
    opened = [connect(redis_url) for _ in range(2)]
    one, two = (PolicyBook(RedisBook(redis), clock=clock, channel="#approvals") for redis in opened)
    yield one, two
    for redis in opened:
        await redis.aclose()
        await redis.connection_pool.aclose()


def channel_of(found: tuple[object, int]) -> str:
    policies = found[0]
    return policies.policies[0].channel  # pyright: ignore[reportAttributeAccessIssue]


async def published(book: PolicyBook, of: str, *, expected: int, by: ActorRef = ANA, note: str = "") -> Published:
    done = await book.publish(of, expected=expected, actor=by, note=note)
    assert isinstance(done, Published), done
    return done


async def test_without_a_version_the_channel_of_the_settings_counts(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Version 0 is what the settings say, written out where an edit starts; the first publication makes version 1."""
    book, _ = books
    policies, number = await book.current()
    assert (number, policies.policies, policies.default.channel) == (0, (), "#approvals")
    start, number = await book.text()
    assert number == 0
    read = book.check(start)
    assert getattr(read, "default", None) is not None
    assert (read.default.channel, read.default.expire) == ("#approvals", policies.default.expire)  # pyright: ignore
    assert (await published(book, text(), expected=0)).version.number == 1


async def test_where_nobody_is_asked_it_says_so(redis_url: str, clock: VirtualClock) -> None:
    """Neither a version nor a channel: the remedies are named."""
    redis = connect(redis_url)
    with pytest.raises(ConfigError, match=r"SIGNOFF_CHANNEL.*signoff policy apply"):
        await PolicyBook(RedisBook(redis), clock=clock).current()
    await redis.aclose()
    await redis.connection_pool.aclose()


async def test_what_one_replica_publishes_counts_on_the_other(books: tuple[PolicyBook, PolicyBook]) -> None:
    """At the next question, without a restart; each policy names the version that it comes from."""
    one, two = books
    assert (await two.current())[1] == 0
    await published(one, text("#first"), expected=0)
    found, number = await two.current()
    assert (number, found.policies[0].channel, found.policies[0].source[:12]) == (1, "#first", "policies v1@")
    await published(two, text("#second"), expected=1)
    assert channel_of(await one.current()) == "#second"


async def test_what_has_not_changed_is_read_once(
    books: tuple[PolicyBook, PolicyBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening an approval costs one small read: the text is neither fetched nor parsed again."""
    book, _ = books
    await published(book, text(), expected=0)
    first, _ = await book.current()
    monkeypatch.setattr(RedisBook, "versions", None)
    assert (await book.current())[0] is first


async def test_the_second_of_two_editors_is_shown_the_first(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Nothing is overwritten unseen: the refusal carries the version that counts."""
    one, two = books
    await published(one, text("#hers"), expected=0)
    no = await two.publish(text("#his"), expected=0, actor=BEN)
    assert isinstance(no, NotPublished)
    assert no.reason is Reason.CHANGED
    assert no.newer is not None
    assert (no.newer.number, no.newer.author, no.newer.text) == (1, ANA, text("#hers"))
    assert channel_of(await two.current()) == "#hers"


async def test_of_many_at_once_one_gets_through(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Truly at the same time, from two connections: one version, one audit event, and nine who are told."""
    done = await asyncio.gather(
        *(books[n % 2].publish(text(f"#c{n}"), expected=0, actor=ANA if n % 2 else BEN) for n in range(10))
    )
    assert sum(isinstance(one, Published) for one in done) == 1
    assert all(isinstance(one, Published) or one.newer is not None for one in done)
    assert [version.number for version in await books[0].history()] == [1]


async def test_a_text_with_mistakes_is_refused_with_every_line(books: tuple[PolicyBook, PolicyBook]) -> None:
    """And nothing is stored: no version, no event, and what counted goes on counting."""
    book, other = books
    await published(book, text(), expected=0)
    no = await book.publish(text("ops", "  - {nam: a}\n"), expected=1, actor=ANA)
    assert isinstance(no, NotPublished)
    assert no.reason is Reason.INVALID_ANSWER
    assert [(found.line, found.where) for found in no.findings] == [
        (4, "policies[0].channel"),
        (5, "policies[1].name"),
        (5, "policies[1].nam"),
    ]
    assert (await other.current())[1] == 1
    assert len(await book.history()) == 1


@pytest.mark.parametrize("bad", ["x" * 300_000, "version: 1\x07", "version: \ud83d", "[", "", "- " * 5000])
async def test_no_text_does_harm(books: tuple[PolicyBook, PolicyBook], bad: str) -> None:
    """Too long, control characters, half a surrogate pair, not YAML, empty, deep: findings, never an exception."""
    no = await books[0].publish(bad, expected=0, actor=ANA)
    assert isinstance(no, NotPublished)
    assert no.findings
    assert await books[0].number() == 0


async def test_the_same_text_is_no_new_version(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Publishing twice is harmless, whatever number the second one started from."""
    one, two = books
    await published(one, text(), expected=0)
    again = await published(two, text(), expected=0, by=BEN)
    assert (again.new, again.version.number, again.version.author) == (False, 1, ANA)
    assert len(await one.history()) == 1


async def test_every_change_is_in_the_audit(books: tuple[PolicyBook, PolicyBook], store: RedisStore) -> None:
    """Who, when, from which version to which, why, and the lines that differ."""
    book, _ = books
    await published(book, text("#first"), expected=0)
    await published(book, text("#second"), expected=1, by=BEN, note="The channel moved")
    events = await store.audit()
    assert [(e.type, e.actor, e.version, e.data["from"], e.data["to"]) for e in events] == [
        (EventType.POLICY_CHANGED, ANA, 1, 0, 1),
        (EventType.POLICY_CHANGED, BEN, 2, 1, 2),
    ]
    told = events[1].data
    assert told["note"] == "The channel moved"
    lines = str(told["difference"]).splitlines()
    assert lines[:2] == ["--- version 1", "+++ version 2"]
    assert '-    channel: "#first"' in lines
    assert '+    channel: "#second"' in lines


async def test_the_difference_in_the_audit_is_bounded(books: tuple[PolicyBook, PolicyBook], store: RedisStore) -> None:
    """However much was changed, the audit stays readable; the versions hold it whole."""
    many = "".join(f"  - {{name: p{n}, channel: C0123}}\n" for n in range(2000))
    await published(books[0], text(extra=many), expected=0)
    (event,) = await store.audit()
    told = str(event.data["difference"])
    assert len(told) < TOLD + 50
    assert told.endswith(" more lines")
    whole = await books[0].diff(0, 1)
    assert isinstance(whole, str)
    assert whole.count("\n+  - {name: p") == 2000


def test_a_bounded_text_counts_what_it_leaves_out() -> None:
    """Lines are kept whole."""
    assert bounded("a\nb", 10) == "a\nb"
    assert bounded("aaaa\nbbbb\ncccc\ndddd", 12) == "aaaa\nbbbb\n… and 2 more lines"


async def test_an_earlier_version_can_be_brought_back(books: tuple[PolicyBook, PolicyBook]) -> None:
    """As a new version: the history only grows. Version 0, what the settings said, too."""
    book, _ = books
    await published(book, text("#first"), expected=0)
    await published(book, text("#second"), expected=1)
    done = await book.roll_back(1, expected=2, actor=BEN)
    assert isinstance(done, Published)
    assert (done.version.number, done.version.note) == (3, "Back to version 1")
    assert channel_of(await book.current()) == "#first"
    zero = await book.roll_back(0, expected=3, actor=BEN)
    assert isinstance(zero, Published)
    assert (await book.current())[0].policies == ()
    assert [version.number for version in await book.history(3)] == [4, 3, 2]


async def test_what_cannot_be_brought_back(books: tuple[PolicyBook, PolicyBook]) -> None:
    """A version that never was, and one asked for from an older view than what counts."""
    book, _ = books
    await published(book, text("#first"), expected=0)
    await published(book, text("#second"), expected=1)
    no = await book.roll_back(7, expected=2, actor=ANA)
    assert isinstance(no, Refusal)
    assert no.reason is Reason.UNKNOWN
    late = await book.roll_back(1, expected=1, actor=ANA)
    assert isinstance(late, NotPublished)
    assert late.newer is not None
    assert isinstance(await book.diff(1, 9), Refusal)
    assert await book.version(9) is None


async def test_a_restart_does_not_undo_what_was_changed_elsewhere(books: tuple[PolicyBook, PolicyBook]) -> None:
    """A start applies its file only where that is another than the last one applied."""
    book, _ = books
    first = await book.apply(text("#file"), "policies.yaml")
    assert isinstance(first, Published)
    assert (first.version.author, first.version.note) == (FILE, "policies.yaml")
    await published(book, text("#slack"), expected=1)
    assert await book.apply(text("#file"), "policies.yaml") is None
    assert channel_of(await book.current()) == "#slack"


async def test_a_changed_file_counts(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Over what was changed in Slack, too: the history says so, and keeps that."""
    book, _ = books
    await book.apply(text("#file"), "policies.yaml")
    await published(book, text("#slack"), expected=1)
    await book.apply(text("#newer"), "policies.yaml")
    assert channel_of(await book.current()) == "#newer"
    assert [version.author for version in await book.history()] == [FILE, ANA, FILE]


async def test_a_replica_that_restarts_with_an_older_file_brings_nothing_back(
    books: tuple[PolicyBook, PolicyBook],
) -> None:
    """In a rolling deployment: the new file was applied, an old replica restarts with the one before; also one that was
    only noted since it said what counted, and one that a command applied. Going back is a command's business."""
    new, old = books
    await old.apply(text("#v1"), "policies.yaml")
    await new.apply(text("#v2"), "policies.yaml")
    for book in (old, new, old):
        assert await book.apply(text("#v1"), "policies.yaml") == Replaced(1, 2)
        assert await book.apply(text("#v2"), "policies.yaml") is None
    assert await new.number() == 2
    await published(new, text("#slack"), expected=2)
    noted = await new.apply(text("#slack"), "policies.yaml")
    assert isinstance(noted, Published)
    await new.apply(text("#v4"), "policies.yaml")
    assert await old.apply(text("#slack"), "policies.yaml") == Replaced(3, 4)
    assert await old.apply(text("#v2"), "policies.yaml") == Replaced(2, 4)
    assert channel_of(await old.current()) == "#v4"
    back = await old.roll_back(1, expected=4, actor=BEN)
    assert isinstance(back, Published)
    assert await new.apply(text("#v4"), "policies.yaml") is None
    assert channel_of(await new.current()) == "#v1"
    await published(old, text("#v2"), expected=5)
    assert channel_of(await new.current()) == "#v2"
    assert await old.apply(text("#v1"), "policies.yaml") == Replaced(5, 6)


async def test_no_applied_file_is_forgotten_however_many_came_after(books: tuple[PolicyBook, PolicyBook]) -> None:
    """Further back than one page of the history."""
    new, old = books
    for number in range(PAGE * 2 + 3):
        await new.apply(text(f"#v{number + 1}"), "policies.yaml")
    assert await old.apply(text("#v1"), "policies.yaml") == Replaced(1, PAGE * 2 + 3)
    assert await old.replaced(text("#never")) is None


async def test_replicas_that_start_at_once_make_one_version(books: tuple[PolicyBook, PolicyBook]) -> None:
    """All of them apply the same file; a broken one is refused with its lines."""
    await asyncio.gather(*(books[n % 2].apply(text("#file"), "policies.yaml") for n in range(8)))
    assert [version.number for version in await books[0].history()] == [1]
    no = await books[0].apply("version: 2\n", "policies.yaml")
    assert isinstance(no, NotPublished)
    assert no.findings


async def test_a_file_that_says_what_counts_already_is_noted(books: tuple[PolicyBook, PolicyBook]) -> None:
    """What was changed in Slack and then written into the file: no new version, and what follows stays."""
    book, _ = books
    await published(book, text("#both"), expected=0)
    done = await book.apply(text("#both"), "policies.yaml")
    assert isinstance(done, Published)
    assert not done.new
    await published(book, text("#slack"), expected=1)
    assert await book.apply(text("#both"), "policies.yaml") is None


async def test_a_version_that_cannot_be_read_here_is_an_error(redis_url: str, clock: VirtualClock) -> None:
    """An older replica, or one with other settings, asks nobody rather than the wrong people."""
    redis = connect(redis_url)
    keys = Keys("other")
    with_channel = PolicyBook(RedisBook(redis, keys=keys), clock=clock, channel="#approvals")
    await with_channel.publish("version: 1\ndefault: {}\n", expected=0, actor=ANA)
    with pytest.raises(
        ConfigError, match=r"version 1 of the policies cannot be read here:\npolicies:2: default.channel"
    ):
        await PolicyBook(RedisBook(redis, keys=keys), clock=clock).current()
    await redis.aclose()
    await redis.connection_pool.aclose()
