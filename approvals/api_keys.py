"""Keys of the HTTP API: what one may do, how it is made, and how one that is shown is known again. Pure.

A token is `so_<id>_<secret>`: the id is public, the secret is 256 random bits. Only the SHA-256 of the secret is kept;
a random secret of that length needs no slow hash. A token is seen once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.entries import API
from approvals.model import ActorRef, Source
from approvals.refusals import Reason, Refusal

TOKEN = re.compile(r"so_([a-z2-7]{10})_([0-9a-f]{64})")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
RATE = 600
"""Requests a minute, where a key says nothing else."""


class Scope(StrEnum):
    """What a key may do. `admin` sees and cancels what other keys asked for; it decides nothing."""

    CREATE = "create"
    READ = "read"
    RESOLVE = "resolve"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key, as it is kept: without its secret. `rate` is in requests a minute, on each replica."""

    id: str
    name: str
    hash: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: ActorRef
    rate: int = RATE
    expires_at: datetime | None = None
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None

    def __repr__(self) -> str:
        return f"ApiKey({self.id}, {self.name})"

    @property
    def ref(self) -> ActorRef:
        """The key as one who acts: `api:NAME`, as policies write it."""
        return ActorRef(f"{API}{self.name}", Source.API)

    def may(self, scope: Scope) -> bool:
        """Whether it has the scope. An admin key may read; that it asks or decides must be said."""
        return scope in self.scopes or (scope is Scope.READ and Scope.ADMIN in self.scopes)

    def works(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Minted:
    """A key and its token, which is nowhere else."""

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"Minted({self.key!r})"


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def mint(
    name: str,
    scopes: tuple[Scope, ...],
    by: ActorRef,
    now: datetime,
    *,
    id: str,
    secret: str,
    lasts: timedelta | None = None,
    rate: int = RATE,
) -> Minted | Refusal:
    """A new key. `id` is 10 characters of base32, `secret` 64 hexadecimal digits, both random."""
    if not NAME.fullmatch(name):
        why = f"{name!r} is no name for a key: write 1 to 40 lower-case letters, digits, dots or dashes"
        return Refusal(Reason.NOT_POSSIBLE, why, "name")
    if not scopes:
        return Refusal(Reason.NOT_POSSIBLE, f"a key needs a scope: {', '.join(Scope)}", "scopes")
    key = ApiKey(
        id=id,
        name=name,
        hash=digest(secret),
        scopes=tuple(scope for scope in Scope if scope in scopes),
        created_at=now,
        created_by=by,
        rate=rate,
        expires_at=None if lasts is None else now + lasts,
    )
    return Minted(key, f"so_{id}_{secret}")


def rotated(key: ApiKey, now: datetime, *, secret: str) -> Minted | Refusal:
    """The same key with another secret; the one before works no longer."""
    if key.revoked_at is not None:
        return Refusal(Reason.NOT_POSSIBLE, f"the key {key.name} is revoked: create another")
    return Minted(replace(key, hash=digest(secret), rotated_at=now), f"so_{key.id}_{secret}")


def id_of(token: str) -> str | None:
    """The public part of what may be a token; `None` for anything else."""
    found = TOKEN.fullmatch(token)
    return found[1] if found else None


def opens(token: str, key: ApiKey, now: datetime) -> bool:
    """Whether it is this key's token, and the key works. Takes as long whether it is or not."""
    found = TOKEN.fullmatch(token)
    same = hmac.compare_digest(digest(found[2] if found else ""), key.hash)
    return same and found is not None and found[1] == key.id and key.works(now)
