"""Titles and summaries by template: `Refund ${amount:money} to {customer}`.

`{name}` stands for an argument, or for a value of the payload where no argument has that name; `{name:format}` for one
written in a format of `FORMATS`; `{{` and `}}` for braces. What is filled in is one bounded line and never read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import cast

import structlog
from pydantic import JsonValue

from agents.titles import MAX_TITLE, bounded, title_of
from approvals.model import MADE, Action, Approval, DecisionType, Draft, Titling
from approvals.tally import proposed

MAX_TEMPLATE = 500
MAX_FILLED = 80
MAX_SUMMARY = 400
KEY = "signoff"
"""The key of an interrupt value under which it may state templates, whatever its format."""

_PART = re.compile(r"(\{\{)|(\}\})|\{([^{}:]{1,80})(?::([a-z]{1,20}))?\}|([{}])")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?\Z")

log = structlog.get_logger()


class TemplateError(ValueError):
    """What is wrong with a template."""


class Unfilled(ValueError):
    """What a template names is not there, or is not of that kind."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What is stated for one question. `where` names the place. Empty text states nothing."""

    where: str
    title: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Titles:
    """All templates of a configuration: graph → action, node or `*` → templates."""

    rules: Mapping[str, Mapping[str, Templates]] = field(default_factory=dict[str, Mapping[str, Templates]])

    def of(self, graph: str, *names: str) -> Templates | None:
        """Those of the first of these names that has some, else the graph's `*`."""
        found = self.rules.get(graph, {})
        return next((found[name] for name in (*names, "*") if name and name in found), None)


# -- one template


def check(template: object) -> str:
    """The template, if it can be filled in by some arguments. Raises `TemplateError`."""
    if not isinstance(template, str) or not template.strip() or len(template) > MAX_TEMPLATE:
        raise TemplateError(f"must be a text of 1 to {MAX_TEMPLATE} characters")
    for _, _, _, kind, stray in _PART.findall(template):
        if stray:
            raise TemplateError(f"has a “{stray}” by itself: write {{name}}, or {stray * 2} for the sign itself")
        if kind and kind not in FORMATS:
            raise TemplateError(f"“{kind}” is no format (there is: {', '.join(FORMATS)})")
    return template


def fill(template: str, *names: Mapping[str, JsonValue], limit: int = MAX_TITLE) -> str:
    """The template with values from the first of these mappings that has each. Raises `Unfilled`."""

    def part(found: re.Match[str]) -> str:
        opening, closing, name, kind, _ = found.groups()
        if name is None:
            return "{" if opening else "}" if closing else found[0]
        holder = next((one for one in names if name in one), None)
        if holder is None:
            raise Unfilled(f"there is no “{name[:60]}”")
        text = FORMATS.get(kind or "", _plain)(holder[name])
        if not text:
            raise Unfilled(f"“{name[:60]}” cannot be written{f' as {kind}' if kind else ' on a line'}")
        return bounded(text, MAX_FILLED)

    return bounded(_PART.sub(part, template), limit)


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:g}" if abs(value) < 1e-3 else f"{value:.2f}"
    return str(value).strip() if isinstance(value, str | int) else ""


def _money(value: JsonValue) -> str:
    """`4,200`, `4,200.50`: of a number, or of a text that is one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 40:
        return ""
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return ""
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 18:
        return ""
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def _date(value: JsonValue) -> str:
    """`5 Nov 2026`, with the time where there is one: of an ISO 8601 text."""
    if not isinstance(value, str) or not _ISO.match(value.strip()):
        return ""
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return ""
    day = f"{at.day} {at:%b %Y}"
    return (
        f"{day}, {at:%H:%M}{' UTC' if at.utcoffset() is not None and not at.utcoffset() else ''}"
        if _timed(value)
        else day
    )


def _timed(value: str) -> bool:
    return len(value.strip()) > len("2026-11-05")


def _count(value: JsonValue) -> str:
    """How many entries a list or an object has."""
    return str(len(value)) if isinstance(value, list | dict) else ""


FORMATS: Mapping[str, Callable[[JsonValue], str]] = {"money": _money, "date": _date, "count": _count}
"""The formats: thousands with separators, a day in words, how many."""


# -- a question


def stated(payload: JsonValue) -> Templates | None:
    """The templates that an interrupt value states itself, under its key `signoff`; `None` for anything else there."""
    single = payload[0] if isinstance(payload, list) and len(payload) == 1 else payload
    found = single.get(KEY) if isinstance(single, dict) else None
    return read(found, f"the interrupt's `{KEY}`") if is_ours(found) else None


def is_ours(found: object) -> bool:
    """Whether the value of that key is templates and nothing else."""
    if not isinstance(found, dict) or not found:
        return False
    entries = cast("dict[str, object]", found)
    return set(entries) <= {"title", "summary"} and all(isinstance(entry, str) for entry in entries.values())


def read(found: object, where: str) -> Templates | None:
    """Templates as an interrupt states them; what cannot be filled in by anything is left to be told when it is."""
    entries = cast("Mapping[str, str]", found)
    return Templates(where, entries.get("title", "")[:MAX_TEMPLATE], entries.get("summary", "")[:MAX_TEMPLATE])


def named(draft: Draft, graph: str, titles: Titles) -> Draft:
    """The draft with its title and summary by template, where one is stated and can be filled in.

    Where it cannot, the title is what it would have been, `titling.why` says so, and it is logged. Never raises.
    """
    node = draft.interrupt.node
    own = stated(draft.payload)
    rules = [own or titles.of(graph, action.name, node) for action in draft.actions]
    made = draft.title == title_of(draft.actions) if draft.actions else False
    why = MADE if made else "the interrupt says it"
    titling = Titling(made=made, why=why)
    if not any(rules):
        return replace(draft, titling=titling)
    first = next(rule for rule in rules if rule is not None)
    titling = replace(
        titling,
        titles=tuple(rule.title if rule else "" for rule in rules),
        summary=first.summary if len(rules) == 1 else "",
        why=f"{first.where} says so" if any(rule and rule.title for rule in rules) else why,
    )
    actions = [(action, action.args) for action in draft.actions]
    try:
        title = _title(titling, actions, draft.payload) or draft.title
        summary = _summary(titling, actions, draft.payload)
    except (Unfilled, TemplateError) as wrong:
        log.warning("title not by template", action="title.default", graph=graph, node=node, why=str(wrong)[:200])
        return replace(draft, titling=Titling(made=made, why=f"{why}; {first.where} could not be filled in: {wrong}"))
    description = "\n\n".join(text for text in (summary, draft.description) if text)
    return replace(draft, title=title, description=description, titling=titling)


def anew(approval: Approval) -> Approval:
    """The approval under the title and summary of its arguments as they would be approved now: after an edit, others.

    What the graph stated in words stays as it is.
    """
    titling = approval.titling
    if not any(said.type is DecisionType.EDIT for said in approval.decisions):
        return approval
    if titling is None or not (titling.made or any(titling.titles) or titling.summary):
        return approval
    before = [(action, action.args) for action in approval.actions]
    after = [(action, proposed(approval, index)) for index, action in enumerate(approval.actions)]
    if all(now == was for (_, now), (_, was) in zip(after, before, strict=True)):
        return approval
    try:
        was, told = _title(titling, before, approval.payload), _title(titling, after, approval.payload)
        old, new = (_summary(titling, each, approval.payload) for each in (before, after))
    except (Unfilled, TemplateError):
        return approval
    said = approval.description
    said = new + said[len(old) :] if old and said.startswith(old) else said
    return replace(approval, title=told if was == approval.title else approval.title, description=said)


_Pairs = Sequence[tuple[Action, Mapping[str, JsonValue]]]


def _title(titling: Titling, actions: _Pairs, payload: JsonValue) -> str:
    """By template, else made; empty where it is neither."""
    parts = [_filled(template, args, payload) for template, (_, args) in zip(titling.titles, actions, strict=False)]
    if not any(parts):
        return title_of([replace(action, args=args) for action, args in actions]) if titling.made else ""
    if len(actions) == 1:
        return parts[0]
    return title_of([action for action, _ in actions], parts)


def _summary(titling: Titling, actions: _Pairs, payload: JsonValue) -> str:
    return _filled(titling.summary, actions[0][1], payload, MAX_SUMMARY) if titling.summary and actions else ""


def _filled(template: str, args: Mapping[str, JsonValue], payload: JsonValue, limit: int = MAX_TITLE) -> str:
    if not template:
        return ""
    return fill(check(template), args, payload if isinstance(payload, dict) else {}, limit=limit)
