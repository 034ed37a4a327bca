"""Policies in plain words."""

from __future__ import annotations

import pytest

from approvals import policies, words
from approvals.policy import PolicySet

HEAD = "version: 1\n"
TAIL = 'default: {channel: "#approvals"}\n'


def said(text: str, voice: words.Voice = words.PLAIN) -> str:
    """The first policy of a text, in words."""
    found = policies.parse(text)
    assert isinstance(found, PolicySet), found
    return words.sentence((*found.policies, found.default)[0], voice)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            '{name: refunds, match: {graph: refund, action: "issue_*"}, channel: "#approvals", who: ["@finance"],'
            ' remind: [10m, 90m], escalate: [{after: 30m, channel: "#leads"}], expire: {after: 1d}}',
            "refunds (actions issue_* of agent refund): one of @finance in #approvals, reminded after 10 min and"
            " 1 h 30 min, then members of #leads too after 30 min, denied after 24 h",
        ),
        (
            '{name: mail, channel: C0123, who: [ana@example.com], self_approval: true, confirm: true,'
            " reason_required: [deny, edit], reason_optional: [approve],"
            " escalate: [{after: 90s, to: [U0BOB, S0X], channel: C0LEADS}],"
            " expire: {after: 36h, then: approve}}",
            "mail: ana@example.com in C0123, whoever asked may decide too, with a reason to deny or edit, room for a"
            " reason to approve, asked once more before an approval counts,"
            " then U0BOB and S0X too after 1 min 30 s in C0LEADS, approved after 36 h",
        ),
        (
            '{name: two, match: {graph: "a*"}, channel: "#ops", who: ["@a", U0B, "#ops"],'
            " expire: {after: 3d, then: wait}}",
            "two (agent a*): one of @a, U0B or members of #ops in #ops, marked overdue after 3 d",
        ),
        (
            '{name: big, when: "double(action.args.amount) > 500.0", match: {node: pay, urgency: [high, critical]},'
            ' channel: "#ops", who: ["@a"], quorum: {approve: 2, deny: 2}, remind: [10m, 20m, 30m, 40m, 50m],'
            " escalate: [{after: 1h, to: [manager], replace: true, repeat: {every: 10m, times: 3}}],"
            ' acknowledge: 5m, snooze: [1h, 4h], break_glass: ["@root"], urgency: high, reasons: [Too much, Not now],'
            ' hours: {days: mon-fri, from: "08:30", to: "18:00", zone: Europe/Berlin, holidays: ["2026-12-25"]}}',
            "big (at node pay, where it presses: high or critical, where double(action.args.amount) > 500.0):"
            " two of @a in #ops, two to deny, reasons to choose from: “Too much” or “Not now”, in an emergency @root"
            " alone, treated as high, “I am looking” holds it for 5 min, can be put off for 1 h or 4 h, reminded after"
            " 10 min, 20 min, 30 min and 2 times more, then the requester's manager instead after 1 h (told again 3"
            " times, every 10 min), denied after 24 h, the clocks run Mon–Fri 8:30–18:00 (Europe/Berlin time, 1"
            " holiday)",
        ),
        (
            '{name: four, channel: "#ops", all_of: [{name: legal, who: ["@legal"]},'
            ' {name: money, who: [U0A, U0B], approve: 2}], escalate: [{after: 1h, to: ["@boss"], for: [legal]}],'
            ' expire: {after: 2h, then: respond, text: "Ask later."}, enabled: false}',
            "four (switched off): one of @legal for legal and two of U0A and U0B for money in #ops, then @boss too for"
            " legal after 1 h, answered “Ask later.” after 2 h",
        ),
        (
            '{name: drops, match: {action: "drop_*"}, channel: "#ops", decide: {decision: deny, reason: Never,'
            " tell: true}}",
            "drops (actions drop_*): denied at once without asking anybody (Never), told in #ops",
        ),
        ('{name: last, channel: "#ops", expire: never}', "last: any member of #ops, no deadline"),
    ],
)  # fmt: skip
def test_a_policy_in_words(rule: str, expected: str) -> None:
    """Every key that changes what happens is said, in the order in which it happens."""
    assert said(f"{HEAD}policies:\n  - {rule}\n{TAIL}") == expected


def test_the_default_is_about_everything_else() -> None:
    """It has no match of its own."""
    assert said(HEAD + TAIL) == "default (everything else): any member of #approvals, denied after 24 h"


def test_names_are_drawn_by_whoever_shows_them() -> None:
    """For Slack an id becomes a mention, in every place."""
    rule = "{name: a, channel: C0123, who: [U0ANA], escalate: [{after: 1h, channel: C0LEADS}]}"
    drawn = said(f"{HEAD}policies:\n  - {rule}\n{TAIL}", words.Voice(lambda entry: f"<{entry}>"))
    assert drawn == "a: <U0ANA> in <C0123>, then <C0LEADS> too after 1 h, denied after 24 h"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(40, "40 s"), (600, "10 min"), (5400, "1 h 30 min"), (86400, "24 h"), (172800, "2 d")]
)
def test_lengths_are_exact(seconds: float, expected: str) -> None:
    """Nothing is rounded: people decide by them."""
    assert words.length(seconds) == expected
