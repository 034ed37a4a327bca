"""What went over the wire, in order: every API call the app made and everything delivered to it, and what an app should
not have done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .wire import Json, as_object


@dataclass
class Delivery:
    """One payload sent to the app and what came of it.

    `ok` says that the app acknowledged within 3 s and that the answer could be used. `error` is a code when it is not:
    `no_connection`, `timeout`, `connection_lost`, `http_<status>`, `bad_ack`, `unknown_command`, `client_validation`,
    `not_confirmed`.
    `ms` is real time until the acknowledgement, in milliseconds.
    """

    type: str
    payload: Json
    transport: Literal["socket", "http", "none"] = "none"
    user: str | None = None
    ok: bool = False
    error: str | None = None
    ack: Json | None = None
    ms: float = 0.0
    attempt: int = 0
    no_retry: bool = False
    """The app answered with `X-Slack-No-Retry: 1`."""
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """Messages shown beside the inputs of a form, by block_id: from the client's own checks, or from the app."""

    @property
    def response_action(self) -> str | None:
        return None if self.ack is None else self.ack.get("response_action")

    @property
    def response_url(self) -> str | None:
        """Where the app may answer for 30 minutes; also in `response_urls` of a submitted form."""
        value = self.payload.get("response_url")
        if value is None and (urls := self.payload.get("response_urls")):
            value = (as_object(urls[0]) or {}).get("response_url")
        return value

    @property
    def trigger_id(self) -> str | None:
        return self.payload.get("trigger_id")


def never_sent(kind: str, user: str, error: str | None) -> Delivery:
    """What Slack's client settled by itself: nothing reached the app. No error means that this is as it should be."""
    return Delivery(kind, {}, user=user, ok=error is None, error=error)


@dataclass
class Entry:
    """A line of the journal.

    `kind` "call": the app called `name` with `args` and got `answer`; "delivery": see `delivery`.
    """

    number: int
    at: float
    kind: Literal["call", "delivery", "response_url"]
    name: str
    args: Json = field(default_factory=dict[str, object])
    answer: Json | None = None
    status: int | None = None
    ms: float = 0.0
    delivery: Delivery | None = None

    @property
    def ok(self) -> bool:
        if self.delivery is not None:
            return self.delivery.ok
        return self.answer is not None and bool(self.answer.get("ok"))


@dataclass(frozen=True)
class Misstep:
    """Something the app did that real Slack would refuse and a test should notice."""

    code: str
    detail: str
    at: float

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Journal:
    """The entries of this run; the oldest are dropped beyond `keep`."""

    def __init__(self, keep: int = 20_000) -> None:
        self.entries: list[Entry] = []
        self._keep = keep
        self._number = 0

    def add(self, entry: Entry) -> Entry:
        self._number += 1
        entry.number = self._number
        self.entries.append(entry)
        if len(self.entries) > self._keep:
            del self.entries[: self._keep // 10]
        return entry

    def calls(self, method: str | None = None) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == "call" and method in (None, entry.name)]

    def deliveries(self, kind: str | None = None) -> list[Delivery]:
        return [
            item.delivery for item in self.entries if item.delivery is not None and kind in (None, item.delivery.type)
        ]
