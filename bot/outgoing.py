"""Calls to addresses that somebody else named: signed, bounded, and never into the network that we run in.

Signatures follow the Standard Webhooks specification (standardwebhooks.com): `webhook-id`, `webhook-timestamp` (epoch
seconds) and `webhook-signature`, which is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, one for each
secret, separated by spaces.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

import httpx

from approvals.errors import ConfigError

SECRET_PREFIX = "whsec_"  # noqa: S105 - it marks a secret, and is none
TIMEOUT = 10.0
"""Seconds for one call, all of it."""

MAX_URL = 2000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port. Raises `OSError` where there is none."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """As the machine resolves names."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class NotSent:
    """They did not take it. `why` names no secret."""

    why: str


class Allowed:
    """Hosts and networks that may be called although they are private, or by plain HTTP; all others must be public, by
    HTTPS. Entries: `hooks.internal`, `10.1.0.0/16`. Raises `ConfigError` for what is neither."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._hosts: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                if "/" in entry or ":" in entry:
                    raise ConfigError(
                        f"SIGNOFF_CALLBACK_HOSTS: {entry!r} is no host and no network: "
                        "write hooks.internal or 10.1.0.0/16"
                    ) from None
                self._hosts.add(entry.lower())

    def host(self, name: str) -> bool:
        """Whether a host is named."""
        return name.lower() in self._hosts

    def address(self, address: Address) -> bool:
        """Whether a network that is named holds the address."""
        return any(address in network for network in self._networks)


def fault(url: str, allowed: Allowed) -> str | None:
    """What is wrong with a URL that is to be called back, as far as can be told without looking it up."""
    if len(url) > MAX_URL:
        return f"is longer than {MAX_URL:,} characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0 or not url.isascii():
        return "is no URL; write https://host/path"
    if not _reachable(parts):
        return "is no URL; write https://host/path"
    if "@" in parts.netloc:
        return "names a user or password; sign in by the signature instead"
    named = allowed.host(parts.hostname)
    literal = _literal(parts.hostname)
    if literal is not None and not named and not _may_call(literal, allowed):
        return "leads to a private address; name its host or network in SIGNOFF_CALLBACK_HOSTS to allow it"
    if parts.scheme == "http" and not named and (literal is None or not allowed.address(literal)):
        return "is not https; name its host in SIGNOFF_CALLBACK_HOSTS to allow plain http"
    return None


def _reachable(parts: SplitResult) -> bool:
    """Whether it can be looked up and sent to at all: what cannot raises, and would be tried for ever."""
    try:
        (parts.hostname or "").encode("idna")
        httpx.URL(parts.geturl())
    except (UnicodeError, httpx.InvalidURL):
        return False
    return True


def _literal(host: str) -> Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    # An IPv4 address inside an IPv6 one is reached as what it is.
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


_UNICAST = ipaddress.ip_network("2000::/3")
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
"""Of which Python (3.11) takes most for public; one cloud has its metadata there."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def _behind(address: Address) -> Address:
    """The IPv4 address that a translator (NAT64) or a tunnel (6to4) reaches under an IPv6 one; else the address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or address


def _may_call(address: Address, allowed: Allowed) -> bool:
    """Whether it is public, or in a network that is named."""
    found = _behind(address)
    if allowed.address(address) or allowed.address(found):
        return True
    if isinstance(found, ipaddress.IPv6Address):
        return found.is_global and found in _UNICAST
    return found.is_global and not found.is_multicast and found not in _PROTOCOLS


def sign(secrets: Sequence[bytes], identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers."""
    moment = str(int(at.timestamp()))
    signed = b".".join((identity.encode(), moment.encode(), body))
    made = [base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets]
    return {
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in made),
    }


def secrets_of(text: str) -> tuple[bytes, ...]:
    """The secrets of SIGNOFF_CALLBACK_SECRET, the newest first: `whsec_` and base64, or any text; commas between them.
    Raises `ConfigError` for one that is too short to sign with."""
    found: list[bytes] = []
    for entry in filter(None, map(str.strip, text.split(","))):
        try:
            coded = entry.removeprefix(SECRET_PREFIX)
            secret = base64.b64decode(coded, validate=True) if entry.startswith(SECRET_PREFIX) else entry.encode()
        except ValueError:
            raise ConfigError("SIGNOFF_CALLBACK_SECRET: what follows whsec_ is not base64") from None
        if len(secret) < 24:
            raise ConfigError("SIGNOFF_CALLBACK_SECRET: at least 24 bytes; `signoff callbacks secret` makes one")
        found.append(secret)
    return tuple(found)


class Outgoing:
    """Posts JSON. A name is looked up once and all its addresses are checked; the call goes to one of them."""

    def __init__(self, secrets: Sequence[bytes], allowed: Allowed, *, resolve: Resolve = resolve) -> None:
        self._secrets = secrets
        self._allowed = allowed
        self._resolve = resolve

    async def post(self, url: str, identity: str, at: datetime, body: bytes) -> NotSent | None:
        """`None`: it was answered with 2xx. Redirects are not followed, and what the other side says is not read."""
        if not self._secrets:
            return NotSent("SIGNOFF_CALLBACK_SECRET is not set, and nothing is sent unsigned")
        if wrong := fault(url, self._allowed):
            return NotSent(f"the URL {wrong}")
        parts = urlsplit(url)
        headers = {"content-type": "application/json", "user-agent": "Signoff", "host": parts.netloc}
        headers |= sign(self._secrets, identity, at, body)
        try:
            async with asyncio.timeout(TIMEOUT):
                target = await self._target(parts)
                if isinstance(target, NotSent):
                    return target
                async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
                    request = client.build_request("POST", target, content=body, headers=headers)
                    request.extensions["sni_hostname"] = parts.hostname
                    answer = await client.send(request, stream=True)
                    await answer.aclose()
        except TimeoutError:
            return NotSent(f"no answer within {TIMEOUT:g} s")
        except (httpx.HTTPError, OSError, UnicodeError) as failed:
            return NotSent(f"it could not be reached ({type(failed).__name__})")
        return None if answer.is_success else NotSent(f"it answered {answer.status_code}")

    async def _target(self, parts: SplitResult) -> httpx.URL | NotSent:
        """The URL with an address in place of the name."""
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = [_literal(address.partition("%")[0]) for address in await self._resolve(host, port)]
        addresses = [address for address in found if address is not None]
        if not self._allowed.host(host):
            for address in addresses:
                if not _may_call(address, self._allowed):
                    return NotSent("it leads to a private address")
        if not addresses:
            return NotSent("its host has no address")
        return httpx.URL(parts.geturl()).copy_with(host=str(addresses[0]), port=port, fragment=None)
