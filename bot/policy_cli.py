"""`signoff policy`: what counts, what counted, and how it is changed. With `--json`, one document on stdout."""

from __future__ import annotations

import getpass
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from agents.dialects import Dialects
from approvals import policies
from approvals.book import NotPublished, PolicyBook, Published, difference
from approvals.errors import ConfigError, InputError
from approvals.model import ActorRef, Source
from approvals.opening import Opening, Zones
from approvals.policy import PolicySet
from approvals.reapplying import Reapplied, Reapply
from approvals.refusals import Refusal
from approvals.settings import Settings
from bot import output, policy_ahead, policy_output
from bot.command import AsJson, EnvFile, Refused, run_until_done, settings_of, stdin_text
from bot.core import open_records

policy = typer.Typer(help="Who is asked, and what follows as time passes.", no_args_is_help=True)
policy_ahead.register(policy)

File = Annotated[
    Path | None, typer.Argument(help="Or - for stdin. Default: the file that SIGNOFF_POLICIES names.", allow_dash=True)
]
Note = Annotated[str, typer.Option(help="Why; written into the history.")]
Expect = Annotated[int | None, typer.Option(min=0, help="Only if this version counts now. See `policy history`.")]
As = Annotated[str | None, typer.Option("--as", help="Who changes it; written into the audit. Default: your login.")]


@asynccontextmanager
async def _book(settings: Settings) -> AsyncGenerator[PolicyBook]:
    async with open_records(settings) as records:
        yield records.book


def _named(file: Path | None, settings: Settings) -> Path:
    where = file or settings.signoff_policies
    if where is None:
        raise InputError("which file? name it, or set SIGNOFF_POLICIES")
    return where


def _text(file: Path) -> str:
    return stdin_text() if str(file) == "-" else policies.text_of(file)


def _label(file: Path) -> str:
    return "stdin" if str(file) == "-" else file.name


def _actor(as_: str | None) -> ActorRef:
    return ActorRef(as_ or getpass.getuser(), Source.CLI)


def _done(found: Published | Refusal, label: str) -> Published:
    """What was published. Raises: `ConfigError` with the findings by line, `Refused` for every other no."""
    if isinstance(found, Published):
        return found
    if isinstance(found, NotPublished) and found.findings:
        raise ConfigError(policies.listed(found.findings, label))
    raise Refused(policy_output.refused(found))


@policy.command("check")
def check(file: File = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Reads a policy file, and says what is wrong with it by line and key. Needs no server."""
    settings = settings_of(env_file)
    where = _named(file, settings)
    found = policies.parse(_text(where), file=_label(where), fallback_channel=settings.signoff_channel)
    if as_json:
        output.document(policy_output.checked(found, str(where)))
        if not isinstance(found, PolicySet):
            raise typer.Exit(2)
    elif isinstance(found, PolicySet):
        policy_output.rules(found, where)
    else:
        raise ConfigError(policies.listed(found, _label(where)))


@policy.command("apply")
def apply(
    file: File = None,
    note: Note = "",
    expect: Expect = None,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Makes a file the version that counts, on every replica, without a restart."""

    async def work() -> None:
        settings = settings_of(env_file)
        where = _named(file, settings)
        text = _text(where)
        # The file that a start would read has been applied by this, too.
        same = settings.signoff_policies is not None and where.resolve() == settings.signoff_policies.resolve()
        async with _book(settings) as book:
            done = await book.publish(
                text,
                expected=await book.number() if expect is None else expect,
                actor=_actor(as_),
                note=note or _label(where),
                file=policies.digest(text) if same else None,
            )
            policy_output.published(_done(done, _label(where)), as_json=as_json)

    run_until_done(work())


@policy.command("show")
def show(
    version: Annotated[int | None, typer.Option(min=0, help="Which one. Default: the one that counts.")] = None,
    words: Annotated[bool, typer.Option("--words", help="In plain words, a line a policy.")] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Prints the policies that count, as they are written."""

    async def work() -> None:
        async with _book(settings_of(env_file)) as book:
            now, number = await book.text() if version is None else (None, version)
            text = await book.text_of(number) if now is None else now
            if isinstance(text, Refusal):
                raise Refused(policy_output.refused(text))
            found = book.check(text, number)
            if not isinstance(found, PolicySet):
                raise ConfigError(policies.listed(found, f"version {number}"))
            policy_output.shown(number, text, found, await book.version(number), in_words=words, as_json=as_json)

    run_until_done(work())


@policy.command("history")
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 20,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Lists the versions, newest first."""

    async def work() -> None:
        async with _book(settings_of(env_file)) as book:
            policy_output.history(await book.history(limit), as_json=as_json)

    run_until_done(work())


@policy.command("diff")
def diff(
    before: Annotated[
        str | None, typer.Argument(metavar="A", help="A version or a file. Default: the last but one.")
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="B", help="The same. Default: the version that counts.")
    ] = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Shows what differs between two versions, or between a version and a file, line by line."""

    async def work() -> None:
        async with _book(settings_of(env_file)) as book:
            now = await book.number()
            old = before if before is not None else str(max(0, now - 1))
            new = after if after is not None else str(now)
            found = difference(await _side(book, old), await _side(book, new), old, new)
            policy_output.differs(found, old, new, as_json=as_json)

    run_until_done(work())


async def _side(book: PolicyBook, of: str) -> str:
    if not of.isdecimal():
        return _text(Path(of))
    text = await book.text_of(int(of))
    if isinstance(text, Refusal):
        raise Refused(policy_output.refused(text))
    return text


@policy.command("rollback")
def rollback(
    version: Annotated[int, typer.Argument(metavar="N", min=0, help="The version to bring back.")],
    note: Note = "",
    expect: Expect = None,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Brings an earlier version back, as a new one."""

    async def work() -> None:
        async with _book(settings_of(env_file)) as book:
            expected = await book.number() if expect is None else expect
            done = await book.roll_back(version, expected=expected, actor=_actor(as_), note=note)
            policy_output.published(_done(done, f"version {version}"), as_json=as_json)

    run_until_done(work())


def _zones(settings: Settings) -> Zones:
    """The approvers' own time zones, for policies that keep them: Slack knows them, and must be there to be asked."""
    directory = policy_ahead.directory_of(settings)

    async def zones(entries: tuple[str, ...]) -> tuple[str, ...]:
        if directory is None:
            raise ConfigError(
                "a policy keeps its approvers' working hours (zone: approver), and only Slack knows their time zones: "
                "set SLACK_BOT_TOKEN, or use “Apply to what waits” in /approvals admin; nothing was changed"
            )
        await directory.team_id()  # a token that is no good is an error, and not a reason to take the team's zone
        return await directory.zones(entries)

    return zones


@policy.command("reapply")
def reapply(
    approval: Annotated[str | None, typer.Argument(metavar="ID", help="An approval that waits.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits.")] = False,
    as_: As = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Asks what waits anew, under the policies that count now: votes are void, and the clocks begin anew."""
    if (approval is None) != everything:
        raise InputError("which one? name an approval, or say --all")

    async def work() -> None:
        settings = settings_of(env_file)
        async with open_records(settings) as records:
            now = records.book.policies
            opening = Opening(now, Dialects(), clock=records.clock, team_zone=settings.signoff_time_zone)
            opening.use(_zones(settings))
            use = Reapply(records.approvals, now, opening, clock=records.clock)
            if approval is None:
                policy_output.reapplied(await use.everything(_actor(as_)), as_json=as_json)
                return
            done = await use.one(approval, _actor(as_))
            if isinstance(done, Refusal):
                raise Refused(policy_output.refused(done))
            policy_output.reapplied(Reapplied(asked=(approval,)), as_json=as_json)

    run_until_done(work())


@policy.command("schema")
def schema(as_json: AsJson = False) -> None:  # noqa: ARG001 - it is JSON either way
    """Prints the JSON Schema of policy files, for editors. With or without --json."""
    output.document(policies.json_schema())
