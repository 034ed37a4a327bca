"""The command line, an interface that others script: with `--json` exactly one document on stdout, logs on stderr.

Exit status: 0 done, 1 an expected refusal, 2 usage or configuration (a server that went away among them), 70 a defect
of ours, with a traceback on stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

from approvals.errors import InputError, SignoffError
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, DecisionType, JsonValue, Source
from approvals.ports import Query
from approvals.refusals import Refusal
from bot import logs, output, strict_json
from bot.audit_cli import audit
from bot.callbacks_cli import callbacks
from bot.command import AsJson, ConfigFile, EnvFile, Refused, run_until_done, settings_of, stdin_text
from bot.core import open_core, open_records
from bot.edited import typed
from bot.keys_cli import keys
from bot.policy_cli import policy
from bot.receipt_cli import receipt

app = typer.Typer(
    name="signoff",
    help="People approve in Slack what LangGraph agents are about to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _json(text: str, what: str) -> JsonValue:
    source = stdin_text() if text == "-" else text
    try:
        return strict_json.parse(source)
    except ValueError as wrong:
        raise InputError(
            f"{what} is not JSON: {wrong}; write it like '{{\"amount\": 340}}', or - to read stdin"
        ) from None


@app.command()
def serve(config: ConfigFile = None, env_file: EnvFile = None) -> None:
    """Serves Slack and runs the graphs, until it is stopped."""
    from bot.serve import serve_until_stopped

    run_until_done(serve_until_stopped(settings_of(env_file, config)))


@app.command()
def demo(
    script: Annotated[bool, typer.Option("--script", help="Play the story in the terminal, and exit.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 lets the kernel choose.")] = 8420,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path(".signoff"),
) -> None:
    """A local Slack, an embedded server and an agent that wants to pay a refund: no keys, no network."""
    from bot import demo as play

    logs.configure("console", level=30)
    run_until_done(play.script() if script else play.desk(data, port))


@app.command()
def run(
    graph: Annotated[str, typer.Argument(help="A name from langgraph.json.")],
    input_: Annotated[str, typer.Option("--input", help="The graph's input as JSON, or - for stdin.")] = "{}",
    thread: Annotated[
        str | None, typer.Option(help="Name the thread. One that has finished takes the input as its next turn.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Of a thread that waits for people: drop what it asks.")
    ] = False,
    requester: Annotated[str | None, typer.Option(help="On whose behalf: a Slack user id.")] = None,
    config: ConfigFile = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Runs a graph until it waits for people or ends. A serving process posts the card."""

    async def work() -> None:
        async with open_core(settings_of(env_file, config)) as core:
            if graph not in core.registry.names():
                known = ", ".join(core.registry.names()) or "none"
                raise InputError(f"there is no graph {graph} in {core.settings.signoff_config} (known: {known})")
            result = await core.runner.run(
                graph, _json(input_, "--input"), thread, requester=requester, replacing=replace
            )
            if isinstance(result, Refusal):
                raise Refused(output.refused(result))
            output.ran(result, core.records.shown, as_json=as_json)

    run_until_done(work())


@app.command("list")
def list_(
    graph: Annotated[str | None, typer.Option(help="Only of this graph.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="How many to skip.")] = 0,
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too, newest first.")] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Lists pending approvals, oldest first."""

    async def work() -> None:
        query = Query(graph=graph, limit=limit, offset=offset)
        if everything:
            query = Query(status=None, graph=graph, limit=limit, offset=offset, newest_first=True)
        async with open_records(settings_of(env_file)) as records:
            output.listed(records.shown.page(await records.approvals.page(query)), as_json=as_json)

    run_until_done(work())


@app.command()
def show(
    approval_id: Annotated[str, typer.Argument(metavar="ID")], env_file: EnvFile = None, as_json: AsJson = False
) -> None:
    """Shows one approval."""

    async def work() -> None:
        async with open_records(settings_of(env_file)) as records:
            approval = await records.approvals.get(approval_id)
            if approval is None:
                raise Refused(f"there is no approval {approval_id}; signoff list shows those that wait")
            output.shown(records.shown.approval(approval), as_json=as_json)

    run_until_done(work())


@app.command()
def decide(
    approval_id: Annotated[str, typer.Argument(metavar="ID")],
    decision: Annotated[DecisionType, typer.Argument(help="approve, deny, edit or respond.")],
    as_: Annotated[str, typer.Option("--as", help="Who decides; written into the audit.")],
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    args: Annotated[str | None, typer.Option(help="For edit: all arguments as a JSON object.")] = None,
    text: Annotated[str | None, typer.Option(help="For respond: the answer.")] = None,
    action: Annotated[int | None, typer.Option(min=0, help="Of a batch: which action, counted from 0.")] = None,
    leave: Annotated[bool, typer.Option("--leave", help="Leave the graph to a serving process.")] = False,
    config: ConfigFile = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Decides as an operator. Then runs the graph on here, unless another process does or --leave is given."""
    given = None if args is None else _json(args, "--args")
    if given is not None and not isinstance(given, dict):
        raise InputError("--args must be a JSON object with all arguments")
    if decision is DecisionType.EDIT and given is None:
        raise InputError("edit needs --args: all arguments as a JSON object")
    actor = Actor(ActorRef(as_, Source.CLI))
    attempt = Attempt(type=decision, actor=actor.ref, reason=reason, text=text, action=action)

    async def work() -> None:
        settings = settings_of(env_file, config)
        async with AsyncExitStack() as stack:
            if leave:
                records = await stack.enter_async_context(open_records(settings))
            else:
                records = (await stack.enter_async_context(open_core(settings))).records
            known = await records.approvals.get(approval_id)
            args = given if known is None or given is None else typed(known, records.shown, action, given)
            done = await records.approvals.decide(approval_id, replace(attempt, args=args), actor)
            if isinstance(done, Refusal):
                why = output.refused(done, await records.approvals.get(approval_id), as_)
                raise Refused(str(records.shown.told(why, known)))
            await records.effects.drain()
            found = await records.approvals.get(approval_id) or done.approval
            output.shown(records.shown.approval(found), as_json=as_json)

    run_until_done(work())


@app.command()
def repair(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="The id of the thread, not of an approval.")],
    as_: Annotated[str, typer.Option("--as", help="Who repairs; written into the audit.")],
    config: ConfigFile = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Asks everything anew that a thread is stuck on: for an answer that its graph cannot take, or a node put back."""

    async def work() -> None:
        async with open_core(settings_of(env_file, config)) as core:
            done = await core.threads.repair(thread, actor=ActorRef(as_, Source.CLI))
            if isinstance(done, Refusal):
                raise Refused(output.refused(done))
            await core.records.effects.drain()
            output.ran(await core.runner.look(thread), core.records.shown, as_json=as_json)

    run_until_done(work())


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="GRAPH|ID", help="A graph, or an approval.")],
    value: Annotated[str | None, typer.Option(help="Of a graph: an interrupt value as JSON, or - for stdin.")] = None,
    node: Annotated[str, typer.Option(help="Of a graph: the node that the value comes from.")] = "",
    config: ConfigFile = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Tells what a graph's questions are taken for, what it is given for each answer, and why."""
    from bot.explain import explained

    async def work() -> None:
        given = None if value is None else (_json(value, "--value"),)
        output.explained(await explained(settings_of(env_file, config), what, given, node), as_json=as_json)

    run_until_done(work())


@app.command()
def doctor(config: ConfigFile = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Checks tokens, scopes, channels, Redis, graphs and policies, and says what to do."""
    from bot.doctor import Level, examine

    async def work() -> None:
        findings = [finding async for finding in examine(settings_of(env_file, config))]
        output.findings(findings, as_json=as_json)
        if any(finding.level is Level.PROBLEM for finding in findings):
            raise typer.Exit(1)

    run_until_done(work())


@app.command()
def manifest(
    request_url: Annotated[
        str | None, typer.Option(help="For http mode: https://your.host/slack/events. Without it: Socket Mode.")
    ] = None,
) -> None:
    """Prints the Slack app manifest to paste at api.slack.com/apps."""
    from bot.manifest import manifest as made

    output.document(made(request_url=request_url))


app.command("receipt")(receipt)
app.add_typer(audit, name="audit")
app.add_typer(callbacks, name="callbacks")
app.add_typer(policy, name="policy")
app.add_typer(keys, name="keys")


def _read(words: Sequence[str]) -> None:
    """Raises `InputError` for bytes that are no text: they could be kept nowhere, and not be printed."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise InputError(f"the argument {os.fsencode(word)!r} is not text in UTF-8") from None


def main() -> None:
    """The console script. The one place where errors become exit statuses."""
    try:
        _read(sys.argv[1:])
        app()
    except Refused as no:
        logs.last_words(str(no))
        sys.exit(1)
    except SignoffError as wrong:
        logs.last_words(str(wrong))
        sys.exit(2)
    except RedisError as away:
        logs.last_words(f"the server at REDIS_URL went away ({away}); `signoff doctor` says more")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as ours:  # noqa: BLE001 - told apart from a refusal, whose status is 1
        logs.defect(ours)
        sys.exit(70)
