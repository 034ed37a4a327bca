"""Turns at a steady pace, shared by all replicas: so many at once, then one per interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis

from approvals.ports import Clock
from approvals.store.batch import Batch
from approvals.store.keys import Keys
from approvals.store.scripts import Scripts


@dataclass(frozen=True, slots=True)
class Bucket:
    """`burst` turns at once, then one every `interval` seconds: within T seconds at most `burst` + T / `interval`."""

    name: str
    interval: float
    burst: int


class PaceStore:
    """Gives out turns. A ticket that must wait keeps its turn, so that nobody has to come often to be served."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()
        self._scripts = Scripts(Batch(redis))

    async def turn(self, bucket: Bucket, ticket: str) -> float:
        """How many seconds this ticket must still wait; 0: it is its turn, and the turn is spent."""
        return await self._pace(bucket, ticket, 0.0) / 1000

    async def hold(self, bucket: Bucket, seconds: float) -> None:
        """Nobody gets a new turn for so long, and then one after the other."""
        await self._pace(bucket, "", seconds)

    async def held(self, bucket: Bucket) -> float:
        """For how many seconds `hold` keeps everybody from a turn; 0 for nobody. Takes none."""
        empty = float(await self._redis.hget(self._keys.pace(bucket.name), "t") or 0.0) / 1000
        return max(0.0, empty - (bucket.burst - 1) * bucket.interval - self._clock().timestamp())

    async def _pace(self, bucket: Bucket, ticket: str, hold: float) -> int:
        now = self._clock().timestamp() // 0.001
        args = [int(now), int(bucket.interval * 1000), bucket.burst, ticket, int(hold * 1000)]
        return await self._scripts.pace([self._keys.pace(bucket.name)], args)


class BurstStore:
    """Who is shown together because too many came at once, by channel (a person's is their direct messages)."""

    WINDOW = timedelta(minutes=1)
    """In which cards are counted."""
    QUIET = timedelta(minutes=1)
    """After so long without another one, the next has a card of its own again."""
    KEPT = timedelta(days=30)
    """How long it is known who was shown together; a message that old is redrawn no more."""
    HOLD = timedelta(seconds=20)
    """For how long somebody who posts the message is waited for."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()
        self._scripts = Scripts(Batch(redis))

    async def enter(self, channel: str, approval_id: str, *, limit: int, alone: bool = False) -> tuple[int, str]:
        """The number of the collection that the approval belongs to, and the ts of its message, empty before it is
        posted; 0 where it has a card of its own: one of the first `limit` within a minute, or `alone`. Asked again it
        says the same, as long as that collection is the channel's last."""
        keys = [self._keys.burst(channel), self._keys.burst(channel, "recent"), self._keys.burst(channel, "")]
        spans = [span // timedelta(milliseconds=1) for span in (self.WINDOW, self.QUIET, self.KEPT)]
        args = [approval_id, self._now(), spans[0], limit, spans[1], spans[2], "1" if alone else "0"]
        return await self._scripts.burst(keys, args)

    async def posting(self, channel: str, number: int) -> tuple[int, str]:
        """The right to post the message of a collection, for `HOLD`: how often it was given, this time included; 0 if
        somebody else has it. With the ts of the message, and without the right, if somebody posted it since `enter`."""
        burst, name = self._keys.burst(channel), self._keys.burst(channel, f"posting-{number}")
        if not await self._redis.set(name, "1", nx=True, px=self.HOLD):
            return 0, ""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(burst, f"tries-{number}", 1)
            pipe.hget(burst, f"ts-{number}")
            tries, ts = await pipe.execute()
        if not ts:
            return int(tries), ""
        await self.posted(channel, number, str(ts))
        return 0, str(ts)

    async def posted(self, channel: str, number: int, ts: str) -> None:
        """The message of a collection stands."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._keys.burst(channel), f"ts-{number}", ts)
            pipe.hdel(self._keys.burst(channel), f"tries-{number}")
            pipe.set(self._keys.burst(channel, f"at-{ts}"), number, px=self.KEPT)
            pipe.delete(self._keys.burst(channel, f"posting-{number}"))
            await pipe.execute()

    async def not_posted(self, channel: str, number: int) -> None:
        """It was tried, and nobody knows how that ended: the right is handed back."""
        await self._redis.delete(self._keys.burst(channel, f"posting-{number}"))

    async def number(self, channel: str, ts: str) -> int:
        """Which collection a message shows; 0 for one that is not known any more."""
        return int(await self._redis.get(self._keys.burst(channel, f"at-{ts}")) or 0)

    async def waiting(self, channel: str, number: int) -> tuple[list[str], int]:
        """The ids of those of a collection that are still pending, oldest first, and how many there are in all."""
        members = self._keys.burst(channel, str(number))
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zinter([self._keys.index("pending"), members])
            pipe.zcard(members)
            found, total = await pipe.execute()
        return list(found), int(total)

    async def first(self, channel: str, ts: str, what: str, within: timedelta) -> bool:
        """Whether this is the first of its kind for a message within that time."""
        name = self._keys.burst(channel, f"{what}-{ts}")
        return bool(await self._redis.set(name, "1", nx=True, px=within))

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)
