"""A tree of hashes, as in RFC 9162 (Certificate Transparency), section 2.1: one hash answers for many entries, and a
path of a few shows that one of them is among them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(data: bytes) -> bytes:
    """The hash of an entry; another kind than that of a node, so that neither can pass for the other."""
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root(entries: Sequence[bytes]) -> bytes:
    """The hash of them all, in their order."""
    return _root([leaf(each) for each in entries])


def _root(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256().digest()
    at = _split(len(hashes))
    return _node(_root(hashes[:at]), _root(hashes[at:]))


def path(entries: Sequence[bytes], index: int) -> list[bytes]:
    """What is needed beside the entry at `index` to come to the root, from the bottom."""
    hashes = [leaf(each) for each in entries]
    found: list[bytes] = []
    while len(hashes) > 1:
        at = _split(len(hashes))
        if index < at:
            found.append(_root(hashes[at:]))
            hashes = hashes[:at]
        else:
            found.append(_root(hashes[:at]))
            hashes, index = hashes[at:], index - at
    return found[::-1]


def climbed(entry: bytes, index: int, count: int, steps: Sequence[bytes]) -> bytes | None:
    """The root that such a path leads to; `None` for a path that cannot be one of a tree of `count` entries."""
    if not 0 <= index < count:
        return None
    sides: list[bool] = []  # from the top: whether the entry is on the left
    while count > 1:
        at = _split(count)
        sides.append(index < at)
        index, count = (index, at) if index < at else (index - at, count - at)
    if len(sides) != len(steps):
        return None
    found = leaf(entry)
    for left, step in zip(reversed(sides), steps, strict=True):
        found = _node(found, step) if left else _node(step, found)
    return found
