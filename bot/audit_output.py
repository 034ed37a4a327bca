"""What the audit's commands print."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from agents.carried import Compared
from approvals.audit.check import Counts, Finding
from bot import output

_console = Console(soft_wrap=True)


def finding(found: Finding) -> None:
    """One thing that is wrong."""
    _console.print(Text.assemble(("✗  ", "red"), found.text))


def more(count: int) -> None:
    """How many more there are than were printed."""
    _console.print(Text(f"… and {count} more; --limit prints more of them", style="red"))


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def verified(counts: Counts, compared: Compared | None, files: Sequence[Counts], trusted: bool) -> None:
    """What was looked at, and how it went."""
    lines = [f"{_plural(counts.events, 'event')} under {_plural(counts.seals, 'seal')}, {counts.signed:,} signed"]
    if counts.unsealed:
        lines.append(f"{_plural(counts.unsealed, 'event')} after the newest seal, not sealed yet")
    if counts.archived:
        lines.append(f"{_plural(counts.archived, 'event')} archived and trimmed")
    lines += [f"{_plural(each.events, 'event')} of an archive compared" for each in files]
    if counts.uncovered:
        lines.append(f"{_plural(counts.uncovered, 'event')} not compared: their seals cannot be used")
    if counts.last_seal:
        lines.append(f"newest seal: {counts.last_seal}")
    if counts.keys and not trusted:
        lines.append(f"signed with {', '.join(sorted(counts.keys))}; --public-key compares it with one that you trust")
    if counts.seals and not counts.keys:
        lines.append("not signed: whoever can write to Redis could make all of it anew; see SIGNOFF_SEAL_KEY and --pin")
    if compared is not None:
        lines.append(
            f"answers: {compared.answers:,} in the graphs' checkpoints as they were decided, {compared.not_kept:,} of "
            f"which LangGraph keeps none, {compared.not_noted:,} older than their hashes"
        )
    for line in lines:
        _console.print(Text(line))
    problems = counts.findings + sum(each.findings for each in files)
    good = "Nothing was changed." if counts.seals else "Nothing is sealed yet."
    _console.print(Text(f"{_plural(problems, 'thing')} found." if problems else good, style="bold"))


def verified_json(
    found: Sequence[Finding], counts: Counts, compared: Compared | None, files: Sequence[Counts], trusted: Sequence[str]
) -> None:
    """The same as one document."""
    problems = counts.findings + sum(each.findings for each in files)
    output.document(
        {
            "ok": not problems,
            "findings": [_finding(each) for each in found],
            "more": problems - len(found),
            **_counts(counts),
            "archives": [_counts(each) for each in files],
            "trusted": list(trusted),
            "answers": None if compared is None else dataclasses.asdict(compared),
        }
    )


def _finding(found: Finding) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(found).items() if value is not None}


def _counts(counts: Counts) -> dict[str, Any]:
    told = dataclasses.asdict(counts)
    del told["findings"]
    return told | {"keys": sorted(counts.keys)}


def receipt(found: Sequence[Finding], keys: Sequence[str], trusted: Sequence[str], *, as_json: bool) -> None:
    """How the verification of a receipt went. `keys` are those that its seals name."""
    if as_json:
        told = [_finding(each) for each in found]
        output.document({"ok": not found, "findings": told, "keys": list(keys), "trusted": list(trusted)})
        return
    for each in found:
        finding(each)
    if not found:
        _console.print(Text("The receipt is whole: every event is under its seal.", style="bold"))
    if keys and not trusted:
        _console.print(Text(f"signed with {', '.join(keys)}; --public-key compares it with one that you trust"))
    elif not keys:
        _console.print(Text("not signed: compare the seals' hashes with the chain, or with what was noted elsewhere"))
