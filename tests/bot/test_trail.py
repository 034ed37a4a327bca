"""The audit of one approval in plain words, and the link to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.events import Event, EventType
from approvals.model import POLICY, SYSTEM, ActorRef
from bot import texts_audit, trail
from bot.rich import section
from tests.bot import golden, samples
from tests.bot.checks import sound_view
from tests.bot.samples import BEN, COVER, HOSTILE, LINK, OPENED, OPS, SAMPLES, refund


def event(kind: EventType, actor: ActorRef = SYSTEM, after: float = 0.0, **data: Any) -> Event:
    """One line of the audit of the refund."""
    at = OPENED + timedelta(seconds=after)
    return Event(type=kind, at=at, actor=actor, thread_id="thread-1", approval_id=samples.ID, data=data)


LIFE = (
    event(EventType.OPENED, graph="refund_agent", policy="refunds", shown="00ff"),
    event(EventType.ANNOUNCED, after=1, messages=["C0APPROVALS/1.1", "D1/1.2"]),
    event(EventType.ACKNOWLEDGED, BEN, 30, until="2026-11-02T09:30:30+00:00"),
    event(EventType.SNOOZED, BEN, 40, until="2026-11-02T13:00:00+00:00"),
    event(EventType.LAPSED, after=50, by="U0BEN"),
    event(EventType.REMINDED, after=60, reminders=2),
    event(EventType.ESCALATED, after=61, level=1, to=["U0CFO", "@finance"]),
    event(EventType.ESCALATION_SKIPPED, after=62, level=2, to=[], why="everybody of this step is asked already"),
    event(EventType.AMENDED, after=63, revision=2, shown="01"),
    event(EventType.DECIDED, BEN, 64, decision="approve", approvals="1 of 2", bulk=3),
    event(EventType.UNDONE, OPS, 65, decision="approve", by="U0BEN"),
    event(EventType.DECIDED, COVER, 66, decision="edit", action=1, reason="Half of it.", args={"amount": 1}),
    event(EventType.BROKE_GLASS, BEN, 67, decision="deny", reason="Now.", bulk=2),
    event(EventType.DISCOUNTED, after=68, who=["U0BEN"], why="deactivated"),
    event(EventType.DECIDED, POLICY, 68, decision="deny", policy="refunds"),
    event(EventType.RESOLVED, BEN, 69, resolution="approved", held_until="2026-11-02T09:05:00+00:00"),
    event(EventType.RELEASED, after=70),
    event(EventType.RESUMING, after=71, reply=True),
    event(EventType.RESUME_FAILED, after=72, error="boom"),
    event(EventType.GAVE_UP, after=73, error="boom"),
    event(EventType.RETRIED, BEN, 74),
    event(EventType.REASKED, after=75, error="amount must be a number"),
    event(EventType.RESUMED, after=76, finished=True),
    event(EventType.REPORTED, after=77, messages=["C0APPROVALS/1.3"]),
    event(EventType.TOLD, after=78, messages=["C0APPROVALS/1.4"]),
    event(EventType.OVERDUE, after=79),
    event(EventType.SUPERSEDED, after=80, why="the thread went on without it"),
    event(EventType.POLICY_REAPPLIED, OPS, 81, was="refunds", policy="large refunds"),
    event(EventType.ASKED_BACK, BEN, 82, question=1, text="Which <order>?"),
    event(EventType.ANSWERED, OPS, 83, question=1, text="The second one."),
    event(EventType.CANCELLED, OPS, 84, why="It was done by hand."),
    event(EventType.CALLBACK_FAILED, after=85, attempts=1, error="it answered 503"),
    event(EventType.CALLBACK_GIVEN_UP, after=86, attempts=10, error="it answered 503"),
    event(EventType.CALLBACK_REPLAYED, OPS, 87),
    event(EventType.CALLED_BACK, after=88, attempts=1),
    event(EventType.SERVER_AWAY, after=89, why="ConnectError"),
    event(EventType.SERVER_BACK, after=90),
    event(EventType.WITHHELD, after=91, why="the server was told to stop"),
)


def test_every_event_has_its_words() -> None:
    """All that can be written down about an approval, as people read it; with what is unknown it gets by."""
    drawn = [section(texts_audit.line(one)) for one in LIFE]
    golden.check("audit_lines", {"blocks": drawn})
    about_others = {
        EventType.REGISTERED,
        EventType.STARTED,
        EventType.FINISHED,
        EventType.LOST,
        EventType.TURNED,
        EventType.REPAIRED,
        EventType.AWAY_SET,
        EventType.AWAY_ENDED,
        EventType.POLICY_CHANGED,
        EventType.KEY_CREATED,
        EventType.KEY_ROTATED,
        EventType.KEY_REVOKED,
        EventType.ARCHIVED,
        EventType.TRIMMED,
    }
    noted = {kind for kind in EventType if "noted: " in texts_audit.line(event(kind))}
    assert noted == about_others
    assert {one.type for one in LIFE} | {EventType.VIEWED} == set(EventType) - about_others


def test_a_page_of_the_trail_and_the_link_are_drawn_as_agreed() -> None:
    """Twelve a page, with the way on and back; the link, the command and the id to be copied."""
    drawn = {
        "trail_first": trail.trail(refund(), LIFE, 0),
        "trail_last": trail.trail(refund(), LIFE, 99),
        "trail_none": trail.trail(refund(), (), 0),
        "linked": trail.linked(refund(), LINK),
        "linked_without": trail.linked(SAMPLES["approved"], None),
    }
    for name, view in drawn.items():
        sound_view(view)
        golden.check(name, view)
    turns = {
        e["action_id"]: trail.turned(json.loads(e["value"]))
        for b in trail.trail(refund(), LIFE, 1)["blocks"]
        if b["type"] == "actions"
        for e in b["elements"]
    }
    assert turns == {"trail:prev": (samples.ID, 0), "trail:next": (samples.ID, 2)}
    assert trail.turned({"id": samples.ID, "page": True}) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(EventType),
    samples.actors,
    st.dictionaries(
        st.sampled_from(
            [
                "graph",
                "policy",
                "was",
                "reason",
                "error",
                "why",
                "to",
                "messages",
                "decision",
                "action",
                "bulk",
                "approvals",
                "until",
                "level",
                "reminders",
                "resolution",
                "held_until",
                "revision",
                "finished",
            ]
        ),
        samples.json_values,
    ),
)
def test_whatever_was_written_down_is_harmless(kind: EventType, actor: ActorRef, data: dict[str, Any]) -> None:
    """Data of any shape, an agent's words among it: a sound view in which nothing of theirs is parsed."""
    told = event(kind, actor, **(data | {"why": HOSTILE}))
    sound_view(trail.trail(replace(refund(), title=HOSTILE), [told] * 13, 1))


def test_a_trail_of_which_the_beginning_was_archived_says_so() -> None:
    """With what is left, on its first page; and where nothing is left."""
    some, none = trail.trail(refund(), LIFE[1:], 0, 1), trail.trail(refund(), (), 0, 7)
    for view in (some, none):
        sound_view(view)
    assert "1 earlier entry is in the archive" in str(some)
    assert "7 earlier entries are in the archive" in str(none)
    assert texts_audit.NOTHING not in str(none)
    assert "archive" not in str(trail.trail(refund(), LIFE, 1, 1))
