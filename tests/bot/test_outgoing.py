"""Calls to addresses that somebody else named: signed, never into our own network, and never kept waiting."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from approvals.errors import ConfigError
from bot import outgoing
from bot.outgoing import Allowed, NotSent, Outgoing, fault, secrets_of, sign

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = b"s" * 32
OPEN = Allowed(["127.0.0.1"])


@dataclass
class Receiver:
    """Somebody who is called back: what came, and what it answers."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Whatever `take` is by now."""
        return await self.take(request)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        headers = {"location": self.url} if 300 <= self.status < 400 else {}
        return web.Response(status=self.status, headers=headers, text="x" * 100)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """One that listens on this machine, and so at a private address."""
    made, app = Receiver(), web.Application()
    app.router.add_post("/told", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/told?x=1"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The same for a test."""
    async with receiving() as made:
        yield made


def named(*addresses: str) -> outgoing.Resolve:
    """Every name has these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_what_is_sent_is_signed(receiver: Receiver) -> None:
    """As the Standard Webhooks specification says: over id, time and body, by each secret."""
    sent = await Outgoing([SECRET, b"o" * 32], OPEN).post(receiver.url, "A1.5", NOW, b'{"a":"\xc3\xa9"}')
    assert sent is None
    ((headers, body),) = receiver.got
    assert body == b'{"a":"\xc3\xa9"}'
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("A1.5", str(int(NOW.timestamp())))
    signed = b"A1.5.%d.%s" % (int(NOW.timestamp()), body)
    wanted = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in (SECRET, b"o" * 32)]
    assert headers["webhook-signature"] == " ".join(f"v1,{one.decode()}" for one in wanted)
    assert headers["content-type"] == "application/json"


def test_the_published_example_is_signed_alike() -> None:
    """The test vector of the specification's own libraries."""
    (secret,) = secrets_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    made = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [204, 301, 307, 400, 404, 500])
async def test_only_2xx_counts(receiver: Receiver, status: int) -> None:
    """Redirects are not followed: they could lead anywhere."""
    receiver.status = status
    sent = await Outgoing([SECRET], OPEN).post(receiver.url, "A1.5", NOW, b"{}")
    assert sent == (None if status == 204 else NotSent(f"it answered {status}"))
    assert len(receiver.got) == 1


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:a00:1::1",
    "fec0::1",
    "ff02::1",
    "224.0.0.1",
    "192.0.0.192",
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    """Whatever it is called: the addresses count, all of them."""
    for resolved in (named(address), named("93.184.216.34", address)):
        sent = await Outgoing([SECRET], Allowed([]), resolve=resolved).post("https://a.example/x", "A1.5", NOW, b"{}")
        assert sent == NotSent("it leads to a private address")


@pytest.mark.parametrize("address", [one for one in PRIVATE if "%" not in one])
def test_a_private_address_is_refused_at_once(address: str) -> None:
    """Before anything is asked of anybody."""
    url = f"https://[{address}]/x" if ":" in address else f"https://{address}/x"
    assert "private" in (fault(url, Allowed([])) or "")


async def test_the_address_that_was_checked_is_the_one_that_is_called(receiver: Receiver) -> None:
    """A name that is looked up again a moment later may lead elsewhere: it is not looked up again."""
    port = receiver.url.split(":")[2].split("/")[0]
    calls = [named("127.0.0.1"), named("10.0.0.9")]

    async def changing(host: str, port: int) -> Sequence[str]:
        return await calls.pop(0)(host, port)

    url = f"http://hooks.internal:{port}/told"
    assert await Outgoing([SECRET], Allowed(["hooks.internal"]), resolve=changing).post(url, "A", NOW, b"{}") is None
    assert len(calls) == 1
    assert receiver.got[0][0]["host"] == f"hooks.internal:{port}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://a.example/x", None),
        ("https://a.example:8443/x?y=1#z", None),
        ("http://a.example/x", "https"),
        ("ftp://a.example/x", "no URL"),
        ("https:///x", "no URL"),
        ("https://a.example:99999/x", "no URL"),
        ("https://[::1/x", "no URL"),
        ("https://a..example/x", "no URL"),
        (f"https://{'a' * 64}.example/x", "no URL"),
        ("https://a.example/\x7f", "no URL"),
        ("https://@a.example/x", "user or password"),
        ("https://[64:ff9b::5db8:d822]/x", None),
        ("https://[2606:4700::1111]/x", None),
        ("https://exämple.de/x", "no URL"),
        ("javascript:alert(1)", "no URL"),
        ("https://u:p@a.example/x", "user or password"),
        ("https://a.example/" + "x" * 2000, "longer"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, said: str | None) -> None:
    """In words that name what to write instead."""
    found = fault(url, Allowed([]))
    assert found is None if said is None else said in (found or "")


def test_what_is_named_may_be_called() -> None:
    """Hosts by name, networks by their addresses, also by plain HTTP."""
    allowed = Allowed(["hooks.internal", "10.1.0.0/16", "fd00::/8"])
    for url in ("http://hooks.internal/x", "http://10.1.2.3/x", "https://[fd00::7]/x"):
        assert fault(url, allowed) is None
    assert fault("https://10.2.0.1/x", allowed) is not None


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "http://a", "a/b"])
def test_an_entry_that_is_neither_host_nor_network_is_named(entry: str) -> None:
    """With the setting that it stands in."""
    with pytest.raises(ConfigError, match="SIGNOFF_CALLBACK_HOSTS"):
        Allowed([entry])


@pytest.mark.parametrize("text", ["short", "whsec_!!!", "whsec_YWJj"])
def test_a_secret_that_cannot_sign_is_refused(text: str) -> None:
    """Without being shown."""
    with pytest.raises(ConfigError) as failed:
        secrets_of(text)
    assert text not in str(failed.value)


async def test_nothing_is_sent_unsigned(receiver: Receiver) -> None:
    """Without a secret, nobody is called."""
    sent = await Outgoing([], OPEN).post(receiver.url, "A1.5", NOW, b"{}")
    assert isinstance(sent, NotSent)
    assert receiver.got == []


async def test_nobody_there_is_a_reason_and_no_error() -> None:
    """A port that nobody listens on, and a name that nobody has."""
    away = await Outgoing([SECRET], OPEN).post("http://127.0.0.1:9/x", "A", NOW, b"{}")
    assert away == NotSent("it could not be reached (ConnectError)")

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    lost = await Outgoing([SECRET], OPEN, resolve=unknown).post("https://a.example/x", "A", NOW, b"{}")
    assert lost == NotSent("it could not be reached (OSError)")
