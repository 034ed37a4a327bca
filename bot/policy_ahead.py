"""`signoff policy simulate` and `signoff policy lint`: what policies would do, and what they could not."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.dialects import Dialects
from agents.dialects.replies import Replies
from agents.manifest import read_manifest
from approvals import outlook, policies, words
from approvals.errors import InputError
from approvals.hours import APPROVER, TEAM, zones_of
from approvals.lint import Finding
from approvals.managers import Managers
from approvals.policy import PolicySet
from approvals.settings import Settings, needed
from bot import slack, strict_json
from bot.absences import Absences
from bot.command import AsJson, EnvFile, run_until_done, settings_of
from bot.core import open_records, utc_now
from bot.coverage import Coverage
from bot.directory import Directory
from bot.output import document
from bot.rich import line
from bot.simulate import Asked, Simulated, Simulator
from bot.slack import Slack

console = Console(soft_wrap=True)

InFile = Annotated[Path | None, typer.Option("--file", help="Policies to try. Default: those that count now.")]


def register(policy: typer.Typer) -> None:
    """Adds the commands."""
    policy.command("simulate")(simulate)
    policy.command("lint")(lint)


async def _rules(settings: Settings, file: Path | None) -> PolicySet:
    """Those of a file, which needs no server, or those that count."""
    if file is not None:
        return policies.load(file, fallback_channel=settings.signoff_channel)
    async with open_records(settings) as records:
        rules, _ = await records.book.current()
        return rules


def directory_of(settings: Settings) -> Directory | None:
    """Slack's own people, where there is a token."""
    if settings.slack_bot_token is None:
        return None
    web = Slack(slack.client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    managers = Managers(settings.signoff_managers) if settings.signoff_managers else None
    return Directory(web, clock=utc_now, managers=managers)


def _moment(text: str | None, zone: str, now: datetime) -> datetime:
    """A time as somebody writes it, in the team's zone where it names none."""
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--at {text!r} is no time; write it like 2026-11-20T16:30 or 2026-11-20T16:30+01:00"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _replies(settings: Settings) -> Replies:
    return read_manifest(settings.signoff_config).replies if settings.signoff_config.is_file() else Replies()


def simulate(
    graph: Annotated[str, typer.Argument(help="The graph that asks.")],
    question: Annotated[str, typer.Argument(help="What it would hand to interrupt(), as JSON.")],
    requester: Annotated[
        str | None, typer.Option(help="On whose behalf: a Slack user id; with a token also @name or an e-mail address.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When it asks, in the team's time zone. Default: now.")] = None,
    node: Annotated[str, typer.Option(help="The node that asks.")] = "",
    file: InFile = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Shows what would become of a question that nobody answers. Starts nothing and tells nobody."""

    async def work() -> None:
        settings = settings_of(env_file)
        try:
            payload = strict_json.parse(question)
        except ValueError as wrong:
            raise InputError(f'the question is not JSON: {wrong}; write it like \'{{"action": "refund"}}\'') from None
        zone = settings.signoff_time_zone
        dialects = Dialects(replies=_replies(settings))
        directory = directory_of(settings)
        simulator = Simulator(dialects, team_zone=zone, directory=directory)
        when = _moment(at, zone, utc_now())
        whose = await _requester(requester, directory)
        asked = Asked(graph=graph, payload=payload, at=when, requester=whose, node=node)
        found = await simulator.run(asked, await _rules(settings, file))
        if as_json:
            document(_walk(found, zone))
        else:
            _print(found, zone)

    run_until_done(work())


async def _requester(typed: str | None, directory: Directory | None) -> str | None:
    """The user id of whom somebody means. What is no name of a person stays as it is: an agent may ask for one."""
    if typed is None or directory is None:
        return typed
    found = await directory.called(typed)
    if len(found) == 1:
        return found[0]
    if found or "@" in typed:
        how = f"fits {len(found)} people" if found else "is nobody's name"
        raise InputError(f"--requester {typed!r} {how}; name them by e-mail address or member id")
    return typed


def _zone(found: Simulated, team: str) -> tuple[str, str]:
    """The zone in which the walk is told, and whose it is."""
    kept, zones = found.walk.approval.hours, found.walk.approval.zones
    zone = zones_of(kept, zones)[0] if kept else team
    return zone, "team" if kept is None or kept.zone in (TEAM, APPROVER) else "policy"


def _walk(found: Simulated, team: str) -> dict[str, Any]:
    walk, approval = found.walk, found.walk.approval
    return {
        "policy": approval.policy.name,
        "source": approval.policy.source,
        "requester": approval.requester,
        "urgency": approval.urgency,
        "zones": list(approval.zones),
        "hours": None if approval.hours is None else words.working(approval.hours, " or ".join(approval.zones)),
        "doubts": list(walk.doubts),
        "steps": [
            asdict(step)
            | {
                "at": step.at.isoformat(),
                "people": list(step.people) if found.known else None,
                "local": _local(found, index, team),
            }
            for index, step in enumerate(walk.steps)
        ],
        "end": walk.end,
        "cut": walk.cut,
        "people": list(walk.people) if found.known else None,
        "names": dict(found.names) if found.known else None,
        "unresolved": dict(found.unresolved),
    }


def _local(found: Simulated, index: int, team: str) -> list[dict[str, Any]]:
    """When a step comes where its people are; where nobody was looked up, in the one zone that there is."""
    at = found.walk.steps[index].at
    if not found.known:
        zone, _ = _zone(found, team)
        return [{"zone": zone, "at": at.astimezone(ZoneInfo(zone)).isoformat(), "people": None}]
    local = outlook.local(at, found.walk.concerned(index), found.clocks)
    return [{"zone": each.zone, "at": each.at.isoformat(), "people": list(each.people)} for each in local]


def _print(found: Simulated, team: str) -> None:
    walk, approval = found.walk, found.walk.approval
    shown, whose = _zone(found, team)
    console.print(Text(words.sentence(approval.policy), style="dim"))
    if approval.hours:
        console.print(Text(words.working(approval.hours, " or ".join(approval.zones)), style="dim"))
    rows = Table(f"AT ({shown})", "WHAT", box=None, header_style="bold", pad_edge=False)
    for index, step in enumerate(walk.steps):
        at = f"{step.at.astimezone(ZoneInfo(shown)):%a %Y-%m-%d %H:%M:%S}"
        rows.add_row(at, Text(outlook.step(walk, step, known=found.known)))
        local = outlook.local(step.at, walk.concerned(index), found.clocks)
        if theirs := outlook.in_words(local, lambda one: line(found.names.get(one, ""), 60) or one):
            rows.add_row("", Text(theirs, style="dim"))
    console.print(rows)
    notes = [outlook.ending(walk, known=found.known), *(f"not told: {doubt}" for doubt in walk.doubts)]
    notes += [f"{entry}: {why}" for entry, why in found.unresolved.items()]
    if not found.known:
        notes.append(f"Without SLACK_BOT_TOKEN nobody was looked up: the times are of the {whose}'s zone, {shown}.")
    for note in filter(None, notes):
        console.print(Text(note))


def lint(file: InFile = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Finds the policies that nobody could finish, by asking Slack who is there. Exit status 1 if there are any."""

    async def work() -> None:
        settings = settings_of(env_file)
        needed(settings, "slack_bot_token")
        directory = directory_of(settings)
        assert directory is not None
        rules = await _rules(settings, file)
        async with open_records(settings) as records:
            absences = Absences(records.away, directory)
            coverage = Coverage(directory, absences, managers=settings.signoff_managers is not None)
            found = await coverage.findings(rules)
        _report(found, len(rules.policies) + 1, as_json=as_json)
        if found:
            raise typer.Exit(1)

    run_until_done(work())


def _report(found: tuple[Finding, ...], rules: int, *, as_json: bool) -> None:
    if as_json:
        document([asdict(one) | {"key": one.key, "text": outlook.finding(one)} for one in found])
        return
    for one in found:
        console.print(Text(outlook.finding(one)))
    if not found:
        console.print(f"Every chain of the {rules} policies can be finished.")
