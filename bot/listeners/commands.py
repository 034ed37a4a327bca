"""The slash command `/approvals`: what waits and what was decided, show, away, run, simulate, admin, help."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.dialects import Dialects
from approvals.model import JsonValue, Standing
from approvals.refusals import Refusal
from bot import blocks, find, modals, payloads, replies, replies_ahead, replies_find, strict_json
from bot.blocks import Message
from bot.find import Find, Wrong
from bot.listeners.admin import Admin
from bot.listeners.away import Leaves
from bot.listeners.door import Answer, App, Door
from bot.listeners.finding import Finder
from bot.payloads import ID, Body, Person
from bot.simulate import Asked, Simulator

COMMAND = "/approvals"
REQUESTER = "requester:"


@dataclass(frozen=True, slots=True)
class Show:
    """`/approvals show ID`."""

    approval_id: str


@dataclass(frozen=True, slots=True)
class Start:
    """`/approvals run GRAPH {json}`."""

    graph: str
    input: JsonValue


@dataclass(frozen=True, slots=True)
class Simulate:
    """`/approvals simulate [requester:@ana] GRAPH {json}`: what the graph would ask, and on whose behalf; on that of
    whoever looks ahead where nobody is named."""

    graph: str
    question: JsonValue
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """`/approvals away …`, or `/approvals back`: what stands after the verb."""

    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """Help, or what is wrong with the command and how it goes."""

    text: str


@dataclass(frozen=True, slots=True)
class Administer:
    """`/approvals admin`."""


def parse(text: str) -> Find | Show | Start | Simulate | Absence | Administer | Say:
    """What somebody typed after `/approvals`. Never raises."""
    verb, rest = _first_word(text)
    match verb.lower():
        case "":
            return Find()
        case "show":
            return Show(rest.strip().upper()) if ID.fullmatch(rest.strip().upper()) else Say(replies.usage_show(rest))
        case "run":
            return _start(rest)
        case "simulate":
            return _simulate(rest)
        case "away":
            return Absence(rest)
        case "back" if not rest:
            return Absence("back")
        case "admin":
            return Administer()
        case "help":
            return Say(replies_find.HELP)
        case _ if find.begins(verb):
            asked = find.parse(text)
            return Say(replies_find.wrong(asked)) if isinstance(asked, Wrong) else asked
        case _ if ID.fullmatch(verb.upper()):
            return Show(verb.upper())
        case _:
            return Say(replies_find.unknown_command(verb))


def _first_word(text: str) -> tuple[str, str]:
    """Parted at any space, a new line among them: people paste."""
    verb, *rest = text.split(maxsplit=1) or [""]
    return verb, rest[0].strip() if rest else ""


def _start(rest: str) -> Start | Say:
    graph, text = _first_word(rest)
    if not graph:
        return Say(replies.USAGE_RUN)
    try:
        return Start(graph, strict_json.parse(text or "{}"))
    except ValueError as wrong:
        return Say(replies.bad_json(str(wrong)))


def _simulate(rest: str) -> Simulate | Say:
    before, rest = _requester(rest)
    graph, rest = _first_word(rest)
    after, text = _requester(rest)
    requester = before if after is None else after
    if not graph or not text or requester == "":
        return Say(replies_ahead.USAGE_SIMULATE)
    try:
        return Simulate(graph, strict_json.parse(text), requester)
    except ValueError as wrong:
        return Say(replies_ahead.bad_question(str(wrong)))


def _requester(text: str) -> tuple[str | None, str]:
    """Whom the first word names as the requester, and the rest; `None` where it does not, and all of it."""
    word, rest = _first_word(text)
    return (word[len(REQUESTER) :], rest) if word.lower().startswith(REQUESTER) else (None, text)


def register(app: App, door: Door) -> None:
    """Registers the command and the buttons of its answers."""
    commands = Commands(door)
    app.command(COMMAND)(door.listener(commands.command))
    app.action(re.compile(r"^list:(prev|next)$"))(door.listener(commands.turn))
    app.action("list:open")(door.listener(commands.open_list))
    app.action("show")(door.listener(commands.show_row))


class Commands:
    """Answers are private: only whoever asked sees them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._finder = Finder(door)
        self._leaves = Leaves(door)
        self._admin = Admin(door)

    async def command(self, body: Body, answer: Answer) -> None:
        """Acknowledges at once, then answers."""
        await answer.ack()
        person = payloads.person(body)
        asked = parse(str(body.get("text") or ""))
        if isinstance(asked, Administer):  # at once: what opens a form is good for three seconds
            await self._admin.open(body)
            return
        if await self._stranger(person):
            await answer.say(replies.MEMBERS_ONLY)
            return
        match asked:
            case Find():
                await answer.say(await self._finder.said(asked, person))
            case Show():
                await answer.say(await self._details(person, asked.approval_id))
            case Start():
                await answer.say(await self._run(asked, person))
            case Simulate():
                await answer.say(await self._simulated(asked, person))
            case Absence():
                await answer.say(await self._leaves.said(asked.text, person))
            case Say():
                await answer.say(asked.text)

    async def _stranger(self, person: Person) -> bool:
        return await self._door.directory.standing(person.id, person.team_id) is not Standing.MEMBER

    async def _details(self, person: Person, approval_id: str) -> Message | str:
        approval = await self._door.seen(person, approval_id)
        if approval is None:
            return replies.no_such(approval_id)
        return blocks.details(approval, self._door.clock(), await self._door.links.card(person.id, approval))

    async def turn(self, body: Body, answer: Answer) -> None:
        """Another page, in place."""
        await answer.ack()
        person = payloads.person(body)
        if not await self._stranger(person):
            await answer.say(await self._finder.turned(body, person), replace=True)

    async def open_list(self, body: Body, answer: Answer) -> None:
        """A list in private, below the message that the button stands in."""
        await answer.ack()
        person = payloads.person(body)
        if await self._stranger(person):
            await answer.say(replies.MEMBERS_ONLY)
        else:
            await answer.say(await self._finder.turned(body, person))

    async def show_row(self, body: Body, answer: Answer) -> None:
        """One approval of the list, whole: in private below the list, or in a modal over the Home tab."""
        await answer.ack()
        person = payloads.person(body)
        if await self._stranger(person):
            return
        approval_id = payloads.button_value(body)
        if payloads.view_id(body) is None:
            await answer.say(await self._details(person, approval_id))
        elif (approval := await self._door.seen(person, approval_id)) is not None:
            await self._door.slack.open_view(payloads.trigger_id(body), modals.review(approval, 0))

    async def _run(self, asked: Start, person: Person) -> str:
        if not await self._may_run(person):
            return replies.MAY_NOT_RUN
        if asked.graph not in self._door.core.registry.names():
            return replies.no_such_graph(asked.graph, self._door.core.registry.names())
        thread = await self._door.core.threads.register(asked.graph, asked.input, requester=person.id)
        return replies.not_started(thread.detail) if isinstance(thread, Refusal) else replies.started(asked.graph)

    async def _simulated(self, asked: Simulate, person: Person) -> Message | str:
        core = self._door.core
        admin = (await self._door.sight.viewer(person, ())).admin
        if not admin and not await self._may_run(person):
            return replies_ahead.MAY_NOT_SIMULATE
        if asked.graph not in core.registry.names():
            return replies.no_such_graph(asked.graph, core.registry.names())
        requester = (person.id,) if asked.requester is None else await self._door.directory.called(asked.requester)
        if len(requester) != 1:
            return replies_ahead.unclear(asked.requester or "", len(requester))
        dialects, zone = Dialects(replies=core.registry.replies), core.settings.signoff_time_zone
        simulator = Simulator(dialects, team_zone=zone, directory=self._door.directory)
        question = Asked(graph=asked.graph, payload=asked.question, at=self._door.clock(), requester=requester[0])
        rules, _ = await core.records.book.current()
        return replies_ahead.simulated(await simulator.run(question, rules))

    async def _may_run(self, person: Person) -> bool:
        return bool(await self._door.directory.belongs(person.id, self._door.core.settings.signoff_runners))
