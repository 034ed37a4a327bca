"""Policies in plain words."""

from __future__ import annotations

import pytest

from approvals import policies, words
from approvals.policy import PolicySet

HEAD = "version: 1\n"
TAIL = 'default: {channel: "#approvals"}\n'


def said(text: str, **options: words.Name) -> str:
    """The first policy of a text, in words."""
    found = policies.parse(text)
    assert isinstance(found, PolicySet), found
    return words.sentence((*found.policies, found.default)[0], **options)


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
            " reason_required: [deny, edit], escalate: [{after: 90s, to: [U0BOB, S0X], channel: C0LEADS}],"
            " expire: {after: 36h, then: approve}}",
            "mail: ana@example.com in C0123, whoever asked may decide too, with a reason to deny or edit, asked once"
            " more before an approval counts, then U0BOB and S0X too after 1 min 30 s in C0LEADS, approved after 36 h",
        ),
        (
            '{name: two, match: {graph: "a*"}, channel: "#ops", who: ["@a", U0B, "#ops"],'
            " expire: {after: 3d, then: wait}}",
            "two (agent a*): one of @a, U0B or members of #ops in #ops, marked overdue after 3 d",
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
    drawn = said(f"{HEAD}policies:\n  - {rule}\n{TAIL}", name=lambda entry: f"<{entry}>")
    assert drawn == "a: <U0ANA> in <C0123>, then <C0LEADS> too after 1 h, denied after 24 h"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(40, "40 s"), (600, "10 min"), (5400, "1 h 30 min"), (86400, "24 h"), (172800, "2 d")]
)
def test_lengths_are_exact(seconds: float, expected: str) -> None:
    """Nothing is rounded: people decide by them."""
    assert words.length(seconds) == expected
