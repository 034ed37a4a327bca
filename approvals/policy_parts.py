"""The parts of a policy in the file: what it matches, its steps, quorum, groups, hours and end."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from approvals.hours import Hours
from approvals.policy import EscalationStep, Match, OnExpiry, Repeat
from approvals.policy_values import (
    Automatically,
    Channel,
    Day,
    Days,
    Duration,
    Entries,
    Text,
    TimeOfDay,
    Urgencies,
    Zone,
    known_then,
    wrong,
)

Count = Annotated[int, Field(ge=1, le=100)]


class Form(BaseModel):
    """A group of keys. What it does not know is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class MatchForm(Form):
    graph: Text = Field(default="*", description="A glob over the graph's name.")
    action: Text = Field(default="*", description="A glob that the name of every action must match.")
    node: Text = Field(default="*", description="A glob over the node that asks.")
    urgency: Urgencies = Field(default=(), description="Only what presses so much: one word, or a list.")

    def match(self) -> Match:
        return Match(graph=self.graph, action=self.action, node=self.node, urgency=self.urgency)


class RepeatForm(Form):
    every: Duration = Field(description="How long between two times.")
    times: Count = Field(default=1, description="How often they are told again.")


class Step(Form):
    after: Duration = Field(description="Time from opening.")
    to: Entries = Field(default=[], description="Who may decide too. Omitted: the members of `channel`.")
    channel: Channel = Field(
        default="", description="Where the card is posted. Omitted: a direct message to each of `to`."
    )
    replace: bool = Field(default=False, description="Whether they take the place of those who were asked before.")
    stands_for: list[Text] = Field(default=[], alias="for", description="The groups of `all_of` they count for.")
    repeat: RepeatForm | None = Field(default=None, description="Told again, if nobody has decided by then.")

    @model_validator(mode="after")
    def _somebody(self) -> Step:
        if not self.to and not self.channel:
            raise wrong('asks nobody; add to: ["@group"], channel: "#name", or both')
        return self

    def step(self) -> EscalationStep:
        return EscalationStep(
            after=self.after,
            to=tuple(self.to) or (self.channel,),
            channel=self.channel or None,
            replace=self.replace,
            stands_for=tuple(self.stands_for),
            repeat=Repeat(every=self.repeat.every, times=self.repeat.times) if self.repeat else None,
        )


class ExpireForm(Form):
    after: Duration = Field(description="Time from opening.")
    then: Annotated[OnExpiry, BeforeValidator(known_then)] = Field(
        default=OnExpiry.DENY, description="What it becomes then."
    )
    text: Text = Field(default="", description="What `respond` says.")

    @model_validator(mode="after")
    def _words(self) -> ExpireForm:
        if (self.then is OnExpiry.RESPOND) != bool(self.text):
            raise wrong("`respond` and `text` go together; add the one that is missing", ("text",))
        return self


class QuorumForm(Form):
    approve: Count = Field(default=1, description="How many people must approve.")
    deny: Count = Field(default=1, description="How many people must deny.")


class GroupForm(Form):
    name: Text = Field(description="What the card calls it.")
    who: Entries = Field(description="Its people.")
    approve: Count = Field(default=1, description="How many of them must approve.")


class DecideForm(Form):
    decision: Automatically = Field(description="approve, deny or respond, without asking anybody.")
    reason: Text = Field(default="", description="Why, for the agent and the audit.")
    text: Text = Field(default="", description="What `respond` says.")
    tell: bool = Field(default=False, description="Whether a card is posted all the same.")

    @model_validator(mode="after")
    def _words(self) -> DecideForm:
        if (self.decision == "respond") != bool(self.text):
            raise wrong("`respond` and `text` go together; add the one that is missing", ("text",))
        return self


class AskBackForm(Form):
    pause: Duration | None = Field(default=None, description="How long reminders and steps wait for the answer.")


class HoursForm(Form):
    days: Days = Field(default=(0, 1, 2, 3, 4), description="mon-fri, or a list of days.")
    start: TimeOfDay = Field(default=540, alias="from", description="When the working day begins.")
    end: TimeOfDay = Field(default=1020, alias="to", description="When it ends.")
    zone: Zone = Field(default="team", description="team, approver, or a name like Europe/Berlin.")
    holidays: list[Day] = Field(default=[], description="Days that are none.")

    @model_validator(mode="after")
    def _forward(self) -> HoursForm:
        if self.start >= self.end:
            raise wrong("is not later than `from`; write the end of the day here (24:00 at the latest)", ("to",))
        return self

    def hours(self) -> Hours:
        return Hours(days=self.days, start=self.start, end=self.end, zone=self.zone, holidays=tuple(self.holidays))


class BackoffForm(Form):
    first: Duration = Field(description="The first reminder, from opening.")
    factor: Annotated[float, Field(gt=1, le=10)] = Field(default=2.0, description="How much longer each wait is.")
    most: Duration = Field(default=86400.0, description="The longest wait.")
    times: Count = Field(default=10, description="How many reminders at the most.")

    def until(self, end: float) -> list[float]:
        found, wait, at = list[float](), self.first, self.first
        while len(found) < self.times and at < end:
            found.append(at)
            wait = min(wait * self.factor, self.most)
            at += wait
        return found
