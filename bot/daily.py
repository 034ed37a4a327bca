"""Tells each person once a day what waits for them, at a time of day in their own time zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import structlog

from approvals.errors import ConfigError, Later, SignoffError
from approvals.model import Approval
from approvals.ports import Clock, Query
from approvals.service import Approvals
from approvals.shown import Shown
from approvals.store.daily import DailyStore
from bot.absences import Absences
from bot.daily_message import FIRST, daily, eldest
from bot.directory import Directory
from bot.links import Links
from bot.payloads import Person
from bot.sight import CHUNK
from bot.slack import Slack
from bot.waiting import Waiting, by_deadline

EVERY: Final = 60.0
"""Seconds between two looks."""

STEP: Final = timedelta(minutes=15)
"""Time zones are apart from each other by multiples of this."""

EVENT: Final = "signoff_daily"
"""The type of the metadata by which these messages are known."""

log = structlog.get_logger()


class Daily:
    """Everybody whose time of day came since somebody last looked is told of what they may decide, covers included;
    nobody who is away, or for whom nothing waits.

    Once for each person and day, whichever replica looks. A process that was down over that time tells them late, on
    the same day. One that dies between its claim and the post has told nobody: better that than twice.
    """

    def __init__(
        self,
        store: DailyStore,
        approvals: Approvals,
        waiting: Waiting,
        slack: Slack,
        directory: Directory,
        absences: Absences,
        links: Links,
        *,
        at: time,
        team_zone: tzinfo,
        shown: Shown,
        clock: Clock,
    ) -> None:
        self._store = store
        self._approvals = approvals
        self._waiting = waiting
        self._slack = slack
        self._directory = directory
        self._absences = absences
        self._links = links
        self._at = at
        self._team_zone = team_zone
        self._shown = shown
        self._clock = clock

    async def once(self) -> int:
        """Looks whose turn it is; returns how many were told. The first look ever tells nobody: it begins with it."""
        now, since = self._clock(), await self._store.looked()
        if since is None:
            await self._store.look(now)
            return 0
        turns = await self._store.late()
        if struck(self._at, since, now):
            turns = dict.fromkeys(await self._asked(), since) | turns
        told = 0
        for person, after in turns.items():
            try:
                told += await self._turn(person, after, now)
            except Later as later:
                await self._store.put_off(person, after)
                log.warning("told later", action="daily.later", person=person, seconds=later.seconds)
            except SignoffError as failed:
                log.warning("not told", action="daily.refused", person=person, why=str(failed))
                await self._store.done(person)
        await self._store.look(now)
        return told

    async def _asked(self) -> tuple[str, ...]:
        """Everybody who may be asked to decide something that waits, and who stands in for them."""
        entries: dict[str, None] = {}
        at, total = 0, 1
        while at < total:
            page = await self._approvals.page(Query(offset=at, limit=CHUNK))
            at, total = at + CHUNK, page.total
            entries.update(dict.fromkeys(entry for approval in page.approvals for entry in approval.audience))
        people: dict[str, None] = {}
        for entry in entries:
            try:
                people.update(dict.fromkeys(await self._directory.people(entry)))
            except ConfigError as nobody:
                log.debug("nobody to tell", action="directory.unresolved", entry=entry, why=str(nobody))
        covers = [away.cover for away in await self._absences.store.covered() if away.user_id in people]
        people.update(dict.fromkeys(cover for cover in covers if cover is not None))
        return tuple(people)

    async def _turn(self, person: str, since: datetime, now: datetime) -> bool:
        """Whether they were told just now."""
        zone = await self._directory.zone(person, self._team_zone)
        day = now.astimezone(zone).date()
        come = since < datetime.combine(day, self._at, zone) <= now
        waiting = await self._queue(person) if come and not await self._absences.of(person) else []
        if not waiting:
            await self._store.done(person)
            return False
        named = (*waiting[:FIRST], eldest(waiting))
        message = daily(
            [self._shown.approval(one) for one in waiting], await self._links.cards(person, named), now, self._at
        )
        channel = await self._directory.direct(person)
        if not await self._store.claim(person, day):
            return False  # whoever tells them now also puts them off, if it comes to that
        metadata = {"event_type": EVENT, "event_payload": {"person": person, "day": day.isoformat()}}
        try:
            await self._slack.post(channel, message.text, message.blocks, metadata=metadata)
        except Later:
            await self._store.forget(person, day)  # it was not posted; of anything else that is not known
            raise
        await self._store.done(person)
        log.info("told what waits", action="daily.told", person=person, waiting=len(waiting))
        return True

    async def _queue(self, person: str) -> list[Approval]:
        """All that waits for them, the first deadline in front."""
        found: list[Approval] = []
        at: int | None = 0
        while at is not None:
            queue = await self._waiting.queue(Person(person, None), Query(offset=at), lambda _: True)
            found += queue.approvals
            at = queue.end
        return sorted(found, key=by_deadline)


def struck(at: time, since: datetime, now: datetime) -> bool:
    """Whether it may have become that time of day anywhere in the world after `since`, and by `now`."""
    offset = timedelta(hours=at.hour, minutes=at.minute)
    epoch = datetime(1970, 1, 1, tzinfo=now.tzinfo)
    return (now - epoch - offset) // STEP > (since - epoch - offset) // STEP
