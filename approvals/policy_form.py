"""The form of a policy file: what may stand where, and what is said when something else stands there.

Each finding that is made here reads *what is wrong; remedy*, and belongs to a place beneath the value being checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from approvals.policy import EscalationStep, Expiry, Match, OnExpiry, Policy

Loc = tuple[int | str, ...]

_DURATION = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")
_LONGEST = timedelta(days=366)
CHANNEL = re.compile(r"#[^\s#@,]+|[CG][A-Z0-9]{2,}")
_ENTRY = re.compile(r"[#@][^\s#@,]+|[UWSCG][A-Z0-9]{2,}|[^\s@,]+@[^\s@,]+\.[^\s@,]+")


def kind_of(value: object) -> str:
    for kinds, word in (
        ((bool,), "yes or no"),
        ((int, float), "a number"),
        ((str,), "text"),
        ((list,), "a list"),
        ((dict,), "a group of keys"),
    ):
        if isinstance(value, kinds):
            return word
    return "nothing" if value is None else f"a {type(value).__name__}"


def _wrong(text: str, at: Loc = ()) -> ValidationError:
    """A finding of ours, at a place beneath the value that is being checked."""
    problem = PydanticCustomError("finding", "{text}", {"text": text})
    return ValidationError.from_exception_data("policies", [InitErrorDetails(type=problem, loc=at, input=None)])


def _seconds(value: object) -> float:
    example = "write it like 90s, 10m, 1h30m or 2d"
    if not isinstance(value, str):
        raise _wrong(f"must be a duration, not {kind_of(value)}; {example}")
    if value.startswith("-"):
        raise _wrong(f"{value!r} is negative; times count forward from opening, {example}")
    found = _DURATION.fullmatch(value)
    if not value or found is None:
        raise _wrong(f"{value!r} is not a duration; {example}")
    parts = {unit: int(digits) for unit, digits in found.groupdict("0").items()}
    total = sum(parts[unit] * size for unit, size in _UNITS.items())
    if total == 0:
        raise _wrong(f"{value!r} is no time at all; {example}")
    if total > _LONGEST.total_seconds():
        raise _wrong(f"{value!r} is more than {_LONGEST.days} days; use a shorter time, or `expire: never`")
    return float(total)


_UNITS: Mapping[str, int] = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def _channel(value: str) -> str:
    if not CHANNEL.fullmatch(value):
        raise _wrong(f'{value!r} is not a channel; write "#name" in quotes, or its id (C0123)')
    return value


def _entry(value: str) -> str:
    if not _ENTRY.fullmatch(value):
        raise _wrong(f'{value!r} names nobody; write U0123, "@group", "#channel" or an e-mail address')
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise _wrong("is empty; write a name, or remove the key")
    return value


def _filled(values: list[Any]) -> list[Any]:
    if not values:
        raise _wrong("is an empty list; add an entry, or remove the key")
    return values


def _rising(times: list[float]) -> list[float]:
    for index, (earlier, later) in enumerate(pairwise(times), 1):
        if later <= earlier:
            raise _wrong("is not later than the one before; write the times in rising order", (index,))
    return times


def _never(value: object) -> object:
    if value is None:
        raise _wrong("is empty; write {after: 24h, then: deny}, or never")
    if isinstance(value, str):
        if value != "never":
            raise _wrong(f"{value!r} is not understood; write {{after: {value}, then: deny}}, or never")
        return None
    return value


def _known_then(value: object) -> object:
    if value not in list(OnExpiry):
        raise _wrong(f"{value!r} is not possible; choose one of {', '.join(OnExpiry)}")
    return OnExpiry(str(value))


def _known_decision(value: str) -> str:
    kinds = ("approve", "edit", "deny", "respond")
    if value not in kinds:
        raise _wrong(f"{value!r} is no decision; choose from {', '.join(kinds)}")
    return value


Duration = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"})
]
Channel = Annotated[str, AfterValidator(_channel)]
Entries = Annotated[list[Annotated[str, AfterValidator(_entry)]], AfterValidator(_filled)]
Text = Annotated[str, AfterValidator(_text)]
Decisions = Annotated[list[Annotated[str, AfterValidator(_known_decision)]], AfterValidator(_filled)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MatchForm(_Form):
    graph: Text = Field(default="*", description="A glob over the graph's name.")
    action: Text = Field(default="*", description="A glob that the name of every action must match.")


class Step(_Form):
    after: Duration = Field(description="Time from opening.")
    to: Entries = Field(default=[], description="Who may decide too. Omitted: the members of `channel`.")
    channel: Channel = Field(
        default="", description="Where the card is posted. Omitted: a direct message to each of `to`."
    )

    @model_validator(mode="after")
    def _somebody(self) -> Step:
        if not self.to and not self.channel:
            raise _wrong('asks nobody; add to: ["@group"], channel: "#name", or both')
        return self

    def step(self) -> EscalationStep:
        return EscalationStep(after=self.after, to=tuple(self.to) or (self.channel,), channel=self.channel or None)


class ExpireForm(_Form):
    after: Duration = Field(description="Time from opening.")
    then: Annotated[OnExpiry, BeforeValidator(_known_then)] = Field(
        default=OnExpiry.DENY, description="What it becomes then."
    )


def _later(steps: list[Step]) -> list[Step]:
    for index, (earlier, later) in enumerate(pairwise(steps), 1):
        if later.after <= earlier.after:
            raise _wrong("is not later than the step before; write the steps in rising order", (index, "after"))
    return steps


class Rule(_Form):
    channel: Channel = Field(default="", description="Where the card is posted: #name or C0123.")
    who: Entries = Field(default=[], description="Who may decide. Omitted: the members of `channel`.")
    remind: Annotated[list[Duration], AfterValidator(_filled), AfterValidator(_rising)] = Field(
        default=[], description="Times from opening."
    )
    escalate: Annotated[list[Step], AfterValidator(_filled), AfterValidator(_later)] = Field(
        default=[], description="Wider people, step by step."
    )
    expire: Annotated[ExpireForm | None, BeforeValidator(_never)] = Field(
        default_factory=lambda: ExpireForm.model_validate({"after": "24h"}),
        description="`never`, or a time and an end.",
    )
    self_approval: bool = Field(default=False, description="Whether the requester may decide too.")
    confirm: bool = Field(default=False, description="Whether Slack asks once more before an approval counts.")
    reason_required: Decisions = Field(default=[], description="Decisions that need a reason.")

    @model_validator(mode="after")
    def _in_time(self) -> Rule:
        ends = self.expire
        if ends is None or ends.then is OnExpiry.WAIT:
            return self
        times: list[tuple[Loc, float]] = [(("remind", index), after) for index, after in enumerate(self.remind)]
        times += [(("escalate", index, "after"), step.after) for index, step in enumerate(self.escalate)]
        for at, after in times:
            if after >= ends.after:
                what = "never comes, since the approval has expired by then"
                raise _wrong(f"{what}; make it earlier, or let `expire` wait", at)
        return self

    def policy(self, name: str, match: MatchForm, source: str, fallback: str | None) -> Policy:
        return Policy(
            name=name,
            channel=self.channel or fallback or "",
            match=Match(graph=match.graph, action=match.action),
            who=tuple(self.who),
            remind=tuple(self.remind),
            escalate=tuple(step.step() for step in self.escalate),
            expire=None if self.expire is None else Expiry(after=self.expire.after, then=self.expire.then),
            self_approval=self.self_approval,
            confirm=self.confirm,
            reason_required=tuple(self.reason_required),
            source=source,
        )


class NamedRule(Rule):
    name: Text = Field(description="What people and the audit call it.")
    match: MatchForm = Field(default_factory=MatchForm, description="What it is about. Omitted: everything.")


def _distinct(rules: list[NamedRule]) -> list[NamedRule]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.name in seen or rule.name == "default":
            raise _wrong(f"{rule.name!r} is taken; give each policy a name of its own", (index, "name"))
        seen.add(rule.name)
    return rules


class PolicyFile(_Form):
    version: Literal[1] = Field(description="The version of this form.")
    policies: Annotated[list[NamedRule], AfterValidator(_filled), AfterValidator(_distinct)] = Field(
        default=[], description="The first that matches counts."
    )
    default: Rule = Field(description="What counts where no other policy matches.")


def keys_at(at: Loc) -> list[str]:
    """The keys that are known at a place."""
    names = [step for step in at if isinstance(step, str)]
    form: type[_Form] = PolicyFile
    for name in names:
        form = {"policies": NamedRule, "default": Rule, "match": MatchForm, "escalate": Step, "expire": ExpireForm}[
            name
        ]
    return list(form.model_fields)
