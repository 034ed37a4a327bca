"""`GET /audit`: the events, a page at a time, for systems that collect them. Only for keys with the scope `admin`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from approvals.api_keys import Scope
from approvals.audit.entries import At, at_of
from bot import audit_rows
from bot.core import Core
from bot.http.api.keys import Gate
from bot.http.api.problems import problems

PATH = "/audit"
MOST = 1000
"""Events of a page at the most."""

_CURSOR = r"^\d{1,18}-\d{1,18}$"


class AuditEvent(BaseModel):
    """One event. `sha256` is of its text as it is kept, by which it is found in receipts and archives."""

    seq: str = Field(description="Its id; ids grow with time.")
    type: str
    at: str | None
    actor: dict[str, str]
    approval_id: str | None
    thread_id: str
    version: int
    data: dict[str, Any]
    sha256: str


class AuditPage(BaseModel):
    """Events in the order in which they were written. `next_cursor` is null where there are no more for now."""

    events: list[AuditEvent]
    next_cursor: str | None
    sealed_to: str | None = Field(description="The id of the last event that is sealed.")


def audit_api(core: Core, gate: Gate) -> APIRouter:
    """The route."""
    bearer = HTTPBearer(auto_error=False, description="A key that `signoff keys create` printed.")
    router = APIRouter(tags=["audit"], dependencies=[Depends(bearer)])
    audit, redactor = core.records.audit, core.records.shown.redactor

    @router.get(
        PATH, dependencies=[Depends(gate.needs(Scope.ADMIN))], summary="Read the audit", responses=problems(422)
    )
    async def page(  # pyright: ignore[reportUnusedFunction]
        since: Annotated[datetime | None, Query(description="Written from this time on; UTC without a zone.")] = None,
        until: Annotated[datetime | None, Query(description="Written before this time.")] = None,
        cursor: Annotated[str | None, Query(pattern=_CURSOR, description="`next_cursor` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> AuditPage:
        """Ask again with `next_cursor` until it is null; later, with the last `seq`, for what came since."""
        after = at_of(cursor) if cursor else before(since)
        found = await audit.entries(after, limit)
        last = None if until is None else _ms(until)
        wanted = [entry for entry in found if last is None or entry.at[0] < last]
        more = len(found) == limit and len(wanted) == limit
        return AuditPage(
            events=[AuditEvent.model_validate(audit_rows.row(entry, redactor)) for entry in wanted],
            next_cursor=wanted[-1].seq if more else None,
            sealed_to=(await audit.head()).to or None,
        )

    return router


def _ms(at: datetime) -> int:
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def before(since: datetime | None) -> At:
    """The last id that no event of that time can have."""
    ms = 0 if since is None else _ms(since)
    return (ms - 1, 2**64 - 1) if ms else (0, 0)
