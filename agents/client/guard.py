"""A plain function that runs only once people have approved the call."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, cast

from pydantic import JsonValue

from agents.client.clients import AsyncClient, Client
from agents.client.wire import Decision, Urgency

P = ParamSpec("P")
R = TypeVar("R")


class NotApproved(Exception):
    """People said no, or nobody answered in time: the function did not run. `decision` says who and why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"{decision.action}: {decision.status}" + (f" ({decision.notes})" if decision.notes else ""))
        self.decision = decision


def requires_approval(
    client: Client | AsyncClient,
    action: str = "",
    *,
    approver: str | None = None,
    context: str | None = None,
    urgency: Urgency = "medium",
    timeout_minutes: int | None = None,
    requester: str | None = None,
    hide: Sequence[str] = (),
    key: Callable[..., str] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Asks before each call, and shows the arguments: approvers may change them, and the function gets those.

    `action` may name them, as in `"Refund {amount} to {customer}"`; without it the function's name is asked about. An
    argument in `hide` is not shown and cannot be changed; every other must be JSON, else `TypeError`. `key` makes the
    idempotency key from the arguments, so that a call that is made anew after a crash is not asked twice.

    A coroutine function needs an `AsyncClient`, any other a `Client`. The call raises `NotApproved` after a no.
    """
    asked: dict[str, Any] = {"approver": approver, "context": context, "urgency": urgency}
    asked |= {"timeout_minutes": timeout_minutes, "requester": requester}

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        def request(*args: P.args, **kwargs: P.kwargs) -> tuple[inspect.BoundArguments, str, dict[str, Any]]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            shown = _shown(bound.arguments, hide)
            title = _titled(action, shown) if action else getattr(function, "__name__", "call").replace("_", " ")
            once = {"idempotency_key": key(*args, **kwargs)} if key is not None else {}
            return bound, title, {"args": shown, **asked, **once}

        if inspect.iscoroutinefunction(function):
            if not isinstance(client, AsyncClient):
                raise TypeError("a coroutine function needs an AsyncClient")
            waiting = client

            @functools.wraps(function)
            async def later(*args: P.args, **kwargs: P.kwargs) -> Any:
                bound, title, more = request(*args, **kwargs)
                changed = _allowed(bound, await waiting.ask(title, **more))
                return await cast("Any", function)(*changed.args, **changed.kwargs)

            return cast("Callable[P, R]", later)
        if not isinstance(client, Client):
            raise TypeError("a plain function needs a Client")
        plain = client

        @functools.wraps(function)
        def now(*args: P.args, **kwargs: P.kwargs) -> R:
            bound, title, more = request(*args, **kwargs)
            changed = _allowed(bound, plain.ask(title, **more))
            return function(*changed.args, **changed.kwargs)

        return now

    return guard


def _shown(arguments: Mapping[str, object], hide: Sequence[str]) -> dict[str, JsonValue]:
    shown = {name: value for name, value in arguments.items() if name not in hide}
    for name, value in shown.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise TypeError(f"the argument {name} is not JSON and cannot be shown: name it in `hide`") from None
    return cast("dict[str, JsonValue]", shown)


def _titled(action: str, shown: Mapping[str, JsonValue]) -> str:
    try:
        return action.format_map({name: str(value) for name, value in shown.items()})
    except (KeyError, IndexError, ValueError):
        names = ", ".join(shown)
        raise TypeError(f"the action {action!r} names something that is not shown; there are: {names}") from None


def _allowed(bound: inspect.BoundArguments, decision: Decision) -> inspect.BoundArguments:
    """The arguments as they were approved. Raises `NotApproved`."""
    if not decision.approved:
        raise NotApproved(decision)
    if decision.status == "modified":
        bound.arguments.update({name: value for name, value in decision.data.items() if name in bound.arguments})
    return bound
