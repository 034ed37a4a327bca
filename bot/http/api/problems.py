"""What goes wrong, as RFC 9457 problem details. `error` says it once more, where published clients look for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from approvals.refusals import Reason, Refusal

MEDIA = "application/problem+json"

TITLES: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "This key may not do that",
    404: "Not found",
    405: "Not that way",
    409: "Too late, or not now",
    413: "Too large",
    415: "JSON is needed",
    422: "The request does not fit",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not at the moment",
}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where, as in `response_type.choices`; empty for the whole.")
    detail: str


class Problem(BaseModel):
    """A problem of RFC 9457."""

    type: str = Field(description="What kind: stable, to be compared.", examples=["urn:signoff:invalid_answer"])
    title: str
    status: int
    detail: str
    error: str = Field(description="The detail again.")
    errors: list[Fault] = Field(default_factory=list[Fault])


class ProblemError(Exception):
    """Raised by a route to answer with a problem. `kind` is one word."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors = [Fault(field=field, detail=detail)] if field else []
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer."""
        return problem(self.status, self.kind, self.detail, self.errors, self.headers)


def problem(
    status: int,
    kind: str,
    detail: str,
    errors: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An answer that is a problem."""
    found = Problem(
        type=f"urn:signoff:{kind}",
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        error=detail,
        errors=errors or [],
    )
    return JSONResponse(found.model_dump(), status, dict(headers or {}), media_type=MEDIA)


_STATUS: Mapping[Reason, int] = {
    Reason.UNKNOWN: 404,
    Reason.NOT_APPROVER: 403,
    Reason.OWN_REQUEST: 403,
    Reason.NO_GLASS: 403,
    Reason.NOT_OFFERED: 422,
    Reason.REASON_REQUIRED: 422,
    Reason.INVALID_ANSWER: 422,
    Reason.NO_SUCH_ACTION: 422,
    Reason.BUSY: 503,
}
"""All else is a conflict with how things stand."""

_SAID: Mapping[Reason, str] = {
    Reason.UNKNOWN: "There is no such decision.",
    Reason.NOT_APPROVER: "The policy does not name this key: people have to decide. Name it there as api:NAME.",
    Reason.OWN_REQUEST: "This key asked for the decision and cannot make it.",
    Reason.ALREADY_RESOLVED: "It is decided already.",
    Reason.ALREADY_VOTED: "This key has voted already; others have to.",
    Reason.EXPIRED: "Its time has run out.",
    Reason.SUPERSEDED: "It is no longer asked.",
    Reason.REASON_REQUIRED: "The policy wants a reason: send notes.",
    Reason.BUSY: "Others act on it at the same moment; try again.",
}


def refused(no: Refusal) -> ProblemError:
    """An expected no, as a problem."""
    status = _STATUS.get(no.reason, 409)
    detail = _SAID.get(no.reason) or no.detail or "That is not possible now."
    headers = {"Retry-After": "1"} if status == 503 else None
    return ProblemError(status, no.reason.value, detail[:500], field=no.field, headers=headers)


def limited(seconds: float) -> ProblemError:
    """Too many requests; `seconds` until the next is taken."""
    wait = max(1, math.ceil(seconds))
    return ProblemError(429, "rate_limited", f"Wait {wait} s.", headers={"Retry-After": str(wait)})


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What else a route may answer."""
    every = (400, 401, 403, 429, 500, 503, *statuses)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": TITLES[status], "content": {MEDIA: {"schema": schema}}} for status in sorted(every)}


def install(web: FastAPI) -> None:
    """Every error of the app is a problem from here on."""

    @web.exception_handler(ProblemError)
    async def known(_: Request, found: ProblemError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return found.response()

    @web.exception_handler(HTTPException)
    async def plain(_: Request, found: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        kinds = {404: "not_found", 405: "method_not_allowed", 400: "unreadable"}
        kind = kinds.get(found.status_code, "error")
        detail = str(found.detail) if found.status_code not in (404, 405) else TITLES[found.status_code]
        return problem(found.status_code, kind, detail, headers=found.headers)

    @web.exception_handler(RequestValidationError)
    async def unfit(_: Request, found: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        faults = [_fault(error) for error in found.errors()[:20]]
        first = faults[0]
        return problem(422, "invalid", f"{first.field}: {first.detail}" if first.field else first.detail, faults)


def _fault(error: Mapping[str, Any]) -> Fault:
    """Without the value itself, which may be a secret."""
    where = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path", "header"))
    return Fault(field=where, detail=str(error["msg"])[:300])
