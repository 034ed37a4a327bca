"""What must not be shown: secrets, by the names of arguments and by how they look.

The record and the graph keep the real values. What people read (cards, forms, lists, logs, the audit) is drawn from a
copy in which they are hidden (`approvals.shown`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import cast

from pydantic import JsonValue

MASK = "••••••"
"""Stands where something is hidden. Never given to a graph."""

NAMES = (
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*secret*",
    "*token*",
    "*api_key*",
    "*private_key*",
    "*credential*",
    "authorization",
    "!max_tokens",
)
"""Names of arguments whose values are hidden; after `!`, of those that are not. Case and `_-.` do not matter."""

LEAST = 4
"""Characters that a hidden value has at least, to be looked for in other text as well."""

MOST = 50
"""Hidden values of one record that are looked for in its text."""

_LOOKS = (
    # First what each of them cannot be without: in a long text that is found sooner, or missed, than by the pattern.
    # Bounded, or anchored to the beginning of a word: text from an agent must not make the search slow.
    (("xox", "xapp-"), re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+"), MASK),
    (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (
        ("-----BEGIN ",),
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.S),
        MASK,
    ),
    (("eyJ",), re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (
        ("ghp", "gho", "ghu", "ghs", "ghr", "github_pat", "glpat", "sk-", "AIza"),
        re.compile(r"\b(?:gh[pousr]|github_pat|glpat)[_-]\w{20,}|(?<![\w-])sk-[\w-]{20,}|\bAIza[\w-]{35}"),
        MASK,
    ),
    (("://",), re.compile(r"(://[^/\s:@]{0,200}:)[^/\s]+(?=@)"), rf"\1{MASK}"),
)
_LOOKS_IN_ANY_CASE = (
    (
        "author",
        re.compile(r"(?i)\b(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:basic|bearer|token)\s{1,3})?)[^\s\"',;]+"),
        rf"\1{MASK}",
    ),
    ("bearer", re.compile(r"(?i)\b(bearer\s{1,3})(?=\S*\d)[\w.~+/=-]{8,}"), rf"\1{MASK}"),
)
_MAYBE = re.compile(r"xox|xapp|AKIA|ASIA|-BEGIN|eyJ|gh[pousr][_-]|github|glpat|sk-|AIza|[:=]|(?i:bearer)")
"""What one of them begins with: most texts hold none of it, and are left alone at once."""

_NAMED = re.compile(r"(?<![\w.-])([\w.-]{1,80})(?:[\"']?\s{0,3}(?<![=!<>])=(?!=)\s{0,3}|[\"']\s{0,3}:\s{0,3})")
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,;&\"'{}\[\]()]+")


def plain(name: str) -> str:
    """A name as it is compared: `apiKey`, `API-Key` and `api_key` are one."""
    return name.lower().translate({ord(sign): None for sign in "_-. "})


class Redactor:
    """Hides by names and by looks. `names` as in `SIGNOFF_REDACT`."""

    def __init__(self, names: Iterable[str] = NAMES) -> None:
        every = [name.strip() for name in names if name.strip()]
        self._hidden = tuple(plain(name) for name in every if not name.startswith("!"))
        self._open = tuple(plain(name[1:]) for name in every if name.startswith("!"))
        self._named = lru_cache(2048)(self._is_named)

    def _is_named(self, name: str) -> bool:
        found = plain(name)
        return any(fnmatchcase(found, glob) for glob in self._hidden) and not any(
            fnmatchcase(found, glob) for glob in self._open
        )

    def hides(self, name: str, value: object) -> bool:
        """Whether the value of such an argument is hidden. Yes, no and nothing hold no secret, and are shown."""
        empty = value is None or isinstance(value, bool) or value in ("", [], {})
        return not empty and self._named(name[:200])

    def text(self, text: str, secrets: Iterable[str] = ()) -> str:
        """The text without what looks like a secret, and without these very `secrets`."""
        for secret in secrets:
            if secret in text:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
        if not _MAYBE.search(text):
            return text
        for begins, look, instead in _LOOKS:
            for begin in begins:
                if begin in text:
                    text = look.sub(instead, text)
                    break
        for begin, look, instead in _LOOKS_IN_ANY_CASE:
            if begin in text.lower():
                text = look.sub(instead, text)
        named = "=" in text or (":" in text and ('"' in text or "'" in text))
        return self._without_named(text) if named else text

    def _without_named(self, text: str) -> str:
        """`password=…` and `"password": …` within a text."""
        kept: list[str] = []
        at = 0
        for found in _NAMED.finditer(text):
            value = _VALUE.match(text, found.end()) if found.start() >= at and self._named(found[1]) else None
            if value is not None and MASK not in value[0]:
                kept += [text[at : found.end()], MASK]
                at = value.end()
        return "".join([*kept, text[at:]]) if kept else text

    def value(self, value: JsonValue, secrets: Iterable[str] = ()) -> JsonValue:
        """A copy in which everything secret is hidden. Names of objects stay."""
        if isinstance(value, str):
            return self.text(value, secrets)
        if isinstance(value, list):
            return [self.value(entry, secrets) for entry in value]
        if isinstance(value, dict):
            return self.arguments(value, secrets)
        return value

    def arguments(self, args: Mapping[str, JsonValue], secrets: Iterable[str] = ()) -> dict[str, JsonValue]:
        """The same for named values, in their order."""
        return {name: MASK if self.hides(name, value) else self.value(value, secrets) for name, value in args.items()}

    def secrets(self, *values: JsonValue) -> tuple[str, ...]:
        """The hidden values in these, as text, longest first: agents repeat them in titles, descriptions and errors."""
        found = dict.fromkeys(text for value in values for text in self._leaves(value) if len(text) >= LEAST)
        return tuple(sorted(found, key=len, reverse=True)[:MOST])

    def _leaves(self, value: JsonValue, *, inside: bool = False) -> Iterator[str]:
        if isinstance(value, dict):
            for name, entry in value.items():
                yield from self._leaves(entry, inside=inside or self.hides(name, entry))
        elif isinstance(value, list):
            for entry in value:
                yield from self._leaves(entry, inside=inside)
        elif inside and value is not None and not isinstance(value, bool):
            yield str(value)


class HiddenError(ValueError):
    """A hidden value was changed in part. The text is for people."""


def restore(real: JsonValue, shown: JsonValue, given: JsonValue) -> JsonValue:
    """What somebody made of `shown`, with the `real` values where they left the hidden ones as they were.

    Raises `HiddenError` where a mask would be left, or where it cannot be told which hidden value is meant.
    """
    if _same(given, shown):
        return real
    if _same(real, shown):
        return _fresh(given) if MASK not in str(real) else given
    if isinstance(real, dict) and isinstance(shown, dict) and isinstance(given, dict):
        return {
            name: restore(real[name], shown[name], entry) if name in shown and name in real else _fresh(entry)
            for name, entry in given.items()
        }
    if isinstance(real, list) and isinstance(shown, list) and isinstance(given, list):
        return _entries(real, shown, given)
    return _fresh(_as_the_real(given, real) if isinstance(given, str) and not isinstance(real, str) else given)


def _as_the_real(given: str, real: JsonValue) -> JsonValue:
    """A hidden value that is no text is typed as one: it must be JSON of the same kind."""
    kind = (int, float) if isinstance(real, int | float) else type(real)
    try:
        found = cast("JsonValue", json.loads(given))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise HiddenError("This hidden value is not a text. Leave it as it is, or write another as JSON.")
    return found


def _entries(real: list[JsonValue], shown: list[JsonValue], given: list[JsonValue]) -> JsonValue:
    """An entry that hides something is left alone at its place, or replaced whole: never mistaken for its neighbour."""
    if len(given) != len(shown):
        return [_fresh(entry) for entry in given]
    return [was if _same(entry, seen) else _fresh(entry) for was, seen, entry in zip(real, shown, given, strict=True)]


def _fresh(given: JsonValue) -> JsonValue:
    if MASK in str(given):
        raise HiddenError(f"This holds a hidden value ({MASK}). Leave all of it as it is, or write all of it anew.")
    return given


def _same(one: JsonValue, other: JsonValue) -> bool:
    """By type too: `1` is not `true`."""
    return repr(one) == repr(other) if isinstance(one, dict | list) else type(one) is type(other) and one == other


class _Heard:
    """The hidden values that this process met last, so that no log line repeats one. Only in memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[str, None] = {}

    def add(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            self._values.pop(secret, None)
            self._values[secret] = None
        while len(self._values) > self._most:
            del self._values[next(iter(self._values))]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._values))


heard = _Heard(200)
"""Of the whole process, as the logs are."""
