"""`signoff receipt` and `signoff audit verify-receipt`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from approvals.audit import archive as archives
from approvals.audit import receipt as receipts
from approvals.audit.issuing import issued
from approvals.errors import InputError
from approvals.refusals import Refusal
from bot import audit_output, output, receipt_text
from bot.audit_cli import Archives, PublicKey, audit, trusted_keys
from bot.command import AsJson, EnvFile, Refused, run_until_done, settings_of
from bot.core import open_records


class Form(StrEnum):
    """Of a receipt."""

    JSON = "json"
    TEXT = "text"


def receipt(
    approval_id: Annotated[str, typer.Argument(metavar="ID")],
    format_: Annotated[Form, typer.Option("--format", help="json proves it; text is for a ticket.")] = Form.JSON,
    archive: Archives = None,
    env_file: EnvFile = None,
) -> None:
    """Prints everything that proves one decision; `audit verify-receipt` checks it anywhere, without a server."""

    async def work() -> None:
        files = [archives.opened(path) for path in archive or ()]
        async with open_records(settings_of(env_file)) as records:
            approval = await records.approvals.get(approval_id)
            if approval is None:
                raise Refused(f"there is no approval {approval_id}; signoff list shows those that wait")
            found = await issued(records.audit, records.shown.approval(approval), records.clock(), files)
            if isinstance(found, Refusal):
                raise Refused(output.refused(found))
            if format_ is Form.TEXT:
                typer.echo(receipt_text.text(found))
            else:
                typer.echo(json.dumps(found, indent=2))

    run_until_done(work())


@audit.command("verify-receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `signoff receipt` printed.")],
    public_key: PublicKey = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Checks a receipt by itself: events, paths, seals, signatures. Needs no server."""
    try:
        document: object = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as wrong:
        raise InputError(f"{file} cannot be read: {wrong}") from None
    keys = trusted_keys(settings_of(env_file), public_key)
    found = receipts.verified(document, trusted=keys)
    audit_output.receipt(found, receipts.keys_of(document), keys, as_json=as_json)
    if found:
        raise typer.Exit(1)
