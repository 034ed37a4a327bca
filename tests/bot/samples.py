"""Approvals to draw: one for each thing that a card has to show, and strategies for those nobody thought of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from pydantic import JsonValue

from approvals.hours import Pause, PauseKind
from approvals.model import (
    POLICY,
    Action,
    ActorRef,
    Approval,
    Cancelled,
    Decision,
    DecisionType,
    InterruptRef,
    Outcome,
    Reply,
    Resolution,
    Source,
    Status,
    Titling,
)
from approvals.policy import AskBack, Automatic, EscalationStep, Expiry, Group, OnExpiry, Policy, Quorum, Urgency
from approvals.question import Question
from approvals.revised import Revised

OPENED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NOW = OPENED + timedelta(minutes=5)
DECIDED = OPENED + timedelta(minutes=4)
ID = "A7Q2MZK4T5W6XYBC"
BEN = ActorRef("U0BEN", Source.SLACK, "T1")
OPS = ActorRef("olga", Source.CLI)
APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND

STANDARD = Policy(
    name="refunds",
    channel="C0APPROVALS",
    who=("U0BEN", "@finance", "S0FINANCE", "ops@example.org"),
    remind=(3600.0,),
    escalate=(EscalationStep(after=7200.0, to=("U0CFO",)),),
    expire=Expiry(after=14400.0),
    source="settings",
)

LINK = "https://acme.slack.com/archives/C0APPROVALS/p1762074000000100"

REFUND = Action(
    name="issue_refund",
    args={
        "customer": "ACME GmbH",
        "amount": 4200.0,
        "currency": "EUR",
        "orders": [17, 18],
        "notify": True,
        "memo": None,
        "due": "2026-11-05",
        "letter": "Dear ACME,\n\nwe refund the orders 17 and 18.\n\nYours",
    },
    description="The goods arrived broken.",
    allowed=(APPROVE, EDIT, DENY),
)


def refund(**changes: object) -> Approval:
    """The approval that most samples start from."""
    approval = Approval(
        id=ID,
        thread_id="thread-1",
        graph="refund_agent",
        interrupt=InterruptRef(id="8d1c", payload_hash="00ff", node="pay"),
        dialect="middleware",
        title="Issue refund: customer ACME GmbH, amount 4200",
        actions=(REFUND,),
        policy=STANDARD,
        opened_at=OPENED,
        expires_at=OPENED + timedelta(hours=4),
        requester="U0ANN",
        reply_shape="decisions",
        why="a list of action requests",
    )
    return replace(approval, **changes)  # pyright: ignore[reportArgumentType] # the caller's names are fields


def said(kind: DecisionType, **more: object) -> Decision:
    """A decision of Ben's."""
    return replace(Decision(type=kind, actor=BEN, at=DECIDED), **more)  # pyright: ignore[reportArgumentType]


def decided(kind: DecisionType, resolution: Resolution, status: Status = Status.RESUMED, **more: object) -> Approval:
    """The refund, decided once."""
    outcome = Outcome(finished=True, text="Refund 88 was issued.") if status is Status.RESUMED else None
    return refund(
        status=status, resolution=resolution, decisions=(said(kind, **more),), resolved_at=DECIDED, outcome=outcome
    )


QUESTION = refund(
    dialect="plain",
    title="Which tone should the answer have?",
    description="The customer was angry twice.\nThey are with us since 2019.",
    actions=(Action(name="ask_tone", allowed=(APPROVE, DENY, RESPOND)),),
    requester="cron job <7>",
    reply_shape="bool",
)
BATCH_ACTIONS = tuple(
    Action(
        name=f"delete_file_{number}",
        args={"path": f"/srv/data/{number}", "force": number == 2},
        allowed=(APPROVE, EDIT, DENY),
    )
    for number in range(3)
)
BATCH = refund(title="3 actions: Delete file 0, Delete file 1, Delete file 2", actions=BATCH_ACTIONS)

HOSTILE = "<!channel> <@U0BEN> <https://evil.example|click> *bold* & \u202egnp.exe\u200b \x1b[31m ```x``` :tada:"

CLEO = ActorRef("U0CLEO", Source.SLACK, "T1")
COVER = ActorRef("U0BEN", Source.SLACK, "T1", behalf="U0ANA")
TWO = replace(STANDARD, quorum=Quorum(approve=2))
TEAMS = replace(
    STANDARD,
    who=(),
    quorum=Quorum(approve=2, deny=2),
    groups=(Group(name="finance", who=("@finance",)), Group(name="security", who=("@security",))),
)
HOLDS = replace(STANDARD, acknowledge=1800.0, snooze=(3600.0, 14400.0), break_glass=("U0CFO",))
LOOKING = Pause(OPENED + timedelta(minutes=1), OPENED + timedelta(minutes=31), PauseKind.ACKNOWLEDGED, "U0BEN")
RULE = replace(STANDARD, name="small refunds", decide=Automatic(decision="approve", reason="Below 50 EUR.", tell=True))
HALF: dict[str, JsonValue] = {**REFUND.args, "amount": 2100.0, "memo": "half"}
PROPOSED = said(EDIT, args=HALF, reason="Only one parcel was broken.")

LADDER = (EscalationStep(after=7200.0, to=("U0CFO",)), EscalationStep(after=9000.0, to=("U0CEO",), replace=True))

WAITS = replace(HOLDS, ask_back=AskBack(pause=14400.0))
WHICH = Question(number=1, text="Which of the two orders is it?", by="U0BEN", at=DECIDED, to=("U0ANN",))
ANSWERED = replace(WHICH, answer="Order 17. <!channel>\n18 is fine.", answered_by="U0ANN", answered_at=NOW)
ASKED_PAUSE = Pause(DECIDED, DECIDED + timedelta(hours=4), PauseKind.ASKED_BACK, "U0BEN")

SAMPLES: dict[str, Approval] = {
    "asked": refund(policy=WAITS, pauses=(ASKED_PAUSE,), questions=(WHICH,)),
    "asked_in_vain": replace(decided(APPROVE, Resolution.APPROVED), policy=WAITS, questions=(WHICH,)),
    "answered": refund(
        policy=WAITS,
        pauses=(replace(ASKED_PAUSE, until=NOW),),
        questions=(ANSWERED, replace(WHICH, number=2, text="Why so late?", by="U0CLEO")),
    ),
    "answered_once": refund(policy=WAITS, questions=(replace(ANSWERED, answer="Order 17; 18 is fine."),)),
    "votes_none": refund(policy=TWO),
    "votes_one": refund(policy=TWO, decisions=(said(APPROVE),)),
    "votes_teams": refund(
        policy=TEAMS, decisions=(said(APPROVE, audiences=("@finance",)), said(DENY, actor=CLEO, audiences=()))
    ),
    "votes_edit": refund(
        policy=replace(TWO, quorum=Quorum(approve=3)),
        revision=2,
        decisions=(said(APPROVE, actor=CLEO), PROPOSED, said(APPROVE, actor=replace(CLEO, id="U0DAN"))),
    ),
    "votes_batch": replace(BATCH, policy=TWO, decisions=(said(APPROVE, action=0), said(DENY, action=1))),
    "votes_done": refund(
        policy=replace(TWO, quorum=Quorum(approve=2, deny=2)),
        status=Status.RESUMED,
        resolution=Resolution.APPROVED,
        decisions=(said(DENY, actor=CLEO, reason="Why so much?"), said(APPROVE), said(APPROVE, actor=CLEO)),
        outcome=Outcome(finished=True),
    ),
    "pending_reasons": refund(
        policy=replace(STANDARD, reasons=("Too expensive", "Not ours to pay"), reason_required=("deny",))
    ),
    "undoable": replace(decided(APPROVE, Resolution.APPROVED, Status.RESOLVED), held_until=NOW + timedelta(seconds=30)),
    "held": refund(policy=HOLDS, pauses=(LOOKING,)),
    "snoozed": refund(policy=HOLDS, pauses=(replace(LOOKING, kind=PauseKind.SNOOZED),), urgency=Urgency.HIGH),
    "critical": refund(policy=HOLDS, urgency=Urgency.CRITICAL),
    "alone": decided(APPROVE, Resolution.APPROVED, actor=CLEO, alone=True, reason="The shop is down."),
    "behalf": decided(APPROVE, Resolution.APPROVED, actor=COVER),
    "automatic": replace(decided(APPROVE, Resolution.APPROVED, actor=POLICY, reason="Below 50 EUR."), policy=RULE),
    "automatic_failed": replace(
        decided(APPROVE, Resolution.APPROVED, Status.FAILED, actor=POLICY), policy=RULE, reply=Reply(True), error="boom"
    ),
    "expired_respond": decided(RESPOND, Resolution.EXPIRED, actor=POLICY, text="Nobody is there."),
    "expired_fail": refund(status=Status.FAILED, resolution=Resolution.EXPIRED, error="Nobody answered in time."),
    "pending": refund(),
    "pending_confirm": refund(policy=replace(STANDARD, confirm=True), level=1),
    "pending_reason": refund(policy=replace(STANDARD, reason_required=("approve", "deny"), who=())),
    "pending_no_deadline": refund(expires_at=None, policy=replace(STANDARD, expire=None)),
    "pending_asked_again": refund(revision=2, error="The value does not fit: amount must be a number."),
    "pending_changed": refund(revision=2, revised=Revised.QUESTION),
    "pending_reapplied": refund(revision=2, revised=Revised.POLICY),
    "pending_undone": refund(revision=2, revised=Revised.UNDO, policy=TWO, decisions=(said(APPROVE),)),
    "pending_hostile": refund(
        title=HOSTILE, description=HOSTILE, graph=HOSTILE, actions=(Action(name=HOSTILE, args={HOSTILE: HOSTILE}),)
    ),
    "pending_four": refund(actions=(replace(REFUND, allowed=tuple(DecisionType)),)),
    "pending_unshown": refund(
        dialect="plain",
        title="Decide asks",
        actions=(Action(name="decide", allowed=(APPROVE, DENY)),),
        payload=[{"host": "db1", "wipe": True}, {"host": "db2", "wipe": True}],
    ),
    "question": QUESTION,
    "question_long": replace(QUESTION, description="Please read. " * 400),
    "overdue": refund(expires_at=None, error="The question cannot be answered with deny."),
    "batch": BATCH,
    "batch_partial": replace(BATCH, decisions=(said(APPROVE, action=0), said(DENY, action=2, reason="Still needed."))),
    "batch_decided": replace(
        BATCH,
        status=Status.RESUMED,
        resolution=Resolution.EDITED,
        decisions=(
            said(APPROVE, action=0),
            said(EDIT, action=1, args={"path": "/srv/old", "force": False}),
            said(DENY, action=2),
        ),
        outcome=Outcome(finished=False),
    ),
    "batch_all": replace(BATCH, status=Status.RESOLVED, resolution=Resolution.APPROVED, decisions=(said(APPROVE),)),
    "batch_many": refund(title="40 actions", actions=tuple(replace(REFUND, name=f"refund_{n}") for n in range(40))),
    "resolved": decided(APPROVE, Resolution.APPROVED, Status.RESOLVED),
    "resuming": replace(decided(APPROVE, Resolution.APPROVED, Status.RESUMING), attempts=1, error="boom"),
    "approved": decided(APPROVE, Resolution.APPROVED),
    "approved_cli": decided(APPROVE, Resolution.APPROVED, actor=OPS),
    "edited": decided(EDIT, Resolution.EDITED, args={**REFUND.args, "amount": 100.5, "memo": "half", "orders": [17]}),
    "denied": decided(DENY, Resolution.DENIED, reason="Too much. <!here> ask *again*."),
    "responded": replace(
        QUESTION,
        status=Status.RESUMED,
        resolution=Resolution.RESPONDED,
        decisions=(said(RESPOND, text="Be kind.\nBe short."),),
        outcome=Outcome(finished=False),
    ),
    "expired": decided(DENY, Resolution.EXPIRED, actor=POLICY, reason="Nobody answered in time."),
    "failed": replace(
        decided(APPROVE, Resolution.APPROVED, Status.FAILED),
        attempts=5,
        reply=Reply(True),
        error="PaymentError: <!channel> no funds\nTraceback",
    ),
    "stuck": replace(
        decided(APPROVE, Resolution.APPROVED, Status.FAILED), error="The thread was answered outside Signoff."
    ),
    "production": refund(environment="production", urgency=Urgency.HIGH),
    "escalated": refund(level=1, policy=replace(STANDARD, escalate=(LADDER[0],))),
    "escalated_away": refund(level=2, policy=replace(TWO, escalate=LADDER), decisions=(said(APPROVE),)),
    "retitled": refund(
        policy=TWO,
        revision=2,
        titling=Titling(titles=("Refund ${amount:money} to {customer}",), why="langgraph.json says so"),
        title="Refund $4,200 to ACME GmbH",
        decisions=(PROPOSED,),
    ),
    "critical_batch": replace(BATCH, urgency=Urgency.CRITICAL),
    "unreachable": replace(decided(APPROVE, Resolution.APPROVED, Status.RESOLVED), unreachable=True),
    "unreachable_resuming": replace(decided(APPROVE, Resolution.APPROVED, Status.RESUMING), unreachable=True),
    "cancelled": refund(
        status=Status.RESOLVED,
        resolution=Resolution.CANCELLED,
        resolved_at=DECIDED,
        cancelled=Cancelled(by=BEN, why="The customer sent it back."),
    ),
    "superseded": refund(status=Status.SUPERSEDED, error="the thread went on without it"),
}
NO_EXPIRY_WAIT = replace(STANDARD, expire=Expiry(after=60.0, then=OnExpiry.WAIT))

# -- strategies

texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(codec=None), max_size=30),
    st.sampled_from(
        [HOSTILE, "<!channel>", "<@U0BEN>", "&lt;!here&gt;", "x" * 700, "\n" * 90, "😀" * 200, "<" * 600, ""]
    ),
)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=-(10**40), max_value=10**40),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
arguments = st.dictionaries(texts, json_values, max_size=12)
kinds = st.lists(st.sampled_from(DecisionType), min_size=1, max_size=4, unique=True).map(tuple)
actions = st.builds(Action, name=texts, args=arguments, description=texts, allowed=kinds)
actors = st.sampled_from(
    [
        BEN,
        OPS,
        POLICY,
        COVER,
        ActorRef("<!channel>", Source.SLACK),
        ActorRef("<@U1>", Source.API),
    ]
)
policies = st.builds(
    Policy,
    name=texts,
    channel=st.sampled_from(["C0X", "#ops"]),
    who=st.lists(st.sampled_from(["U0BEN", "@finance", "S0F", "a@b.org", "#x", "<!channel>"]), max_size=12).map(tuple),
    escalate=st.just((EscalationStep(after=1.0, to=("U0CFO",)),)),
    expire=st.sampled_from(
        [None, Expiry(after=60.0), Expiry(after=9.0, then=OnExpiry.APPROVE), Expiry(after=9.0, then=OnExpiry.WAIT)]
    ),
    confirm=st.booleans(),
    reason_required=st.sampled_from([(), ("deny",), ("approve", "deny", "edit", "respond")]),
    quorum=st.builds(Quorum, approve=st.integers(1, 3), deny=st.integers(1, 3)),
    groups=st.lists(
        st.builds(Group, name=texts, who=st.just(("@finance",)), approve=st.integers(1, 2)), max_size=12
    ).map(tuple),
    acknowledge=st.sampled_from([None, 60.0, 5400.0]),
    snooze=st.sampled_from([(), (60.0,), tuple(3600.0 * n for n in range(1, 9))]),
    break_glass=st.sampled_from([(), ("U0CFO",)]),
    reasons=st.lists(texts.filter(str.strip), max_size=4).map(tuple),
)
pauses = st.builds(
    Pause,
    since=st.just(OPENED),
    until=st.sampled_from([None, OPENED + timedelta(hours=9)]),
    kind=st.sampled_from(PauseKind),
    by=st.sampled_from(["U0BEN", "<!channel>", "olga"]),
)


questions = st.builds(
    Question,
    number=st.integers(1, 5),
    text=texts,
    by=st.sampled_from(["U0BEN", "<!channel>"]),
    at=st.just(OPENED),
    to=st.sampled_from([(), ("U0ANN",), ("@ops", "<!here>")]),
    answer=texts,
    answered_by=st.sampled_from(["U0ANN", "<@U1>"]),
    answered_at=st.sampled_from([None, DECIDED]),
)


@st.composite
def approvals(draw: st.DrawFn) -> Approval:
    """Any approval: more states than the life of one can reach, since a card must survive all of them."""
    many = draw(st.one_of(st.just(1), st.integers(1, 4), st.just(12)))
    acts = tuple(draw(actions) for _ in range(min(many, 4))) * (1 if many <= 4 else many // 4)
    decisions = draw(
        st.lists(
            st.builds(
                Decision,
                type=st.sampled_from(DecisionType),
                actor=actors,
                at=st.just(DECIDED),
                action=st.one_of(st.none(), st.integers(0, len(acts) - 1)),
                reason=st.one_of(st.none(), texts),
                args=st.one_of(st.none(), arguments),
                text=st.one_of(st.none(), texts),
                audiences=st.sampled_from([(), ("@finance",), ("U0CFO",)]),
                alone=st.booleans(),
            ),
            max_size=5,
        ).map(tuple)
    )
    return refund(
        title=draw(texts),
        description=draw(texts),
        graph=draw(texts),
        actions=acts,
        payload=draw(json_values),
        requester=draw(st.one_of(st.none(), texts)),
        policy=draw(policies),
        urgency=draw(st.sampled_from(Urgency)),
        pauses=tuple(draw(st.lists(pauses, max_size=2))),
        status=draw(st.sampled_from(Status)),
        resolution=draw(st.one_of(st.none(), st.sampled_from(Resolution))),
        questions=tuple(draw(st.lists(questions, max_size=5))),
        decisions=decisions,
        level=draw(st.integers(0, 1)),
        revision=draw(st.integers(1, 3)),
        expires_at=draw(st.sampled_from([None, NOW + timedelta(hours=2)])),
        error=draw(st.one_of(st.none(), texts)),
        why=draw(texts),
        dialect=draw(texts),
        reply_shape=draw(st.sampled_from(["choice", "bool", "decision"])),
        outcome=draw(st.one_of(st.none(), st.builds(Outcome, finished=st.booleans(), text=texts))),
    )
