"""What `signoff policy` prints: text for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from approvals import words
from approvals.book import PolicyVersion, Published
from approvals.policies import Finding
from approvals.policy import PolicySet
from approvals.reapplying import Reapplied
from approvals.refusals import Refusal
from bot import public
from bot.output import document

console = Console(soft_wrap=True)


def _said(found: PolicySet) -> list[dict[str, str]]:
    return [{"name": policy.name, "words": words.sentence(policy)} for policy in (*found.policies, found.default)]


def checked(found: PolicySet | Sequence[Finding], where: str) -> dict[str, Any]:
    """What became of reading a file."""
    if isinstance(found, PolicySet):
        return {"file": where, "valid": True, "version": found.version, "policies": _said(found), "findings": []}
    findings = [{"line": one.line, "key": one.where, "text": one.what} for one in found]
    return {"file": where, "valid": False, "version": None, "policies": [], "findings": findings}


def say(found: PolicySet) -> None:
    """A line a policy, in the order in which they are tried."""
    for policy in (*found.policies, found.default):
        console.print(Text(words.sentence(policy)))


def rules(found: PolicySet, where: Path) -> None:
    """What a policy file says."""
    say(found)
    console.print(Text(f"{where} is well-formed (version {found.version})", style="dim"))


def shown(
    number: int, text: str, found: PolicySet, version: PolicyVersion | None, *, in_words: bool, as_json: bool
) -> None:
    """One version: its text as it is, to be kept in a file; or its words."""
    if as_json:
        about = public.policy_version(version) if version else {"number": number}
        document(about | {"text": text, "policies": _said(found)})
    elif in_words:
        say(found)
    else:
        console.out(text, end="" if text.endswith("\n") else "\n", highlight=False)


def history(versions: Sequence[PolicyVersion], *, as_json: bool) -> None:
    """Versions in rows."""
    if as_json:
        document([public.policy_version(version) for version in versions])
    elif not versions:
        console.print("Nothing was published yet: the settings count (version 0).")
    else:
        rows = Table("VERSION", "AT", "WHO", "NOTE", box=None, header_style="bold", pad_edge=False)
        for one in versions:
            who = f"{one.author.id} ({one.author.source})"
            rows.add_row(str(one.number), f"{one.at:%Y-%m-%d %H:%M} UTC", Text(who), Text(one.note))
        console.print(rows)


def published(done: Published, *, as_json: bool) -> None:
    """What counts now."""
    if as_json:
        document(public.policy_version(done.version) | {"new": done.new, "policies": _said(done.policies)})
    elif done.new:
        console.print(f"Version {done.version.number} counts now.")
    else:
        console.print(f"Nothing to do: version {done.version.number} counts, and says the same.")


def differs(found: str, old: str, new: str, *, as_json: bool) -> None:
    """A unified difference."""
    if as_json:
        document({"from": old, "to": new, "difference": found})
    elif not found:
        console.print("They say the same.")
    else:
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in found.splitlines():
            console.print(Text(line, style=styles.get(line[:1], "")))


def reapplied(found: Reapplied, *, as_json: bool) -> None:
    """What is asked anew."""
    if as_json:
        document({"asked": found.asked, "same": found.same, "refused": found.refused})
        return
    for approval_id in found.asked:
        console.print(f"{approval_id} is asked anew.")
    if found.same:
        console.print(f"{len(found.same)} stay as they are: their policy says the same.")
    if found.refused:
        console.print(f"{len(found.refused)} were decided meanwhile.")
    if not (found.asked or found.same or found.refused):
        console.print("Nothing waits for a decision.")


def refused(no: Refusal) -> str:
    """An expected no, at a prompt."""
    return f"{no.reason}: {no.detail}"
