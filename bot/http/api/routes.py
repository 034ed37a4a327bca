"""The API's routes. `docs/api.md` tells how they are used; `/openapi.json` says what they take and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, params
from fastapi.security import HTTPBearer

from approvals.api_keys import ApiKey, Scope
from bot import strict_json
from bot.core import Core
from bot.directory import Directory
from bot.http.api import view
from bot.http.api.boundary import PREFIX
from bot.http.api.decisions import Decisions
from bot.http.api.keys import Gate
from bot.http.api.models import (
    CancelDecision,
    Created,
    CreateDecision,
    Decision,
    DecisionList,
    ResolveDecision,
    Status,
)
from bot.http.api.problems import Problem, problems
from bot.http.api.view import Seen

LONGEST = 60
"""Seconds that a request may wait."""

Id = Annotated[str, Path(description="Of the decision.", max_length=100)]
Idempotency = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key with the same body is the same decision, however often it is sent.",
    ),
]
Wait = Annotated[float, Query(ge=0, le=LONGEST, description="Seconds to wait for the end, at the most.")]


def _let_in(request: Request) -> ApiKey:
    """The key that the route's own dependency has let in."""
    return cast("ApiKey", request.state.key)


Key = Annotated[ApiKey, Depends(_let_in)]
Needs = Callable[..., list[params.Depends]]
"""What a route depends on that only keys with one of these scopes may use."""


def decisions_api(core: Core, directory: Directory, gate: Gate) -> APIRouter:
    """The routes below `/decisions`."""
    bearer = HTTPBearer(auto_error=False, description="A key that `signoff keys create` printed.")
    router = APIRouter(prefix=PREFIX, tags=["decisions"], dependencies=[Depends(bearer)])
    decisions = Decisions(core, directory)

    def needs(*scopes: Scope) -> list[params.Depends]:
        return [Depends(gate.needs(*scopes))]

    _asking(router, needs, decisions)
    _ending(router, needs, decisions)
    return router


def _asking(router: APIRouter, needs: Needs, decisions: Decisions) -> None:
    @router.post(
        "",
        status_code=201,
        dependencies=needs(Scope.CREATE),
        summary="Ask for a decision",
        responses={200: {"model": Created, "description": "It was asked for already"}, **problems(409, 413, 415, 422)},
    )
    async def create(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        response: Response,
        body: CreateDecision,
        key: Key,
        idempotency_key: Idempotency = None,
    ) -> Created:
        """People are asked in Slack, as the policies say."""
        raw = strict_json.parse((await request.body()).decode())
        seen, new = await decisions.ask(key, body, raw, idempotency_key)
        assert seen.thread is not None
        response.status_code = 201 if new else 200
        response.headers["Location"] = f"{PREFIX}/{seen.thread.id}"
        return view.created(seen, seen.thread.id)

    @router.get("", dependencies=needs(Scope.READ), summary="List decisions", responses=problems(422))
    async def list_(  # pyright: ignore[reportUnusedFunction]
        key: Key,
        status: Annotated[Status | None, Query(description="Only those.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before.")] = None,
    ) -> DecisionList:
        """Those that this key asked for, newest first; those of all for an admin key. A page may be short where only
        some are wanted: there is more as long as `next_cursor` is not null."""
        found, following = await decisions.page(key, status, limit, cursor)
        return DecisionList(decisions=[_told(seen) for seen in found], next_cursor=following)

    @router.get(
        "/{decision_id}",
        dependencies=needs(Scope.READ),
        summary="Look at a decision, or wait for it",
        responses=problems(404, 422),
    )
    async def get(  # pyright: ignore[reportUnusedFunction]
        decision_id: Id, key: Key, wait: Wait = 0
    ) -> Decision:
        """With `wait` the answer comes as soon as there is one."""
        return view.decision(await decisions.get(key, decision_id, wait), decision_id)


def _ending(router: APIRouter, needs: Needs, decisions: Decisions) -> None:
    ended = problems(404, 409, 413, 415, 422)

    @router.post(
        "/{decision_id}/resolve", dependencies=needs(Scope.RESOLVE), summary="Decide with a key", responses=ended
    )
    async def resolve(  # pyright: ignore[reportUnusedFunction]
        decision_id: Id, body: ResolveDecision, key: Key
    ) -> Decision:
        """Only where the policy names the key, as `api:NAME`; never what the key itself asked for."""
        return view.decision(await decisions.decide(key, decision_id, body), decision_id)

    @router.post(
        "/{decision_id}/cancel",
        dependencies=needs(Scope.CREATE, Scope.ADMIN),
        summary="Cancel a decision",
        responses=ended,
    )
    async def cancel(  # pyright: ignore[reportUnusedFunction]
        decision_id: Id,
        key: Key,
        body: CancelDecision | None = None,
    ) -> Decision:
        """No answer is needed any more: its card says so, and its status is `expired`."""
        return view.decision(await decisions.cancel(key, decision_id, body or CancelDecision()), decision_id)


def _told(seen: Seen) -> Decision:
    assert seen.approval is not None  # a list is made of approvals
    return view.decision(seen, seen.approval.thread_id)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with what FastAPI does not know: every error is a `Problem`."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    schemas["Problem"] = made
    return document
