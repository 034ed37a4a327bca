"""Keeps other web pages out: the tokens of a local Slack are constants, so a browser must not be talked into using
them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def guard(bound_to: str) -> Middleware:
    """A middleware for a server bound to this address.

    Refuses requests whose Origin is another site, and, on a loopback address, requests whose Host names another machine
    (DNS
    rebinding). Apps send no Origin and are not affected.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            raise web.HTTPForbidden(text="requests from other web pages are refused")
        name = urlsplit(f"//{request.host}").hostname
        if bound_to in LOOPBACK and name not in LOOPBACK:
            raise web.HTTPForbidden(text="this server answers to its own address only")
        return await handler(request)

    return middleware
