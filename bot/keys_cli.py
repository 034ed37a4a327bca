"""`signoff keys`: who may use the HTTP API. A key is shown once, when it is made; it is kept as a hash."""

from __future__ import annotations

import base64
import getpass
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from approvals import api_keys
from approvals.api_keys import RATE, ApiKey, Minted, Scope
from approvals.errors import InputError
from approvals.events import EventType
from approvals.model import ActorRef, Source
from approvals.policy_values import Duration
from approvals.refusals import Refusal
from bot import output
from bot.command import AsJson, EnvFile, Refused, run_until_done, settings_of
from bot.core import open_records

keys = typer.Typer(help="Keys of the HTTP API: made, listed, renewed, revoked.", no_args_is_help=True)

As = Annotated[str | None, typer.Option("--as", help="Who does it; written into the audit. Default: your login.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A key's name, or its id.")]


def _actor(as_: str | None) -> ActorRef:
    return ActorRef(as_ or getpass.getuser(), Source.CLI)


def _secret() -> str:
    return secrets.token_hex(32)


def _id() -> str:
    return base64.b32encode(secrets.token_bytes(8)).decode()[:10].lower()


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return timedelta(seconds=TypeAdapter[float](Duration).validate_python(text))
    except ValidationError:
        raise InputError(f"--expires {text} is no length of time; write it like 90d or 12h") from None


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _public(key: ApiKey, used: datetime | None = None) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": [scope.value for scope in key.scopes],
        "rate": key.rate,
        "created_at": _time(key.created_at),
        "created_by": key.created_by.id,
        "expires_at": _time(key.expires_at),
        "rotated_at": _time(key.rotated_at),
        "revoked_at": _time(key.revoked_at),
        "last_used_at": _time(used),
    }


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Policies and the audit say api:NAME.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated. Default: create and read.")] = None,
    expires: Annotated[str | None, typer.Option(help="After how long, as in 90d. Default: never.")] = None,
    rate: Annotated[int, typer.Option(min=1, help="Requests a minute, on each replica.")] = RATE,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Makes a key and prints it. It cannot be printed again."""
    scopes, lasts = tuple(scope or (Scope.CREATE, Scope.READ)), _span(expires)

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            made = api_keys.mint(
                name, scopes, _actor(as_), records.clock(), id=_id(), secret=_secret(), lasts=lasts, rate=rate
            )
            if isinstance(made, Refusal):
                raise InputError(made.detail)
            if no := await records.api_keys.create(made.key):
                raise Refused(no.detail)
            output.key(made.token, _public(made.key), as_json=as_json)

    run_until_done(work())


@keys.command("list")
def list_(env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Lists the keys, revoked ones too. None is shown whole: nobody has it."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            used = await records.api_keys.last_used()
            found = [_public(key, used.get(key.id)) for key in await records.api_keys.all()]
            output.keys(found, as_json=as_json)

    run_until_done(work())


@keys.command("rotate")
def rotate(name: Name, as_: As = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Gives a key another secret and prints it. The one before works no longer, on any replica."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            known = await records.api_keys.named(name)
            made: Minted | Refusal | None = known and api_keys.rotated(known, records.clock(), secret=_secret())
            if not isinstance(made, Minted):
                raise Refused(f"there is no key {name}; signoff keys list shows those there are")
            await records.api_keys.replace(made.key, EventType.KEY_ROTATED, _actor(as_))
            output.key(made.token, _public(made.key), as_json=as_json)

    run_until_done(work())


@keys.command("revoke")
def revoke(name: Name, as_: As = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Ends a key, at once and for good. What it asked for stays."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            known = await records.api_keys.named(name)
            if known is None:
                raise Refused(f"there is no key {name}; signoff keys list shows those there are")
            ended = replace(known, revoked_at=records.clock())
            await records.api_keys.replace(ended, EventType.KEY_REVOKED, _actor(as_))
            output.keys([_public(ended)], as_json=as_json)

    run_until_done(work())
