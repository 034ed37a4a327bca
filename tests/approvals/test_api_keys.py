"""Keys of the API: made, known again, renewed, ended; kept as hashes, with the audit in the same step."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.api_keys import ApiKey, Minted, Scope, id_of, mint, opens, rotated
from approvals.events import EventType
from approvals.model import ActorRef, Source
from approvals.refusals import Refusal
from approvals.store.api_keys import ApiKeyStore
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import T0, at
from tests.conftest import VirtualClock

ROOT = ActorRef("root", Source.CLI)


def made(name: str = "ci", n: int = 1, lasts: timedelta | None = None) -> Minted:
    found = mint(name, (Scope.READ, Scope.CREATE), ROOT, T0, id=chr(97 + n % 26) * 10, secret=f"{n:064x}", lasts=lasts)
    assert isinstance(found, Minted)
    return found


def test_a_token_opens_its_own_key_and_no_other() -> None:
    """Nor does a changed one, nor half of one; what is kept does not hold it."""
    one, two = made(n=2), made(n=3)
    assert id_of(one.token) == one.key.id
    assert opens(one.token, one.key, T0)
    assert not opens(one.token, two.key, T0)
    for wrong in ("", one.token[:-1], one.token + "0", one.token.upper(), one.token.replace("so_", "xo_")):
        assert id_of(wrong) is None
        assert not opens(wrong, one.key, T0)
    assert one.token.rpartition("_")[2] not in f"{one!r} {one.key!r} {one.key.hash}"


def test_a_key_ends_when_it_expires_or_is_revoked() -> None:
    """And a rotated one opens with its new token only."""
    short = made(lasts=timedelta(minutes=1))
    assert opens(short.token, short.key, at(59))
    assert not opens(short.token, short.key, at(60))
    again = rotated(short.key, at(1), secret="f" * 64)
    assert isinstance(again, Minted)
    assert not opens(short.token, again.key, at(2))
    assert opens(again.token, again.key, at(2))
    gone = replace(again.key, revoked_at=at(3))
    assert not opens(again.token, gone, at(4))
    assert isinstance(rotated(gone, at(5), secret="e" * 64), Refusal)


@pytest.mark.parametrize("name", ["", "Ci", "a b", "-x", "ü", "a" * 41])
def test_a_name_is_one_that_policies_can_write(name: str) -> None:
    """`api:NAME` stands in policies and in the audit."""
    assert isinstance(mint(name, (Scope.READ,), ROOT, T0, id="a" * 10, secret="0" * 64), Refusal)
    assert isinstance(mint("ci", (), ROOT, T0, id="a" * 10, secret="0" * 64), Refusal)


def test_an_admin_key_reads_and_no_more() -> None:
    """That a key asks or decides must be said."""
    key: ApiKey = replace(made().key, scopes=(Scope.ADMIN,))
    assert [scope for scope in Scope if key.may(scope)] == [Scope.READ, Scope.ADMIN]


async def test_keys_are_kept_with_their_audit(store: RedisStore, redis_url: str, clock: VirtualClock) -> None:
    """One key has a name at a time, also when several are made at once; who made and ended it is written down."""
    redis = connect(redis_url)
    keys = ApiKeyStore(redis, clock=clock)
    tried = await asyncio.gather(*(keys.create(made(n=n).key) for n in range(1, 9)))
    assert sum(no is None for no in tried) == 1
    known = await keys.named("ci")
    assert known is not None
    assert (await keys.get(known.id), await keys.get("nobody")) == (known, None)
    await keys.used(known.id, at(75))
    assert await keys.last_used() == {known.id: at(60)}
    await keys.replace(replace(known, revoked_at=at(80)), EventType.KEY_REVOKED, ROOT)
    assert await keys.named("ci") is None
    assert await keys.create(made(n=99).key) is None
    assert [key.id for key in await keys.all()] == sorted([known.id, made(n=99).key.id])
    told = [(event.type.value, event.actor.id, event.data["name"]) for event in await store.audit()]
    assert told == [("key_created", "root", "ci"), ("key_revoked", "root", "ci"), ("key_created", "root", "ci")]
    await redis.aclose()
    await redis.connection_pool.aclose()
