"""`signoff audit …`: read, sealed, verified, exported, archived. Statuses: 0 as it was sealed, 1 it is not, 2 usage."""

from __future__ import annotations

import getpass
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agents.carried import Carried
from agents.checkpointer import open_checkpointer
from approvals.audit import archive as archives
from approvals.audit import signing
from approvals.audit.check import Counts, Finding
from approvals.audit.entries import Entry
from approvals.audit.keeping import Sealer, trimmed
from approvals.audit.verifying import OfFile, Verification, entries_of
from approvals.errors import InputError
from approvals.model import ActorRef, Source
from approvals.redact import Redactor
from approvals.refusals import Refusal
from approvals.settings import Settings
from bot import audit_output, audit_rows, output, public
from bot.command import AsJson, EnvFile, Refused, run_until_done, settings_of
from bot.core import Records, open_records

audit = typer.Typer(help="The audit: every event, sealed.", no_args_is_help=False)

PublicKey = Annotated[
    list[str] | None,
    typer.Option("--public-key", help="A key that is trusted: base64, PEM, or a file. Default: of SIGNOFF_SEAL_KEY."),
]
As = Annotated[
    str | None, typer.Option("--as", help="Who does it; written into the audit. Default: the system's user.")
]
Archives = Annotated[list[Path] | None, typer.Option("--archive", help="A file of `audit archive`; may be repeated.")]


class Format(StrEnum):
    """Of an export."""

    JSONL = "jsonl"
    CSV = "csv"


def trusted_keys(settings: Settings, given: Sequence[str] | None) -> list[str]:
    """The public keys that count: those given, else that of the setting."""
    if given:
        return [signing.public_of(value) for value in given]
    return [signing.key_of(settings.signoff_seal_key.get_secret_value()).public] if settings.signoff_seal_key else []


def moment(text: str, what: str) -> datetime:
    """A date or a time; UTC where it names no zone. Raises `InputError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{what}: write a date or a time like 2026-11-02 or 2026-11-02T09:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _actor(as_: str | None) -> ActorRef:
    return ActorRef(as_ or getpass.getuser(), Source.CLI)


@audit.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    approval: Annotated[str | None, typer.Option(help="Only of this approval.")] = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Prints the audit, one event a line, oldest first. Its commands seal, verify, export and archive it."""
    if context.invoked_subcommand is not None:
        return

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            if approval is not None and (gone := await records.audit.missing(approval)):
                typer.echo(f"{gone} earlier events of {approval} are archived.", err=True)
            after = "-"
            while events := await records.approvals.audit(approval, after=after):
                for event in events:
                    output.event(public.event(event), as_json=as_json)
                after = events[-1].seq

    run_until_done(work())


@audit.command("seal")
def seal(env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Seals now what was written since the last seal. A serving process does it by itself."""

    async def work() -> None:
        settings = settings_of(env_file)
        secret = settings.signoff_seal_key
        key = signing.key_of(secret.get_secret_value()) if secret else None
        async with open_records(settings) as records:
            made = await Sealer(records.audit, clock=records.clock, key=key, a_turn=1_000_000).once()
            head = await records.audit.head()
        if as_json:
            output.document({"made": made, "seal": head.number, "hash": head.hash})
        else:
            typer.echo(f"{made} made; the newest seal is {head.number}: {head.hash or 'none'}")

    run_until_done(work())


@audit.command("keygen")
def keygen(
    to: Annotated[Path | None, typer.Option("--to", help="Write the private key there, for its owner alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Makes a pair of keys for the seals. The private one goes into SIGNOFF_SEAL_KEY, or into a file that it names."""
    key = signing.generated()
    if to is not None:
        try:
            to.touch(0o600, exist_ok=False)
            to.write_text(key.pem)
        except OSError as wrong:
            raise InputError(f"{to} cannot be written: {wrong.strerror}") from wrong
    if as_json:
        output.document({"public": key.public} | ({"file": str(to)} if to else {"private": key.pem}))
        return
    typer.echo(f"private: {to}" if to else key.pem.strip())
    typer.echo(f"public: {key.public}")


@audit.command("verify")
def verify(
    public_key: PublicKey = None,
    pin: Annotated[
        list[str] | None, typer.Option("--pin", help="NUMBER=HASH of a seal that was noted elsewhere.")
    ] = None,
    archive: Archives = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only the archives, by the seals they hold.")] = False,
    checkpoints: Annotated[
        bool,
        typer.Option("--checkpoints/--no-checkpoints", help="Compare what graphs were given with what was decided."),
    ] = True,
    limit: Annotated[int, typer.Option(min=1, help="How many findings are named.")] = 100,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Recomputes the chain of seals, and names every event and seal that is not as it was sealed."""

    async def work() -> None:
        settings = settings_of(env_file)
        files = [archives.opened(path) for path in archive or ()]
        if offline and not files:
            raise InputError("--offline needs an --archive")
        keys = trusted_keys(settings, public_key)
        told, walked = _Told(limit, quiet=as_json), list[Counts]()
        counts, compared = Counts(), None
        async with AsyncExitStack() as stack:
            records = None if offline else await stack.enter_async_context(open_records(settings))
            if records is not None:
                carried = await _carried(stack, settings, records) if checkpoints else None
                look = carried.look if carried else None
                whole = Verification(records.audit, trusted=keys, pins=_pins(pin), look=look)
                await told.all(whole.findings())
                counts, compared = whole.counts, carried.compared if carried else None
            for file in files:
                one = OfFile(file, records.audit if records else None, trusted=keys)
                await told.all(one.findings())
                walked.append(one.counts)
        if as_json:
            audit_output.verified_json(told.found, counts, compared, walked, keys)
        else:
            told.rest()
            audit_output.verified(counts, compared, walked, bool(keys))
        if told.count:
            raise typer.Exit(1)

    run_until_done(work())


async def _carried(stack: AsyncExitStack, settings: Settings, records: Records) -> Carried:
    url, wanted = settings.redis_url.get_secret_value(), settings.signoff_checkpointer
    saver = await stack.enter_async_context(open_checkpointer(url, wanted=wanted, kept=records.kept))
    return Carried(records.store, saver)


class _Told:
    """Findings, as many as are wanted; the rest are counted."""

    def __init__(self, limit: int, *, quiet: bool) -> None:
        self.found: list[Finding] = []
        self.count = 0
        self._limit = limit
        self._quiet = quiet

    async def all(self, findings: AsyncIterator[Finding]) -> None:
        async for each in findings:
            self.count += 1
            if self.count <= self._limit:
                self.found.append(each)
                if not self._quiet:
                    audit_output.finding(each)

    def rest(self) -> None:
        if self.count > len(self.found):
            audit_output.more(self.count - len(self.found))


def _pins(given: Sequence[str] | None) -> dict[int, str]:
    found: dict[int, str] = {}
    for text in given or ():
        match = re.fullmatch(r"(\d{1,12})=([0-9a-f]{64})", text)
        if match is None:
            raise InputError("--pin: write NUMBER=HASH as `signoff audit seal` prints them, like 12=9f86d0…")
        found[int(match[1])] = match[2]
    return found


@audit.command("export")
def export(
    since: Annotated[str | None, typer.Option(help="From this time on, as the server wrote it down.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time, which is left out.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="jsonl, or csv for spreadsheets.")] = Format.JSONL,
    env_file: EnvFile = None,
) -> None:
    """Prints all events of a time, one a line, as other systems take them in."""

    async def work() -> None:
        settings = settings_of(env_file)
        first = 0 if since is None else _ms(since, "--since")
        last = None if until is None else _ms(until, "--until")
        redactor = Redactor(settings.signoff_redact)
        async with open_records(settings) as records:
            if format_ is Format.CSV:
                typer.echo(audit_rows.heading())
            async for entry in exported(records, first, last):
                found = audit_rows.row(entry, redactor)
                typer.echo(audit_rows.as_csv(found) if format_ is Format.CSV else audit_rows.as_json(found))

    run_until_done(work())


async def exported(records: Records, first: int, last: int | None) -> AsyncIterator[Entry]:
    """Events written from `first` until before `last`, in milliseconds since the epoch; a page in memory at a time."""
    async for entry in entries_of(records.audit, (first, 0) if not first else (first - 1, 2**64 - 1)):
        if last is not None and entry.at[0] >= last:
            return
        yield entry


def _ms(text: str, what: str) -> int:
    return max(0, int(moment(text, what).timestamp() * 1000))


@audit.command("archive")
def archive(
    until: Annotated[str, typer.Option(help="Events older than this.")],
    to: Annotated[Path, typer.Option("--to", help="A new file; compressed where its name ends in .gz.")],
    trim: Annotated[bool, typer.Option("--trim", help="Then drop them from Redis. Their seals stay.")] = False,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Writes sealed events into a file, whole segments of them; nothing that is not sealed."""

    async def work() -> None:
        at = moment(until, "--until")
        async with open_records(settings_of(env_file)) as records:
            done = await archives.archive(records.audit, to, at, _actor(as_), records.clock())
            dropped = 0
            if trim and (not isinstance(done, Refusal) or await _left(records)):
                dropped = await trimmed(records.audit, at, _actor(as_), records.clock())
            if isinstance(done, Refusal) and not dropped:
                raise Refused(output.refused(done))
            _told_archived(None if isinstance(done, Refusal) else done, to, dropped, as_json=as_json)

    run_until_done(work())


async def _left(records: Records) -> bool:
    head = await records.audit.head()
    return head.archived > head.trimmed


def _told_archived(done: archives.Archived | None, to: Path, dropped: int, *, as_json: bool) -> None:
    if as_json:
        told = {} if done is None else {"file": str(to), "seals": [done.first, done.last], "events": done.events}
        output.document(told | ({"sha256": done.sha256} if done else {}) | {"trimmed": dropped})
        return
    if done is not None:
        typer.echo(f"{to}: {done.events} events of seals {done.first} to {done.last}, SHA-256 {done.sha256}")
    if dropped:
        typer.echo(f"{dropped} archived events dropped from Redis")
