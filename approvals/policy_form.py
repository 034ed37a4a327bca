"""The form of a policy file: what may stand where, and what is said when something else stands there.

Each finding that is made here reads *what is wrong; remedy*, and belongs to a place beneath the value being checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from approvals.policy import (
    AskBack,
    Automatic,
    Expiry,
    Group,
    OnExpiry,
    Policy,
    Quorum,
)
from approvals.policy_parts import (
    AskBackForm,
    BackoffForm,
    DecideForm,
    ExpireForm,
    Form,
    GroupForm,
    HoursForm,
    MatchForm,
    QuorumForm,
    RepeatForm,
    Step,
)
from approvals.policy_values import (
    Channel,
    Condition,
    Decisions,
    Duration,
    Entries,
    Loc,
    OneUrgency,
    Owners,
    Presets,
    Text,
    filled,
    never,
    never_ask,
    never_expire,
    rising,
    wrong,
)

ACKNOWLEDGE = 1800.0
"""Seconds for which "I am looking" holds the next step, where there is one and the policy does not say."""


def _later(steps: list[Step]) -> list[Step]:
    for index, (earlier, later) in enumerate(pairwise(steps), 1):
        if later.after <= earlier.after:
            raise wrong("is not later than the step before; write the steps in rising order", (index, "after"))
    return steps


def _groups(groups: list[GroupForm]) -> list[GroupForm]:
    names = [group.name for group in groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise wrong(f"{name!r} is taken; give each group a name of its own", (index, "name"))
    return groups


def _short_decide(value: object) -> object:
    return {"decision": value} if isinstance(value, str) else value


Times = Annotated[list[Duration], AfterValidator(filled), AfterValidator(rising)]
Reminders = Annotated[
    Annotated[Times, Tag("<times>")] | Annotated[BackoffForm, Tag("<backoff>")],
    Discriminator(lambda value: "<backoff>" if isinstance(value, dict | BackoffForm) else "<times>"),
]
"""A tag in angle brackets is no place in the file."""

Hold = Annotated[Duration | None, BeforeValidator(never), WithJsonSchema({"type": "string"})]


class Rule(Form):
    channel: Channel = Field(default="", description="Where the card is posted: #name or C0123.")
    who: Entries = Field(default=[], description="Who may decide. Omitted: the members of `channel`.")
    quorum: QuorumForm = Field(default_factory=QuorumForm, description="How many must say so.")
    all_of: Annotated[list[GroupForm], AfterValidator(filled), AfterValidator(_groups)] = Field(
        default=[], description="Groups that must each approve."
    )
    urgency: OneUrgency | None = Field(default=None, description="How much it presses, whatever the graph says.")
    remind: Reminders = Field(default=[], description="Times from opening, or {first, factor, most, times}.")
    escalate: Annotated[list[Step], AfterValidator(filled), AfterValidator(_later)] = Field(
        default=[], description="Wider people, step by step."
    )
    acknowledge: Hold = Field(default=ACKNOWLEDGE, description="How long “I am looking” holds the next step; or never.")
    undo: Duration | None = Field(default=None, description="For how long a decision can be taken back.")
    snooze: Times = Field(default=[], description="The longer holds that can be chosen.")
    ask_back: Annotated[AskBackForm | None, BeforeValidator(never_ask)] = Field(
        default_factory=AskBackForm, description="Approvers may ask back: {pause: 4h}, or never."
    )
    owner: Owners = Field(default=[], description="Who answers for the agent where nobody requested it.")
    hours: HoursForm | None = Field(default=None, description="Outside them the clocks stand still.")
    expire: Annotated[ExpireForm | None, BeforeValidator(never_expire)] = Field(
        default_factory=lambda: ExpireForm.model_validate({"after": "24h"}),
        description="`never`, or a time and an end.",
    )
    self_approval: bool = Field(default=False, description="Whether the requester may decide too.")
    confirm: bool = Field(default=False, description="Whether Slack asks once more before an approval counts.")
    reason_required: Decisions = Field(default=[], description="Decisions that need a reason.")
    reason_optional: Decisions = Field(
        default=[], description="Decisions whose form has a field for a reason that may stay empty, as a denial's has."
    )
    reasons: Presets = Field(default=[], description="Reasons to choose from.")
    break_glass: Entries = Field(default=[], description="Who may decide alone, with a reason, whatever the quorum is.")

    @property
    def times(self) -> list[float]:
        """When reminders are given."""
        ends = self.expire.after if self.expire else float("inf")
        return self.remind.until(ends) if isinstance(self.remind, BackoffForm) else self.remind

    @model_validator(mode="after")
    def _in_time(self) -> Rule:
        ends = self.expire
        if ends is None or ends.then is OnExpiry.WAIT:
            return self
        times: list[tuple[Loc, float]] = [(("remind", index), after) for index, after in enumerate(self.times)]
        for index, step in enumerate(self.escalate):
            times.append((("escalate", index, "after"), step.after))
            if step.repeat:
                last = step.after + step.repeat.every * step.repeat.times
                times.append((("escalate", index, "repeat"), last))
        for at, after in times:
            if after >= ends.after:
                what = "never comes, since the approval has expired by then"
                raise wrong(f"{what}; make it earlier, or let `expire` wait", at)
        return self

    @model_validator(mode="after")
    def _needed_or_not(self) -> Rule:
        for at, name in enumerate(self.reason_optional):
            if name in self.reason_required:
                raise wrong(f"{name!r} is in reason_required too; leave it in one of them", ("reason_optional", at))
        return self

    @model_validator(mode="after")
    def _known_groups(self) -> Rule:
        names = [group.name for group in self.all_of]
        for index, step in enumerate(self.escalate):
            for at, name in enumerate(step.stands_for):
                if name not in names:
                    raise wrong(f"{name!r} is not in all_of; write one of its names", ("escalate", index, "for", at))
            if names and not step.stands_for:
                what = f"says for none of the groups that must approve; add for: [{', '.join(names)}], or some of them"
                raise wrong(what, ("escalate", index))
        return self

    def policy(self, name: str, match: MatchForm, source: str, fallback: str | None) -> Policy:
        """What the rule says, as the rest of Signoff knows it."""
        stepping = bool(self.escalate or self.remind)
        return Policy(
            name=name,
            channel=self.channel or fallback or "",
            match=match.match(),
            urgency=self.urgency,
            who=tuple(self.who),
            quorum=Quorum(approve=self.quorum.approve, deny=self.quorum.deny),
            groups=tuple(Group(name=g.name, who=tuple(g.who), approve=g.approve) for g in self.all_of),
            remind=tuple(self.times),
            escalate=tuple(step.step() for step in self.escalate),
            acknowledge=self.acknowledge if stepping else None,
            snooze=tuple(self.snooze),
            undo=self.undo,
            ask_back=self.ask_back and AskBack(pause=self.ask_back.pause),
            owner=tuple(self.owner),
            hours=self.hours.hours() if self.hours else None,
            expire=None
            if self.expire is None
            else Expiry(after=self.expire.after, then=self.expire.then, text=self.expire.text),
            self_approval=self.self_approval,
            confirm=self.confirm,
            reason_required=tuple(self.reason_required),
            reason_optional=tuple(self.reason_optional),
            reasons=tuple(self.reasons),
            break_glass=tuple(self.break_glass),
            source=source,
        )


class NamedRule(Rule):
    name: Text = Field(description="What people and the audit call it.")
    match: MatchForm = Field(default_factory=MatchForm, description="What it is about. Omitted: everything.")
    when: Condition = Field(default="", description="A CEL condition that must hold too.")
    enabled: bool = Field(default=True, description="`false`: it is passed over.")
    decide: Annotated[DecideForm | None, BeforeValidator(_short_decide)] = Field(
        default=None, description="Decided at once, without asking: approve, deny, or {decision, reason, text, tell}."
    )

    def named(self, source: str, fallback: str | None) -> Policy:
        """What the rule says."""
        policy = self.policy(self.name, self.match, source, fallback)
        rule = self.decide
        decide = rule and Automatic(decision=rule.decision, reason=rule.reason, text=rule.text, tell=rule.tell)
        return replace(policy, when=self.when, enabled=self.enabled, decide=decide)


def _distinct(rules: list[NamedRule]) -> list[NamedRule]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.name in seen or rule.name == "default":
            raise wrong(f"{rule.name!r} is taken; give each policy a name of its own", (index, "name"))
        seen.add(rule.name)
    return rules


class PolicyFile(Form):
    version: Literal[1] = Field(description="The version of this form.")
    policies: Annotated[list[NamedRule], AfterValidator(filled), AfterValidator(_distinct)] = Field(
        default=[], description="The first that matches counts; one that denies by itself goes before all."
    )
    default: Rule = Field(description="What counts where no other policy matches.")


_FORMS: Mapping[str, type[Form]] = {
    "policies": NamedRule,
    "default": Rule,
    "match": MatchForm,
    "escalate": Step,
    "expire": ExpireForm,
    "quorum": QuorumForm,
    "all_of": GroupForm,
    "decide": DecideForm,
    "hours": HoursForm,
    "ask_back": AskBackForm,
    "repeat": RepeatForm,
    "remind": BackoffForm,
}


def keys_at(at: Loc) -> list[str]:
    """The keys that are known at a place."""
    names = [step for step in at if isinstance(step, str)]
    form = _FORMS.get(names[-1], Form) if names else PolicyFile
    return [field.alias or name for name, field in form.model_fields.items()]
