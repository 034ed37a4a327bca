"""What an approval is. Frozen values only; every time is an aware `datetime` in UTC.

The words follow one vocabulary: an *interrupt* is LangGraph's pause, an *approval* is our record of it, a *decision*
is one actor's verdict, and the *resolution* is how the approval ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from approvals.actors import POLICY as POLICY
from approvals.actors import SYSTEM as SYSTEM
from approvals.actors import Actor as Actor
from approvals.actors import ActorRef as ActorRef
from approvals.actors import Source as Source
from approvals.actors import Standing as Standing
from approvals.hours import Hours, Pause
from approvals.policy import Policy, Urgency, for_requester
from approvals.question import Question
from approvals.revised import Revised
from approvals.terms import Terms
from approvals.thread import Lease as Lease
from approvals.thread import Outcome as Outcome
from approvals.thread import Thread as Thread
from approvals.thread import ThreadState as ThreadState


class Status(StrEnum):
    """Where the record is between the pause and the resumption."""

    PENDING = "pending"
    RESOLVED = "resolved"
    RESUMING = "resuming"
    RESUMED = "resumed"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def final(self) -> bool:
        """Nothing moves it any more, except an explicit retry of a failed one."""
        return self in (Status.RESUMED, Status.FAILED, Status.SUPERSEDED)


class Resolution(StrEnum):
    """How the approval ended, once it is no longer pending."""

    APPROVED = "approved"
    EDITED = "edited"
    DENIED = "denied"
    RESPONDED = "responded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class DecisionType(StrEnum):
    """What an approver can say. (LangChain says *reject* for deny; its dialect translates.)"""

    APPROVE = "approve"
    EDIT = "edit"
    DENY = "deny"
    RESPOND = "respond"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the agent wants to do, and how it may be answered.

    An action without `args` is a question. `args` keeps the order in which the agent named them.
    """

    name: str
    args: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    description: str = ""
    allowed: tuple[DecisionType, ...] = (DecisionType.APPROVE, DecisionType.DENY)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptRef:
    """LangGraph's names for the pause. `(thread id, id)` is unique for ever; the rest is for the audit."""

    id: str
    payload_hash: str
    node: str = ""
    task_id: str = ""
    checkpoint_id: str = ""


MADE = "made of the name and its arguments"
"""Where most titles come from: the default, so that most records need not say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Titling:
    """Where a title comes from, so that it can be made again for other arguments.

    `titles` are templates, one for each action, empty where there is none; `summary` that of the sentence before the
    description. `made`: without a template it is made of the names and arguments. `why` says it in words.
    """

    titles: tuple[str, ...] = ()
    summary: str = ""
    made: bool = False
    why: str = MADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An interrupt understood, not yet recorded.

    `payload` is a JSON-safe copy of what the graph said. `schema` is the JSON Schema the graph stated for the answer,
    if any. `reply` names the reply shape that the dialect chose, `why` says how it came to it. `template` is the
    answer as a configuration spells it, by decision, where it does. `urgency` is what the graph said of it.
    """

    interrupt: InterruptRef
    dialect: str
    title: str
    actions: tuple[Action, ...]
    payload: JsonValue = None
    description: str = ""
    schema: JsonValue = None
    reply: str = ""
    why: str = ""
    template: JsonValue = None
    urgency: Urgency = Urgency.NORMAL
    titling: Titling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One actor's verdict, a vote where several are needed.

    `action` is the index of the action it is about, `None` for every action still open. `audiences` are the entries of
    the policy that the actor belonged to then, `level` is how far it had escalated: whom a vote counts for is settled
    when it is given. `alone`: glass was broken, and no other vote is needed. `seen`: the digest of what they had been
    shown whole, page by page, before.
    """

    type: DecisionType
    actor: ActorRef
    at: datetime
    action: int | None = None
    reason: str | None = None
    args: Mapping[str, JsonValue] | None = None
    text: str | None = None
    audiences: tuple[str, ...] = ()
    level: int = 0
    alone: bool = False
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who voted and then left, or became a guest: of the first `votes` decisions theirs count no longer."""

    person: str
    votes: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Exactly what the graph is resumed with. Wrapped, because `None` is an answer too.

    `ends`: the graph is not resumed at all; its thread ends where it stands, since the node could not take a no.
    """

    value: JsonValue
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Who said that no answer is needed any more, and why; `why` may be empty."""

    by: ActorRef
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How it went to tell the callback URL of the end. `at` is when it was taken. `dead`: it is tried no more by
    itself. `error` says what went wrong the last time, without secrets."""

    attempts: int
    at: datetime | None = None
    error: str = ""
    dead: bool = False


class MessageKind(StrEnum):
    """What a Slack message of ours is for."""

    CARD = "card"
    ESCALATION = "escalation"
    DIGEST = "digest"
    REPORT = "report"
    REMINDER = "reminder"
    NOTICE = "notice"
    QUESTION = "question"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message of ours stands. `ts` is Slack's id of it; `place` is the audience entry it was posted for,
    `about` the number of the question that it tells, 0 for other messages."""

    channel: str
    ts: str
    kind: MessageKind = MessageKind.CARD
    place: str = ""
    about: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Somebody was shown everything that is asked, or began to be. `digest` is the SHA-256 of what there was to see.

    `whole`: they were shown the last page of it.
    """

    by: str
    revision: int
    at: datetime
    digest: str
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Our record of one interrupt, from opening to resumption.

    `version` counts every change and is compared at each commit. `revision` counts what was asked: it grows when the
    question itself changes, and a click that names an older revision is refused; `revised` says why it grew last.
    `stated` is the urgency that the graph said, where the policy says another. `started_at` is when its clocks began:
    at opening, or when the policy was applied anew. `zones` are the time zones its working hours are kept in, `pauses`
    the times for which somebody held its clocks, `questions` what approvers asked back. `held_until`: resolved, but the
    graph is not given the answer before it is released; until then it can be taken back. `terms` are those of the
    request over HTTP, where it came as one. `views` say who was shown it in full under this revision. `unreachable`:
    the server that runs the graph did not answer when the decision was to be handed over. `environment` is what this
    installation is called, such as `production`; empty where it has no name.
    """

    id: str
    thread_id: str
    graph: str
    interrupt: InterruptRef
    dialect: str
    title: str
    actions: tuple[Action, ...]
    policy: Policy
    opened_at: datetime
    version: int = 1
    revision: int = 1
    revised: Revised | None = None
    description: str = ""
    payload: JsonValue = None
    schema: JsonValue = None
    reply_shape: str = ""
    why: str = ""
    template: JsonValue = None
    titling: Titling | None = None
    requester: str | None = None
    status: Status = Status.PENDING
    resolution: Resolution | None = None
    decisions: tuple[Decision, ...] = ()
    left: tuple[Left, ...] = ()
    reply: Reply | None = None
    level: int = 0
    reminders: int = 0
    urgency: Urgency = Urgency.NORMAL
    stated: Urgency | None = None
    started_at: datetime | None = None
    zones: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    questions: tuple[Question, ...] = ()
    messages: tuple[MessageRef, ...] = ()
    views: tuple[View, ...] = ()
    expires_at: datetime | None = None
    resolved_at: datetime | None = None
    held_until: datetime | None = None
    closed_at: datetime | None = None
    attempts: int = 0
    error: str | None = None
    outcome: Outcome | None = None
    unreachable: bool = False
    terms: Terms | None = None
    cancelled: Cancelled | None = None
    delivery: Delivery | None = None
    environment: str = ""

    @property
    def callback(self) -> str:
        """The URL to be told of the end, empty for none."""
        return self.terms.callback if self.terms is not None else ""

    @property
    def allowed(self) -> tuple[DecisionType, ...]:
        """What may be said of the whole: what every action allows; edit and respond only of a single one."""
        both = [kind for kind in DecisionType if all(kind in action.allowed for action in self.actions)]
        if len(self.actions) > 1:
            both = [kind for kind in both if kind in (DecisionType.APPROVE, DecisionType.DENY)]
        return tuple(both)

    @property
    def audience(self) -> tuple[str, ...]:
        """Who may decide at the present level, as written in the policy."""
        return for_requester(self.policy, self.requester).audience(self.level)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the card stands at the present level."""
        return for_requester(self.policy, self.requester).places(self.level)

    @property
    def reach(self) -> tuple[str, ...]:
        """Those of the places at which the people stand who are asked now: a step that replaces leaves earlier ones."""
        return for_requester(self.policy, self.requester).reach(self.level)

    @property
    def named(self) -> tuple[str, ...]:
        """Everybody of whom it matters whether an actor belongs to them: the audience, and who may break the glass."""
        glass = for_requester(self.policy, self.requester).break_glass
        return tuple(dict.fromkeys((*self.audience, *glass)))

    @property
    def hours(self) -> Hours | None:
        """The working hours that its clocks keep; what is critical keeps none."""
        return None if self.urgency is Urgency.CRITICAL else self.policy.hours

    @property
    def ready(self) -> bool:
        """The graph may be given the answer, or was about to be."""
        return self.status is Status.RESUMING or (self.status is Status.RESOLVED and self.held_until is None)

    def paused_until(self, now: datetime) -> datetime | None:
        """Until when somebody holds the next step; `None` if nobody does."""
        ends = [pause.until for pause in self.pauses if pause.until is not None and pause.since <= now < pause.until]
        return max(ends, default=None)
