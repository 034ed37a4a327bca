"""Audience entries that are made of others: those of one who belong to another. Pure text, resolved where it is used.

`U0BEN & @finance | @ops` stands for Ben, as long as he is in finance or ops: what a request that names its approver
makes of a policy's audience. No entry that people write holds a space, so neither sign can stand in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_AND, _OR = " & ", " | "

API = "api:"
"""How an entry begins that stands for an API key, by its name. It names no person."""


def both(asked: str, entries: Iterable[str]) -> str:
    """The entry for those of `asked` who belong to one of the entries."""
    return f"{asked}{_AND}{_OR.join(entries)}"


def parts(entry: str) -> tuple[str, tuple[str, ...]] | None:
    """Who is asked, and the entries of which they must belong to one; `None` for an entry that stands alone."""
    asked, found, rest = entry.partition(_AND)
    return (asked, tuple(rest.split(_OR))) if found else None


def head(entry: str) -> str:
    """Who is asked, whether or not they must belong to something."""
    return entry.partition(_AND)[0]


def mapped(entry: str, change: Callable[[str], str]) -> str:
    """The entry, or each one that it is made of, changed."""
    made = parts(entry)
    return change(entry) if made is None else both(change(made[0]), map(change, made[1]))
