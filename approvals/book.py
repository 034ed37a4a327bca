"""The policies as one versioned thing, which a file, a command and a form in Slack all edit. Nothing in it is lost.

Whoever publishes names the version that they started from: of two at once the second is told of the first. Each
version, its place in the history and its audit event are written in one step.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from approvals import policies
from approvals.errors import ConfigError
from approvals.events import Event, EventType
from approvals.model import ActorRef, Source
from approvals.policies import Finding
from approvals.policy import PolicySet
from approvals.ports import Clock
from approvals.refusals import Reason, Refusal

FILE = ActorRef("file", Source.SYSTEM)
"""The author of what was read from the file that `SIGNOFF_POLICIES` names."""

LONGEST = 200_000
"""Characters of a text at the most: it is read and compared whole."""

TOLD = 4000
"""Characters of the difference that an audit event holds at the most."""

PAGE = 50
"""Versions that are read at once, where an earlier text is looked for."""

NOBODY = (
    "nobody to ask: set SIGNOFF_CHANNEL to a channel, or SIGNOFF_POLICIES to a policy file, "
    "or publish one with `signoff policy apply FILE`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One text that counted, from `at` until the next. Numbers start at 1; `hash` is the text's SHA-256."""

    number: int
    text: str
    author: ActorRef
    at: datetime
    note: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Which version counts, and the hash of the file that was last applied. Number 0: nothing was published yet."""

    number: int = 0
    hash: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """`version` counts now. Not `new`: the very same text did already, and nothing was written."""

    version: PolicyVersion
    policies: PolicySet
    new: bool = True


@dataclass(frozen=True, slots=True)
class Replaced:
    """A start left its file alone: the text counted as version `earlier`, and `now` has taken its place."""

    earlier: int
    now: int


@dataclass(frozen=True, slots=True)
class NotPublished(Refusal):
    """Nothing was stored: the text has `findings`, or `newer` counts and not the version that was started from."""

    findings: tuple[Finding, ...] = ()
    newer: PolicyVersion | None = None


class BookStore(Protocol):
    """Keeps versions. Knows no rules: it compares numbers."""

    async def head(self) -> Head: ...
    async def versions(self, numbers: Sequence[int]) -> Sequence[PolicyVersion]:
        """Those that exist, in the order of `numbers`."""
        ...

    async def publish(self, version: PolicyVersion, event: Event, *, file: str | None = None) -> bool:
        """Writes version and event if the number before it stands; `file` is noted as the last one applied."""
        ...

    async def applied(self, number: int, file: str) -> bool:
        """Notes the file's hash alone, if that number stands: its text counts already."""
        ...


class PolicyBook:
    """Reads and publishes policies. Every method may be called on any replica at any time.

    `channel` is SIGNOFF_CHANNEL: it stands in for a channel that a policy leaves out, and makes version 0.
    """

    def __init__(self, store: BookStore, *, clock: Clock, channel: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._channel = channel
        self._known: tuple[Head, PolicySet] | None = None

    # -- reading

    async def current(self) -> tuple[PolicySet, int]:
        """The policies that count now, and their number: one small read where nothing has changed.

        Raises `ConfigError` where there are none, and where this process cannot read them (it is older than they are).
        """
        head = await self._store.head()
        if self._known is None or (self._known[0].number, self._known[0].hash) != (head.number, head.hash):
            self._known = head, await self._read(head.number)
        return self._known[1], head.number

    async def policies(self) -> PolicySet:
        """The policies that count now."""
        return (await self.current())[0]

    async def _read(self, number: int) -> PolicySet:
        if not number:
            return policies.without_file(self._first())
        found = self.check(await self._text(number), number)
        if isinstance(found, PolicySet):
            return found
        raise ConfigError(
            f"version {number} of the policies cannot be read here:\n{policies.listed(found, 'policies')}"
        )

    def check(self, text: str, number: int | None = None) -> PolicySet | tuple[Finding, ...]:
        """What a text says, or everything that is wrong with it. Stores nothing."""
        if len(text) > LONGEST:
            return (Finding(1, "", f"has more than {LONGEST:,} characters; keep what counts"),)
        name = "policies" if number is None else f"policies v{number}"
        return policies.parse(text, file=name, fallback_channel=self._channel)

    def _first(self) -> str:
        if self._channel is None:
            raise ConfigError(NOBODY)
        return self._channel

    async def number(self) -> int:
        """Which version counts; 0 where nothing was published yet."""
        return (await self._store.head()).number

    async def text(self) -> tuple[str, int]:
        """The text that counts, and its number: where every edit starts. Version 0 is written out."""
        number = await self.number()
        return await self._text(number), number

    async def _text(self, number: int) -> str:
        text = await self.text_of(number)
        if isinstance(text, Refusal):
            raise ConfigError(NOBODY if not number else f"version {number} of the policies is gone from the store")
        return text

    async def text_of(self, number: int) -> str | Refusal:
        """The text of one version; of 0 where the settings make one."""
        if not number and self._channel is not None:
            return policies.written_out(self._channel)
        version = await self.version(number)
        return _no_version(number) if version is None else version.text

    async def knows(self, text: str) -> bool:
        """Whether this is the text of the file that was last applied."""
        return (await self._store.head()).file == policies.digest(text)

    async def replaced(self, text: str) -> Replaced | None:
        """Whether this text counted once, and another counts now: a file that says so is behind. The whole history is
        looked through, however long ago it was."""
        return await self._replaced(await self._store.head(), policies.digest(text))

    async def _replaced(self, head: Head, file: str) -> Replaced | None:
        if head.hash == file:
            return None
        for newest in range(head.number - 1, 0, -PAGE):
            page = await self._store.versions(range(newest, max(0, newest - PAGE), -1))
            for version in page:
                if file == (version.hash or policies.digest(version.text)):
                    return Replaced(version.number, head.number)
        return None

    async def version(self, number: int) -> PolicyVersion | None:
        """One version; `None` for a number that was never published (0 among them: it comes from the settings)."""
        return next(iter(await self._store.versions([number])), None)

    async def history(self, limit: int = 20) -> Sequence[PolicyVersion]:
        """The last versions, newest first."""
        newest = await self.number()
        return await self._store.versions(range(newest, max(0, newest - limit), -1))

    async def diff(self, before: int, after: int) -> str | Refusal:
        """What changed between two versions, as a unified difference of lines. Empty: nothing."""
        texts: list[str] = []
        for number in (before, after):
            text = await self.text_of(number)
            if isinstance(text, Refusal):
                if number:
                    return text
                text = ""  # there was nothing
            texts.append(text)
        return difference(texts[0], texts[1], f"version {before}", f"version {after}")

    # -- writing

    async def publish(
        self, text: str, *, expected: int, actor: ActorRef, note: str = "", file: str | None = None
    ) -> Published | NotPublished:
        """Makes the text the next version, if `expected` still counts. A text that counts already is left alone.

        `file`: the hash of the file that it was read from, so that the next start knows it as applied.
        """
        found = self.check(text, expected + 1)
        if not isinstance(found, PolicySet):
            what = f"the policies have {len(found)} mistake{'s' if len(found) > 1 else ''}; correct them"
            return NotPublished(Reason.INVALID_ANSWER, what, findings=found)
        head = await self._store.head()
        if same := await self._same(head, text, found, file):
            return same
        version = PolicyVersion(
            number=expected + 1, text=text, author=actor, at=self._clock(), note=note, hash=policies.digest(text)
        )
        if head.number == expected and await self._store.publish(version, await self._event(version), file=file):
            return Published(version, found)
        head = await self._store.head()
        return await self._same(head, text, found, file) or await self._behind(head.number, expected)

    async def _same(self, head: Head, text: str, found: PolicySet, file: str | None) -> Published | None:
        if head.hash != policies.digest(text):
            return None
        if file is not None:
            await self._store.applied(head.number, file)
        version = await self.version(head.number)
        return None if version is None else Published(version, found, new=False)

    async def _behind(self, number: int, expected: int) -> NotPublished:
        what = f"version {number} counts now, not version {expected}; look at what changed, then publish again"
        return NotPublished(Reason.CHANGED, what, newer=await self.version(number))

    async def _event(self, version: PolicyVersion) -> Event:
        before = version.number - 1
        found = await self.text_of(before)
        old = "" if isinstance(found, Refusal) else found
        return Event(
            type=EventType.POLICY_CHANGED,
            at=version.at,
            actor=version.author,
            thread_id="",
            version=version.number,
            data={
                "from": before,
                "to": version.number,
                "hash": version.hash,
                "note": version.note,
                "difference": bounded(difference(old, version.text, f"version {before}", f"version {version.number}")),
            },
        )

    async def roll_back(self, number: int, *, expected: int, actor: ActorRef, note: str = "") -> Published | Refusal:
        """Makes the text of an earlier version the next one: the history only grows."""
        text = await self.text_of(number)
        if isinstance(text, Refusal):
            return text
        return await self.publish(text, expected=expected, actor=actor, note=note or f"Back to version {number}")

    async def apply(self, text: str, name: str) -> Published | NotPublished | Replaced | None:
        """What a start does with its file: published if its text never counted before, whatever counts by then; `None`
        if it is the one that was last applied. A restart so leaves alone what was changed elsewhere meanwhile.

        A text that counted and was replaced is never brought back by a start: in a rolling deployment the old replicas
        restart with the old file. Of several replicas that start at once, one publishes.
        """
        file = policies.digest(text)
        while (head := await self._store.head()).file != file:
            if behind := await self._replaced(head, file):
                return behind
            done = await self.publish(text, expected=head.number, actor=FILE, note=name, file=file)
            if isinstance(done, Published) or done.findings:
                return done
        return None


def difference(before: str, after: str, old: str, new: str) -> str:
    """Unified difference of two texts, by lines; `old` and `new` are what they are called."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="")
    return "\n".join(lines)


def bounded(text: str, most: int = TOLD) -> str:
    """Its first lines, and how many there are beyond."""
    if len(text) <= most:
        return text
    kept = text[:most].rpartition("\n")[0]
    return f"{kept}\n… and {len(text.splitlines()) - len(kept.splitlines())} more lines"


def _no_version(number: int) -> Refusal:
    return Refusal(Reason.UNKNOWN, f"there is no version {number} of the policies; the history lists those there are")
