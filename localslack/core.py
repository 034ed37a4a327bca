"""The engine both front doors share: the workspace, its views and permissions, and the record of what happened."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Protocol

from .changes import Changes
from .entities import Message
from .faults import Faults
from .journal import Entry, Journal, Misstep
from .limits import Limits
from .naming import NameIds
from .seed import Seed
from .triggers import ResponseUrls, Triggers
from .views import Views
from .wire import Json, as_list, as_object
from .world import World


class Wire(Protocol):
    """What the workspace needs to know of its way to the app."""

    def new_ticket(self) -> str: ...

    async def kill_sockets(self) -> int: ...

    def connections(self) -> int: ...

    def over_http(self) -> bool: ...


class Core:
    """State and the rules that hold for it. Methods of the Web API, people and transports all work on one of these.

    `clock` gives epoch seconds and rules trigger ids, response URLs, rate limits and timestamps; acknowledgements are
    timed in real seconds.
    """

    def __init__(
        self,
        seed: Seed,
        clock: Callable[[], float] | None,
        rng: random.Random,
        *,
        rate_limits: bool,
        ack_seconds: float = 3.0,
    ) -> None:
        self.seed = seed
        self.clock = clock or time.time
        self.rng = rng
        self.ack_seconds = ack_seconds
        self.world = World(seed, self.clock)
        self.name_ids = NameIds(rng)
        self.views = Views(self.world, self.name_ids)
        self.triggers = Triggers(self.clock, rng)
        self.response_urls = ResponseUrls(self.clock, rng)
        self.changes = Changes()
        self.journal = Journal()
        self.problems: list[Misstep] = []
        self.limits = Limits(self.clock, on=rate_limits)
        self.dead_tokens: dict[str, str] = {}
        """Tokens that no longer work, and the error they get."""
        self.states: dict[tuple[str, str, str], dict[str, dict[str, Json]]] = {}
        self.base_url = ""
        self._wire: Wire | None = None
        self.faults = Faults(lambda: self.wire.kill_sockets(), self.changes.touch)

    @property
    def wire(self) -> Wire:
        """The way to the app. Attached once, before anything is served."""
        if self._wire is None:
            raise RuntimeError("nothing delivers for this workspace yet")
        return self._wire

    def attach(self, wire: Wire) -> None:
        self._wire = wire

    def misstep(self, code: str, detail: str) -> None:
        """Note something real Slack would refuse and a test should notice."""
        self.problems.append(Misstep(code, detail, self.clock()))
        self.changes.touch()

    def record(self, entry: Entry) -> Entry:
        self.journal.add(entry)
        self.changes.touch()
        return entry

    # -- messages ---------------------------------------------------------------------------------------------

    def post_as_bot(self, channel: str, text: str, args: Json, *, ephemeral_to: str | None = None) -> Message:
        """Put a message of the app into a channel; the blocks are already checked."""
        message = Message(
            channel,
            self.world.next_ts(),
            self.world.app.bot_user,
            text,
            blocks=self.name_ids.named(as_list(args.get("blocks")) or []),
            attachments=as_list(args.get("attachments")) or [],
            metadata=as_object(args.get("metadata")),
            thread_ts=args.get("thread_ts"),
            bot_id=self.world.app.bot_id,
            ephemeral_to=ephemeral_to,
            broadcast=bool(args.get("reply_broadcast")),
        )
        self.world.add(message)
        self.changes.touch()
        return message

    def post_as_person(self, channel: str, user: str, text: str, thread_ts: str | None) -> Message:
        message = self.world.add(Message(channel, self.world.next_ts(), user, text, thread_ts=thread_ts))
        self.changes.touch()
        return message

    def remove(self, message: Message) -> None:
        message.deleted = True
        message.revision += 1
        self.changes.touch()

    def response_url(self, key: str, kind: str = "actions") -> str:
        return f"{self.base_url}{kind}/{self.world.team.id}/{key}"
