"""`/approvals away …`: somebody says that they are away, and who covers for them; a button of the Home tab ends it."""

from __future__ import annotations

import structlog

from approvals import away
from approvals.away import Away, Back, Leave, Show, Wrong
from approvals.due import DueKind
from approvals.errors import SignoffError
from approvals.model import ActorRef, Source, Standing
from approvals.ports import Query
from bot import payloads, replies
from bot.listeners.door import Answer, App, Door
from bot.listeners.home import draw
from bot.payloads import Body, Person
from bot.rich import Message, section

WAITING = 500
"""How many of the oldest pending approvals are brought to a new cover; later ones come by themselves."""

log = structlog.get_logger()


def register(app: App, door: Door) -> None:
    """Registers the button of the Home tab. (The command stands in `commands`.)"""
    app.action("away:back")(door.listener(Leaves(door).back))


class Leaves:
    """Everybody speaks for themselves only."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._store = door.core.records.away

    async def said(self, text: str, person: Person) -> str:
        """Does what was typed after `away`, and says what holds now."""
        asked = away.parse(text, self._door.clock(), await self._door.directory.zone(person.id))
        match asked:
            case Show():
                return replies.away(await self._now(person.id))
            case Back():
                return await self._ended(person)
            case Leave():
                return await self._leave(asked, person)
            case Wrong():
                return replies.away_wrong(asked)

    async def back(self, body: Body, answer: Answer) -> None:
        """They are back: the Home tab is drawn anew."""
        await answer.ack()
        person = payloads.person(body)
        await self._store.clear(person.id, _ref(person))
        await draw(self._door, person.id)

    async def _now(self, user_id: str) -> Away | None:
        return (await self._door.absences.of(user_id)).get(user_id)

    async def _ended(self, person: Person) -> str:
        ended = await self._store.clear(person.id, _ref(person))
        return replies.back(await self._now(person.id), ended=ended)

    async def _leave(self, asked: Leave, person: Person) -> str:
        cover = None
        if asked.cover is not None:
            found = await self._door.directory.called(asked.cover)
            if problem := await self._unfit(asked.cover, found, person):
                return problem
            (cover,) = found
        now = self._door.clock()
        said = Away(user_id=person.id, since=now, until=asked.until, cover=cover, set_by=_ref(person))
        await self._store.set(said)
        log.info("away", action="away.set", user=person.id, until=asked.until.isoformat(), cover=cover)
        if cover is None:
            return replies.away(said)
        await self._tell(said, cover)
        await self._ask()
        return replies.away(said, await self._now(cover))

    async def _unfit(self, typed: str, found: tuple[str, ...], person: Person) -> str:
        """Why that person cannot cover; nothing where they can."""
        if len(found) != 1:
            return replies.cover_unclear(typed, len(found))
        if found[0] == person.id:
            return replies.COVER_SELF
        standing = await self._door.directory.standing(found[0], None)
        return "" if standing is Standing.MEMBER else replies.cover_unfit(found[0], standing)

    async def _ask(self) -> None:
        """What waits already is brought to whoever covers now: it is looked anew where each card must stand."""
        now = self._door.clock()
        page = await self._door.approvals.page(Query(limit=WAITING))
        for approval in page.approvals:
            await self._door.core.records.store.schedule(approval.id, DueKind.NOTIFY, now)

    async def _tell(self, said: Away, cover: str) -> None:
        """Nobody covers without knowing. It is a courtesy: where Slack refuses it, the absence stands all the same."""
        metadata = {"event_type": "signoff_cover", "event_payload": {"for": said.user_id}}
        try:
            channel = await self._door.directory.direct(cover)
            message = Message(replies.covers(said), [section(replies.covers(said))])
            await self._door.slack.post(channel, message.text, message.blocks, metadata=metadata)
        except SignoffError as refused:
            log.warning("cover not told", action="away.untold", cover=cover, why=str(refused))


def _ref(person: Person) -> ActorRef:
    return ActorRef(person.id, Source.SLACK, person.team_id)
