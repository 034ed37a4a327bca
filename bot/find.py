"""What somebody looks for with `/approvals`: the words and filters, read and applied. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.model import Approval, Status

LONGEST = 150
"""Characters of all filters together: written as ASCII they stay within the 2,000 of a button's value."""

MAX_PAGE = 999_999


class Scope(StrEnum):
    """Among which. The word is the one that people type; `list` is what waits for whoever asks."""

    WAITING = "list"
    ALL = "all"
    MINE = "mine"
    HISTORY = "history"


class Fault(StrEnum):
    """Why a line is not understood."""

    KEY = "key"
    EMPTY = "empty"
    TWICE = "twice"
    AGE = "age"
    PAGE = "page"
    PERSON = "person"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not understood: why, and the part of the line that is to blame."""

    fault: Fault
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What to list. `requester` and `by` (who decided) are as typed, or ids; `older` is in seconds; `words` must all
    stand in the title or in the names of the actions; pages count from 1."""

    scope: Scope = Scope.WAITING
    graph: str | None = None
    requester: str | None = None
    by: str | None = None
    older: int | None = None
    words: tuple[str, ...] = ()
    page: int = 1

    @property
    def narrow(self) -> bool:
        """Whether it leaves out some of those that a graph's own list holds."""
        some = self.requester or self.by or self.older is not None or self.words
        return bool(some) or self.scope in (Scope.MINE, Scope.HISTORY)

    def text(self) -> str:
        """As it would be typed, without the page: `parse` reads it back."""
        age = None if self.older is None else f"older:{self.older}s"
        named = [f"{key}:{value}" for key, value in (("graph", self.graph), ("from", self.requester)) if value]
        return " ".join([self.scope.value, *named, *filter(None, (self.by, age)), *self.words])


_AGE = re.compile(r"(?:(\d{1,5})w)?(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m(?:in)?)?(?:(\d{1,9})s)?", re.IGNORECASE)
_UNITS = (604800, 86400, 3600, 60, 1)
_PAGE = re.compile(r"page:?(\d*)", re.IGNORECASE)
_KEY = re.compile(r"([A-Za-z]{2,12}):(?!//)(.*)", re.DOTALL)
_PERSON = re.compile(r"@.+|<@.+|[UW][A-Z0-9]{4,}|[^@\s]+@[^@\s]+\.[^@\s]+", re.DOTALL)
_SCOPES = {"all": Scope.ALL, "mine": Scope.MINE}
_FIRST = {"list": Scope.WAITING, "find": Scope.ALL, "history": Scope.HISTORY} | _SCOPES
KEYS = ("graph", "from", "older", "page")


def begins(word: str) -> bool:
    """Whether a line that begins with this word is about what to list."""
    key = _KEY.match(word)
    return word.lower() in _FIRST or _PAGE.fullmatch(word) is not None or bool(key and key[1].lower() in KEYS)


def parse(text: str) -> Find | Wrong:
    """What somebody typed: `all graph:refund from:@ana older:2h wire page 2`. Never raises."""
    tokens = text.split()
    found = Find(scope=_FIRST[tokens.pop(0).lower()]) if tokens and tokens[0].lower() in _FIRST else Find()
    while tokens:
        read = _token(found, tokens.pop(0), tokens)
        if isinstance(read, Wrong):
            return read
        found = read
    too_long = len(found.text()) > LONGEST
    return Wrong(Fault.LONG, f"{found.text()[:40]}…") if too_long else found


def _token(found: Find, word: str, after: list[str]) -> Find | Wrong:
    """One word more; a page takes the number after it."""
    if page := _PAGE.fullmatch(word):
        number = page[1] or (after.pop(0) if after else "")
        good = number.isascii() and number.isdigit() and len(number) <= 6
        return replace(found, page=max(1, int(number))) if good else Wrong(Fault.PAGE, f"{word} {number}".strip())
    if (scope := _SCOPES.get(word.lower())) and found.scope is not Scope.HISTORY:
        return replace(found, scope=Scope.MINE if Scope.MINE in (scope, found.scope) else scope)
    if key := _KEY.fullmatch(word):
        return _keyed(found, key[1].lower(), key[2], word)
    if _PERSON.fullmatch(word) and (word[0] in "@<" or found.scope is Scope.HISTORY):
        if found.scope is not Scope.HISTORY:
            return Wrong(Fault.PERSON, word)
        return Wrong(Fault.TWICE, word) if found.by else replace(found, by=word)
    return replace(found, words=(*found.words, word))


def _keyed(found: Find, key: str, value: str, word: str) -> Find | Wrong:
    if key not in KEYS:
        return Wrong(Fault.KEY, word)
    if not value:
        return Wrong(Fault.EMPTY, word)
    if key == "page":
        return Wrong(Fault.PAGE, word)
    if key == "older":
        age = _age(value)
        if age is None:
            return Wrong(Fault.AGE, word)
        return Wrong(Fault.TWICE, word) if found.older is not None else replace(found, older=age)
    if key == "graph":
        return Wrong(Fault.TWICE, word) if found.graph else replace(found, graph=value)
    return Wrong(Fault.TWICE, word) if found.requester else replace(found, requester=value)


def _age(text: str) -> int | None:
    """`90s`, `10m`, `1h30m`, `2d`, `1w` in seconds; `None` for anything else, and for more than ten years."""
    read = _AGE.fullmatch(text) if text.isascii() else None
    if read is None:
        return None
    total = sum(int(digits) * unit for digits, unit in zip(read.groups("0"), _UNITS, strict=True))
    return total if 0 < total <= 3650 * 86400 else None


def wanted(find: Find, viewer: str, now: datetime, shown: Callable[[Approval], Approval]) -> Callable[[Approval], bool]:
    """Whether an approval is among those that are looked for. `viewer`, `find.requester` and `find.by` are user ids.

    Words are looked for in what people may read: `shown` hides the rest, else a search would tell it by and by.
    """

    def judge(approval: Approval) -> bool:
        history = find.scope is Scope.HISTORY
        since = approval.resolved_at if history else approval.opened_at
        if since is None or (history and (approval.status is Status.PENDING or approval.resolution is None)):
            return False
        if find.scope is Scope.MINE and approval.requester != viewer:
            return False
        if find.graph not in (None, approval.graph) or find.requester not in (None, approval.requester):
            return False
        if find.older is not None and now - since < timedelta(seconds=find.older):
            return False
        if find.by and not any(find.by in (said.actor.id, said.actor.behalf) for said in approval.decisions):
            return False
        return _says(find, approval) and (not find.words or _says(find, shown(approval)))

    return judge


def _says(find: Find, approval: Approval) -> bool:
    prose = "\n".join((approval.title, *(action.name for action in approval.actions))).casefold()
    return all(word.casefold() in prose for word in find.words)
