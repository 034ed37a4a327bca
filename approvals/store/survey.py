"""How much waits, for how long, and how full the server is. Two commands, whose cost hardly grows with the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from approvals.ports import Clock
from approvals.store.batch import Batch
from approvals.store.keys import Keys
from approvals.store.packed import score
from approvals.store.scripts import Script

AGES: Mapping[str, timedelta | None] = {
    "under_10m": timedelta(minutes=10),
    "under_1h": timedelta(hours=1),
    "under_4h": timedelta(hours=4),
    "under_24h": timedelta(hours=24),
    "over_24h": None,
}
"""How old what is pending may be, each without those before it."""

OTHER = "(other)"
"""The graphs that were not asked for, together."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of due work: how many items are due, and for how many seconds the first of them has been."""

    due: int
    late: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that the server uses, and may use at the most (0: as many as there are). `failing`: it says that its last
    write to disk failed."""

    used: int
    limit: int
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """`pending`: by graph, how many there are of each age in `AGES`. `lines`: `people` (everything that is done for
    people) and `drives`. `memory`: `None` where the server does not tell."""

    pending: Mapping[str, tuple[int, ...]]
    lines: Mapping[str, Line]
    memory: Memory | None = None


async def memory_of(redis: Redis) -> Memory | None:
    """By INFO. `None` where we may not ask."""
    try:
        told = await redis.info("memory", "persistence")  # pyright: ignore[reportUnknownMemberType]
    except ResponseError:
        return None
    failing = "err" in (told.get("aof_last_write_status"), told.get("rdb_last_bgsave_status"))
    return Memory(int(told.get("used_memory", 0)), int(told.get("maxmemory", 0)), failing)


class SurveyStore:
    """Looks at what waits. Reads only."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()
        self._script = Script(Batch(redis), "approvals.store", "survey")

    async def survey(self, graphs: Sequence[str]) -> Survey:
        """What waits now. Raises what Redis raises where it does not answer."""
        now = self._clock()
        keys = [self._keys.due, self._keys.drives, self._keys.index("pending")]
        keys += [self._keys.index("pending", graph) for graph in graphs]
        bounds = [score(now - age) for age in AGES.values() if age is not None]
        flat = cast("list[int | str]", await self._script(keys, [score(now), *bounds]))
        lines = {name: self._line(flat[at : at + 2], int(score(now))) for at, name in ((0, "people"), (2, "drives"))}
        counts = [int(count) for count in flat[4:]]
        rows = [tuple(counts[at : at + len(AGES)]) for at in range(0, len(counts), len(AGES))]
        total, known = rows[0], rows[1:]
        # Counted in one step, so the rest is never less than nothing.
        rest = tuple(all_ - sum(row[at] for row in known) for at, all_ in enumerate(total))
        return Survey({**dict(zip(graphs, known, strict=True)), OTHER: rest}, lines, await memory_of(self._redis))

    async def troubled(self) -> tuple[int, int]:
        """How many threads failed or were lost, and how many callbacks were given up."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zcard(self._keys.index("broken"))
            pipe.zcard(self._keys.index("undelivered"))
            broken, undelivered = await pipe.execute()
        return int(broken), int(undelivered)

    @staticmethod
    def _line(row: Sequence[int | str], now: int) -> Line:
        number, first = row
        late = max(0.0, (now - float(first)) / 1e6) if first else 0.0
        return Line(int(number), late)
