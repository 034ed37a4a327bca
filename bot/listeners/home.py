"""The app's Home tab."""

from __future__ import annotations

from approvals.model import Approval, Standing
from approvals.ports import Page, Query
from bot import bulk, home, payloads, replies
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body, Person

PAST = 100
"""Decided approvals among which those of a person are looked for."""


def register(app: App, door: Door) -> None:
    """Registers the listener."""

    async def opened(body: Body, answer: Answer) -> None:
        """Draws what is pending, for full members."""
        await answer.ack()
        user = payloads.home_opened(body)
        if user is not None:
            await door.core.records.homes.opened(user)
            await draw(door, user)

    app.event("app_home_opened")(door.listener(opened))


async def draw(door: Door, user: str) -> None:
    """What waits, and whether they are away or cover for somebody; for full members."""
    if await door.directory.standing(user, None) is not Standing.MEMBER:
        await door.slack.publish(user, home.closed(replies.MEMBERS_ONLY))
        return
    await door.core.records.homes.drawn(user)  # before it is read: what changes from here on is drawn the next time
    person = Person(user, None)
    page, ids, more = await _waiting(door, person)
    away = (await door.absences.of(user)).get(user)
    covering = await door.absences.covered_by(user)
    seen, page = page, door.shown.page(page)
    links = await door.links.cards(user, seen.approvals)
    able = bulk.several(pair for pair in zip(seen.approvals, page.approvals, strict=True) if pair[0].id in ids)
    view = home.home(
        page,
        door.clock(),
        viewer=user,
        more=more,
        away=away,
        covering=covering,
        decidable=ids,
        links=links,
        several=able,
        past=[door.shown.approval(one) for one in await _past(door, user)],
        health=await door.vitals.health() if (await door.sight.viewer(person, ())).admin else None,
    )
    await door.slack.publish(user, view)


async def _waiting(door: Door, person: Person) -> tuple[Page, frozenset[str], bool]:
    """What waits for them, then what else they may see; the ids of the first; and whether there may be more."""
    queue = await door.waiting.queue(person, Query(limit=home.MAX_ROWS), lambda _: True)
    seen = await door.sight.window(person, Query(limit=home.MAX_ROWS))
    ids = frozenset(approval.id for approval in queue.approvals)
    rest = tuple(approval for approval in seen.page.approvals if approval.id not in ids)
    found = (*queue.approvals, *rest)
    total = max(seen.page.total, len(found)) if seen.everything else len(found)
    return (
        Page(found[: home.MAX_ROWS], total, 0),
        ids,
        not seen.everything and (seen.after is not None or queue.end is not None),
    )


async def _past(door: Door, user: str) -> list[Approval]:
    """The last ones that they decided, or asked for."""
    query = Query(status=None, decided=True, newest_first=True, limit=PAST)
    found = (await door.approvals.page(query)).approvals
    return [one for one in found if one.requester == user or _took_part(one, user)][: home.MAX_PAST]


def _took_part(approval: Approval, user: str) -> bool:
    return any(user in (said.actor.id, said.actor.behalf) for said in approval.decisions)
