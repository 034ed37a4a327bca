"""Asks Signoff for decisions over HTTP, from code that has no graph.

    client = Client("https://signoff.internal", key)
    decision = client.ask("Send 10,000 marketing e-mails", approver="ana@example.com")
    if decision.approved: ...

or, for a plain function, `@requires_approval(client)`. `AsyncClient` is the same with `await`.
"""

from __future__ import annotations

from agents.client.clients import AsyncClient, Client
from agents.client.guard import NotApproved, requires_approval
from agents.client.wire import ApiError, Decision, Undecided, Unreachable

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "Decision",
    "NotApproved",
    "Undecided",
    "Unreachable",
    "requires_approval",
]
