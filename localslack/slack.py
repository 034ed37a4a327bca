"""`LocalSlack`: the one object a test or the demo holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from .core import Core
from .deliver import Deliverer
from .elements import Values
from .entities import Message
from .faults import Faults
from .guard import guard
from .journal import Delivery, Entry, Misstep
from .page import Page
from .people import UNSET, People
from .seed import Seed
from .server import Server
from .state import StateFile
from .views import View
from .wire import Json
from .world import World

T = TypeVar("T")


class LocalSlack:
    """A workspace with one app in it, served on a port of this machine.

    `clock` gives epoch seconds (default: real time) for timestamps, trigger ids, response URLs and rate limits;
    acknowledgements are always
    timed in real seconds. `request_url`: deliver by signed HTTP to this URL instead of over Socket Mode. `state_file`:
    keep messages and
    Homes in this file from one run to the next. `rng` makes ids and the choice of a connection repeatable.
    `ack_seconds` is Slack's 3; a test of lateness may shorten it. `socket_seconds`: ask each connection to reconnect
    after so many real seconds, as Slack does every few hours.
    """

    def __init__(
        self,
        seed: Seed | None = None,
        *,
        clock: Callable[[], float] | None = None,
        request_url: str | None = None,
        state_file: Path | None = None,
        rate_limits: bool = False,
        rng: random.Random | None = None,
        ack_seconds: float = 3.0,
        socket_seconds: float | None = None,
    ) -> None:
        self._core = Core(
            seed or Seed.default(),
            clock,
            rng or random.SystemRandom(),
            rate_limits=rate_limits,
            ack_seconds=ack_seconds,
        )
        self._deliverer = Deliverer(self._core, request_url, socket_seconds)
        self._people = People(self._core, self._deliverer)
        self._server = Server(self._core, self._deliverer.sockets)
        self._page = Page(self._core, self._people)
        self._state = StateFile(self._core, state_file) if state_file else None
        self._runner: web.AppRunner | None = None

    # -- running ----------------------------------------------------------------------------------------------

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes any free one. Loads the state file if there is one."""
        app = web.Application(client_max_size=4 * 1024 * 1024, middlewares=[guard(host)])
        app.add_routes([*self._server.routes(), *self._page.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address: Any = self._runner.addresses[0]
        self._core.base_url = f"http://{host}:{address[1]}/"
        if self._state is not None:
            self._state.start()
        self._page.start()

    async def stop(self) -> None:
        """Close every connection and write the state file. Calling it twice is harmless."""
        await self._page.stop()
        await self._deliverer.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._state is not None:
            await self._state.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- where and with what an app connects ------------------------------------------------------------------

    @property
    def page_url(self) -> str:
        """The page in the browser, with a slash at the end."""
        return self._core.base_url

    @property
    def api_url(self) -> str:
        """The base URL for the SDK's client."""
        return f"{self._core.base_url}api/"

    @property
    def bot_token(self) -> str:
        return self._core.world.app.bot_token

    @property
    def app_token(self) -> str:
        return self._core.world.app.app_token

    @property
    def signing_secret(self) -> str:
        return self._core.world.app.signing_secret

    @property
    def request_url(self) -> str | None:
        """Where deliveries go by signed HTTP; None means Socket Mode."""
        return self._deliverer.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._deliverer.request_url = url

    # -- acting as a person -----------------------------------------------------------------------------------

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = UNSET,
        confirm: bool = True,
        seen: Message | None = None,
    ) -> Delivery:
        """Press a button, or choose `value` in a select, in a message.

        An option is named by its value, a user or channel by id. `confirm=False` presses Cancel in the confirm dialog,
        if there is one.
        `seen`: press in this older copy of the message, as a client does that has not redrawn yet.
        """
        return await self._people.click(
            user, channel, ts, action_id, block_id=block_id, value=value, confirm=confirm, seen=seen
        )

    async def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = UNSET,
        confirm: bool = True,
    ) -> Delivery:
        """The same in the top modal or in the Home of this person."""
        return await self._people.click_view(user, view_id, action_id, block_id=block_id, value=value, confirm=confirm)

    def fill(self, user: str, view_id: str, values: Values) -> None:
        """Type into a modal without submitting: `block_id` or `(block_id, action_id)` -> value."""
        self._people.forms.fill(user, view_id, values)

    async def submit(self, user: str, view_id: str, values: Values | None = None) -> Delivery:
        """Fill the inputs and press Submit.

        `errors` of the delivery holds what the form shows, from the client's checks or the app.
        """
        return await self._people.forms.submit(user, view_id, values or {})

    async def close_view(self, user: str, view_id: str, *, whole_stack: bool = False) -> Delivery | None:
        """Cancel the modal. Returns the view_closed delivery if the view has `notify_on_close`."""
        return await self._people.forms.close_view(user, view_id, whole_stack=whole_stack)

    async def suggest(
        self, user: str, view_id: str, action_id: str, query: str, *, block_id: str | None = None
    ) -> list[Json]:
        """Type into an external select of a view; returns the options the app offers."""
        return await self._people.forms.suggest(user, view_id, action_id, query, block_id=block_id)

    async def slash(self, user: str, channel: str, line: str) -> Delivery:
        """Run a slash command: the whole line, such as `/todo list`."""
        return await self._people.slash(user, channel, line)

    async def shortcut(
        self, user: str, callback_id: str, *, channel: str | None = None, ts: str | None = None
    ) -> Delivery:
        """Use a global shortcut of the app, or with `channel` and `ts` one of a message."""
        return await self._people.shortcut(user, callback_id, channel, ts)

    async def open_home(self, user: str) -> Delivery | None:
        """Open the Home tab. None if the app did not subscribe to app_home_opened."""
        return await self._people.open_home(user)

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Delivery | None:
        """Post a message as a person. Returns the event's delivery, if the app subscribed to it."""
        return await self._people.say(user, channel, text, thread_ts)

    async def join(self, user: str, channel: str) -> Delivery | None:
        """Add a person to a channel; the app in it gets member_joined_channel, if subscribed."""
        return await self._people.join(user, channel)

    def set_status(self, user: str, text: str = "", emoji: str = "", until: int = 0) -> None:
        """A person sets their status, or clears it. `until`: epoch seconds at which it is gone; 0: it stays."""
        self._people.set_status(user, text, emoji, until)

    async def event(
        self, event: Json, *, user: str | None = None, channel: str | None = None, subscription: str | None = None
    ) -> Delivery | None:
        """Deliver any event, such as `{"type": "reaction_added", ...}`, wrapped in its envelope.

        `subscription` is the name in the manifest where it differs from the type (`message.channels`). None if the app
        did not subscribe. `channel` sets `is_ext_shared_channel`.
        """
        place = self._core.world.channels[channel] if channel else None
        return await self._people.event(subscription or str(event["type"]), event, user, place)

    async def uninstall(self) -> None:
        """Remove the app: its tokens are revoked and it is told so with tokens_revoked and app_uninstalled."""
        await self._people.uninstall()

    def expire_token(self, *, expired: bool = True) -> None:
        """Let the bot token run out (`token_expired`), as a rotated one does after 12 h; `expired=False` makes it good
        again.
        """
        if expired:
            self._core.dead_tokens[self.bot_token] = "token_expired"
        else:
            self._core.dead_tokens.pop(self.bot_token, None)

    async def verify_url(self) -> bool:
        """The url_verification handshake with `request_url`: whether the app sent the challenge back."""
        return await self._deliverer.verify_url()

    async def ssl_check(self) -> bool:
        """The certificate check Slack sends to `request_url`: whether the app answered 200."""
        return await self._deliverer.ssl_check()

    @property
    def retries_waiting(self) -> int:
        """Events that were not acknowledged and will be sent again when the clock says so."""
        return self._deliverer.retries.waiting

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask every Socket Mode connection to reconnect, as Slack does now and then."""
        await self._deliverer.sockets.refresh(reason)

    # -- looking ----------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """People and places; plain mutable objects."""
        return self._core.world

    @property
    def faults(self) -> Faults:
        return self._core.faults

    @property
    def journal(self) -> list[Entry]:
        """Every call and every delivery so far, oldest first."""
        return self._core.journal.entries

    def calls(self, method: str | None = None) -> list[Entry]:
        """The app's Web API calls, of one method or all."""
        return self._core.journal.calls(method)

    def deliveries(self, kind: str | None = None) -> list[Delivery]:
        """What was sent to the app: `block_actions`, `view_submission`, `view_closed`, `slash_commands`, `events_api`,
        `block_suggestion`.
        """
        return self._core.journal.deliveries(kind)

    @property
    def problems(self) -> list[Misstep]:
        """What the app did that real Slack refuses and a test should notice."""
        return self._core.problems

    @property
    def connections(self) -> int:
        """Open Socket Mode connections that were not asked to leave."""
        return self._core.wire.connections()

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Message]:
        """Copies of what everybody sees, oldest first; with `thread_ts` the replies of that thread only, else
        everything but replies.
        """
        if thread_ts is not None:
            return [message.copy() for message in self._core.world.replies(channel, thread_ts)]
        return [
            message.copy()
            for message in self._core.world.history(channel)
            if message.thread_ts in (None, message.ts) or message.broadcast
        ]

    def message(self, channel: str, ts: str) -> Message | None:
        """A copy of one message, replies and ephemerals included."""
        message = self._core.world.find(channel, ts)
        return message.copy() if message else None

    def ephemerals(self, user: str, channel: str | None = None) -> list[Message]:
        """Copies of what only this person sees, oldest first."""
        return [
            message.copy()
            for place, messages in self._core.world.messages.items()
            for message in messages
            if message.ephemeral_to == user and not message.deleted and channel in (None, place)
        ]

    def modal(self, user: str) -> View | None:
        """A copy of the modal this person sees."""
        view = self._core.views.top(user)
        return view.copy() if view else None

    def modals(self, user: str) -> list[View]:
        """Copies of the stack, the visible one last."""
        return [view.copy() for view in self._core.views.stack(user)]

    def home(self, user: str) -> View | None:
        view = self._core.views.homes.get(user)
        return view.copy() if view else None

    def dm(self, user: str) -> str:
        """The channel id of the bot's direct message with this person."""
        return self._core.world.dm(user).id

    async def wait_for(self, predicate: Callable[[], T | None], timeout: float = 15.0) -> T:
        """The first truthy value of `predicate`, tried after every change.

        `TimeoutError` after `timeout` real seconds.
        """
        return await self._core.changes.wait_for(predicate, timeout)
