"""What the command line prints: tables for people, one JSON document for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.explain import Explained
from agents.runner import RunResult, RunStatus
from approvals.model import Approval, Decision, Source
from approvals.ports import Page
from approvals.refusals import Reason, Refusal
from approvals.shown import Shown
from bot import public

if TYPE_CHECKING:
    from bot.doctor import Finding

_console = Console(soft_wrap=True)


def document(found: object) -> None:
    """One JSON document."""
    _console.out(json.dumps(found, ensure_ascii=False, indent=2), highlight=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _rows(approvals: Sequence[Approval]) -> Table:
    table = _table("ID", "STATUS", "GRAPH", "WHAT", "UNTIL")
    for approval in approvals:
        until = f"{approval.expires_at:%Y-%m-%d %H:%M} UTC" if approval.expires_at else "never"
        # `Text` throughout: what an agent says is never taken for markup.
        table.add_row(approval.id, approval.status.value, Text(approval.graph), Text(approval.title), until)
    return table


def listed(page: Page, *, as_json: bool) -> None:
    """A page of approvals."""
    if as_json:
        document([public.approval(approval) for approval in page.approvals])
    elif page.approvals:
        _console.print(_rows(page.approvals))
        _console.print(f"{len(page.approvals)} of {page.total}", style="dim")
    else:
        _console.print("Nothing waits for a decision.")


def shown(approval: Approval, *, as_json: bool) -> None:
    """One approval."""
    if as_json:
        document(public.approval(approval))
        return
    _console.print(Text(approval.title, style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in public.approval(approval).items():
        if value not in (None, [], "", "title"):
            shown_as = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            table.add_row(Text(name, style="dim"), Text(shown_as))
    _console.print(table)


def key(token: str, found: dict[str, Any], *, as_json: bool) -> None:
    """A key that was just made: the one time that it is seen."""
    if as_json:
        document({"token": token, **found})
        return
    _console.out(token, highlight=False)
    Console(stderr=True).print(Text(f"Key {found['name']}. Keep it now: it is not shown again.", style="dim"))


def keys(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """The keys there are."""
    if as_json:
        document(list(found))
        return
    if not found:
        _console.print("There are no keys; signoff keys create NAME makes one.")
        return
    table = _table("ID", "NAME", "SCOPES", "LAST USED", "STATE")
    for one in found:
        ends = f"until {one['expires_at']}" if one["expires_at"] else "works"
        state = f"revoked {one['revoked_at']}" if one["revoked_at"] else ends
        table.add_row(one["id"], Text(one["name"]), ", ".join(one["scopes"]), one["last_used_at"] or "never", state)
    _console.print(table)


def ran(result: RunResult, shown: Shown, *, as_json: bool) -> None:
    """Where a run came to rest. A graph that stumbled and will be tried again is `waiting`, with its error."""
    result = dataclasses.replace(
        result,
        thread=shown.thread(result.thread),
        approvals=tuple(map(shown.approval, result.approvals)),
        values=shown.told(result.values, result.thread),
    )
    status = RunStatus.WAITING if result.status is RunStatus.RETRYING else result.status
    if as_json:
        document(
            {
                "graph": result.thread.graph,
                "thread_id": result.thread.id,
                "status": status.value,
                "approvals": [public.approval(approval) for approval in result.approvals],
                "values": result.values,
                "error": result.thread.error,
            }
        )
        return
    _console.print(Text(f"{result.thread.graph}, thread {result.thread.id}: {status}"))
    if result.thread.error:
        _console.print(Text(result.thread.error, style="red"))
    if result.approvals:
        _console.print(_rows(result.approvals))


def refused(refusal: Refusal, approval: Approval | None = None, who: str = "") -> str:
    """An expected no, for a person at a prompt: the reason's name, what it means, and what to do."""
    means = refusal.detail
    if refusal.reason is Reason.OWN_REQUEST:
        means = f"{who} made this request and cannot decide it; somebody else has to"
    elif approval is not None and refusal.reason in (Reason.ALREADY_RESOLVED, Reason.EXPIRED):
        last = approval.decisions[-1] if approval.decisions else None
        by = f" by {_by(last)} at {last.at:%Y-%m-%d %H:%M} UTC" if last else ""
        means = f"it is {approval.resolution}{by}, and {approval.status}; nothing was changed"
    elif approval is not None and refusal.reason is Reason.SUPERSEDED:
        means = "the question is no longer asked; signoff list shows what waits"
    return f"{refusal.reason}: {means}" if means else refusal.reason.value


def _by(decision: Decision) -> str:
    return _actor(decision.actor.id, decision.actor.behalf, decision.actor.source.value)


def _actor(who: str, behalf: str | None, source: str) -> str:
    """`U0BEN (slack)`, or `U0BEN for U0ANA (slack)` where one covered for the other."""
    return f"{who} for {behalf} ({source})" if behalf else f"{who} ({source})"


def event(found: dict[str, Any], *, as_json: bool) -> None:
    """One line of the audit."""
    if as_json:
        _console.out(json.dumps(found, ensure_ascii=False), highlight=False)
        return
    actor = _actor(found["actor"]["id"], found["actor"].get("behalf"), found["actor"]["source"])
    if found["actor"]["source"] == Source.POLICY.value and found["data"].get("policy"):
        actor = f"policy {found['data']['policy']}"
    what = json.dumps(found["data"], ensure_ascii=False) if found["data"] else ""
    about = found["approval_id"] or found["thread_id"] or "-"
    _console.print(Text(f"{found['at']}  {about}  {found['type']}  {actor}  {what}"))


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """The doctor's report."""
    if as_json:
        document(
            [{"check": one.check, "level": one.level.value, "text": one.text, "remedy": one.remedy} for one in found]
        )
        return
    marks = {"ok": ("ok ", "green"), "warning": ("!  ", "yellow"), "problem": ("✗  ", "red")}
    for one in found:
        mark, style = marks[one.level.value]
        remedy = f" → {one.remedy}" if one.remedy else ""
        _console.print(Text.assemble((mark, style), (f"{one.check:<9}", "dim"), one.text, (remedy, "bold")))


def explained(found: Sequence[Explained], *, as_json: bool) -> None:
    """What questions are taken for."""
    if as_json:
        document([dataclasses.asdict(each) for each in found])
        return
    if not found:
        _console.print("No question was found in the source of its nodes; try --value with one that it asks.")
    for each in found:
        _console.print(Text(each.node or "(no node)", style="bold"))
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row(Text("taken for", style="dim"), Text(f"{each.dialect}, answered by {each.reply}"))
        table.add_row(Text("because", style="dim"), Text(each.why))
        if each.title:
            called = f"{each.title} ({each.titled})" if each.titled else each.title
            table.add_row(Text("called", style="dim"), Text(called))
        for kind, answer in each.answers.items():
            table.add_row(Text(kind, style="dim"), Text(json.dumps(answer, ensure_ascii=False)))
        for use in each.uses:
            table.add_row(Text("the code", style="dim"), Text(use))
        for doubt in each.doubts:
            table.add_row(Text("doubt", style="yellow"), Text(doubt))
        _console.print(table)
