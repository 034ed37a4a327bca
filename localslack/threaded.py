"""The same `LocalSlack` for code that is not a coroutine: it runs in a thread, and every call waits for its end."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from .clock import VirtualClock
from .faults import Faults
from .journal import Entry, Misstep
from .slack import LocalSlack
from .world import World

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 60.0


def _waits(
    method: Callable[Concatenate[LocalSlack, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[ThreadedSlack, P], T]:
    @functools.wraps(method)
    def call(self: ThreadedSlack, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run(method(self.inner, *args, **kwargs))

    return call


def _reads(method: Callable[Concatenate[LocalSlack, P], T]) -> Callable[Concatenate[ThreadedSlack, P], T]:
    @functools.wraps(method)
    def call(self: ThreadedSlack, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.in_its_thread:
            return method(self.inner, *args, **kwargs)

        async def there() -> T:
            return method(self.inner, *args, **kwargs)

        return self.run(there())

    return call


class ThreadedSlack:
    """A running workspace with blocking methods, for tests that are plain functions.

    Use it as a context manager. The methods are those of `LocalSlack` and are described there; the predicate of
    `wait_for` runs in the thread of the local Slack and may call what only looks (`messages`, `modal`, ...).
    """

    def __init__(self, slack: LocalSlack, clock: VirtualClock | None = None) -> None:
        self.inner = slack
        self.clock = clock or VirtualClock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="localslack", daemon=True)

    @classmethod
    def create(cls, *, clock: VirtualClock | None = None, **options: Any) -> ThreadedSlack:
        """A workspace on a virtual clock; the options are those of `LocalSlack`."""
        time = clock or VirtualClock()
        return cls(LocalSlack(options.pop("seed", None), clock=time, **options), time)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.inner.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self.inner.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    @property
    def in_its_thread(self) -> bool:
        return threading.get_ident() == self._thread.ident

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine that runs beside the local Slack; `TimeoutError` after a minute."""
        if self.in_its_thread:
            work.close()
            raise RuntimeError("this would wait for itself: only look at things in a predicate, do nothing")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    # -- acting as a person -----------------------------------------------------------------------------------

    click = _waits(LocalSlack.click)
    click_view = _waits(LocalSlack.click_view)
    submit = _waits(LocalSlack.submit)
    close_view = _waits(LocalSlack.close_view)
    suggest = _waits(LocalSlack.suggest)
    slash = _waits(LocalSlack.slash)
    shortcut = _waits(LocalSlack.shortcut)
    open_home = _waits(LocalSlack.open_home)
    say = _waits(LocalSlack.say)
    join = _waits(LocalSlack.join)
    event = _waits(LocalSlack.event)
    set_status = _reads(LocalSlack.set_status)
    uninstall = _waits(LocalSlack.uninstall)
    verify_url = _waits(LocalSlack.verify_url)
    ssl_check = _waits(LocalSlack.ssl_check)
    refresh_sockets = _waits(LocalSlack.refresh_sockets)
    fill = _reads(LocalSlack.fill)
    expire_token = _reads(LocalSlack.expire_token)

    def kill_sockets(self) -> int:
        """Break every Socket Mode connection without a goodbye. Returns how many there were."""
        return self.run(_killed(self.inner))

    # -- looking ----------------------------------------------------------------------------------------------

    messages = _reads(LocalSlack.messages)
    message = _reads(LocalSlack.message)
    ephemerals = _reads(LocalSlack.ephemerals)
    modal = _reads(LocalSlack.modal)
    modals = _reads(LocalSlack.modals)
    home = _reads(LocalSlack.home)
    dm = _reads(LocalSlack.dm)
    calls = _reads(LocalSlack.calls)
    deliveries = _reads(LocalSlack.deliveries)

    def wait_for(self, predicate: Callable[[], T | None], timeout: float = 15.0) -> T:
        """The first truthy value of `predicate`, tried after every change.

        `TimeoutError` after `timeout` real seconds.
        """
        return self.run(self.inner.wait_for(predicate, timeout))

    @property
    def page_url(self) -> str:
        return self.inner.page_url

    @property
    def api_url(self) -> str:
        return self.inner.api_url

    @property
    def bot_token(self) -> str:
        return self.inner.bot_token

    @property
    def app_token(self) -> str:
        return self.inner.app_token

    @property
    def signing_secret(self) -> str:
        return self.inner.signing_secret

    @property
    def request_url(self) -> str | None:
        return self.inner.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self.inner.request_url = url

    @property
    def world(self) -> World:
        """People and places; plain mutable objects."""
        return self.inner.world

    @property
    def faults(self) -> Faults:
        return self.inner.faults

    @property
    def journal(self) -> list[Entry]:
        return self.inner.journal

    @property
    def problems(self) -> list[Misstep]:
        return self.inner.problems

    @property
    def connections(self) -> int:
        return self.inner.connections

    @property
    def retries_waiting(self) -> int:
        return self.inner.retries_waiting


async def _killed(slack: LocalSlack) -> int:
    return await slack.faults.kill_sockets()
