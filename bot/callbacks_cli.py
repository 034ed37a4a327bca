"""`signoff callbacks`: who could not be told how it ended, and telling them again."""

from __future__ import annotations

import base64
import getpass
import secrets
from typing import Annotated
from urllib.parse import urlsplit

import typer

from approvals import calling
from approvals.model import ActorRef, Approval, JsonValue, Source
from approvals.ports import Query
from approvals.refusals import Refusal
from bot import output
from bot.command import AsJson, EnvFile, Refused, run_until_done, settings_of
from bot.core import Records, open_records
from bot.outgoing import SECRET_PREFIX

callbacks = typer.Typer(help="Calls to those who asked over HTTP.", no_args_is_help=True)

As = Annotated[str | None, typer.Option("--as", help="Who does it; written into the audit. Default: your login.")]
PAGE = 200


@callbacks.command("secret")
def secret() -> None:
    """Makes a secret for SIGNOFF_CALLBACK_SECRET."""
    typer.echo(SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())


@callbacks.command("list")
def listing(env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Those that were given up, the oldest first."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            dead = await _dead(records)
        if as_json:
            output.document({"callbacks": [_row(approval) for approval in dead]})
        elif not dead:
            typer.echo("No callback was given up.")
        for approval in [] if as_json else dead:
            row = _row(approval)
            typer.echo(f"{row['id']}  {row['ended']}  {row['host']}  after {row['attempts']} attempts: {row['error']}")

    run_until_done(work())


@callbacks.command("replay")
def replay(
    approval_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one that was given up.")] = False,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Has them sent once more by whoever serves, also one that was taken before."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            named = [approval.id for approval in await _dead(records)] if every else [*(approval_ids or ())]
            if not named and not every:
                raise Refused("which? name ids, or --all")
            actor = ActorRef(as_ or getpass.getuser(), Source.CLI)
            for again in (_could, _again):  # all of them, or none
                for approval_id in named:
                    await again(records, approval_id.upper(), actor)
        if as_json:
            output.document({"replayed": list[JsonValue](named)})
        else:
            typer.echo(f"{len(named)} will be sent again.")

    run_until_done(work())


async def _dead(records: Records) -> list[Approval]:
    found: list[Approval] = []
    while True:
        page = await records.store.page(Query(status=None, undelivered=True, offset=len(found), limit=PAGE))
        found += page.approvals
        if len(page.approvals) < PAGE:
            return found


async def _could(records: Records, approval_id: str, actor: ActorRef) -> None:
    found = await records.approvals.get(approval_id)
    if found is None:
        raise Refused(f"there is no approval {approval_id}; signoff list --all shows those there are")
    if found.resolution is None:
        raise Refused(f"{approval_id} is not decided yet: there is nothing to tell")
    if isinstance(no := calling.send_again(found, actor, records.clock()), Refusal):
        raise Refused(no.detail or no.reason.value)


async def _again(records: Records, approval_id: str, actor: ActorRef) -> None:
    done = await records.approvals.change(approval_id, lambda one: calling.send_again(one, actor, records.clock()))
    if isinstance(done, Refusal):
        raise Refused(done.detail or done.reason.value)


def _row(approval: Approval) -> dict[str, JsonValue]:
    told, ended = approval.delivery, approval.closed_at
    return {
        "id": approval.id,
        "ended": ended.isoformat(timespec="seconds") if ended else None,
        "host": urlsplit(approval.callback).hostname,
        "attempts": told.attempts if told else 0,
        "error": told.error if told else "",
    }
