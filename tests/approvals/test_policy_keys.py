"""Every key of a policy that came after the first form: what it becomes, what is said of a mistake, and the schema."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from approvals import policies
from approvals.hours import Hours
from approvals.policies import Finding
from approvals.policy import (
    AskBack,
    Automatic,
    EscalationStep,
    Expiry,
    Group,
    Match,
    OnExpiry,
    Policy,
    PolicySet,
    Quorum,
    Repeat,
    Urgency,
)

ROOT = Path(__file__).parents[2]
GROUPS = "all_of: [{name: finance, who: ['@finance']}, {name: risk, who: [U0RISK], approve: 2}]"
TWO_GROUPS = (Group(name="finance", who=("@finance",)), Group(name="risk", who=("U0RISK",), approve=2))
STEP = EscalationStep(after=3600.0, to=("@leads",))

GOOD: list[tuple[str, str, object]] = [
    ("when: action.args.amount <= 500", "when", "action.args.amount <= 500"),
    ("enabled: false", "enabled", False),
    ("decide: approve", "decide", Automatic(decision="approve")),
    (
        "decide: {decision: respond, text: 'No.', reason: closed, tell: true}",
        "decide",
        Automatic(decision="respond", text="No.", reason="closed", tell=True),
    ),
    ("match: {node: 'ask*', urgency: high}", "match", Match(node="ask*", urgency=(Urgency.HIGH,))),
    ("match: {urgency: [low, normal]}", "match", Match(urgency=(Urgency.LOW, Urgency.NORMAL))),
    ("urgency: critical", "urgency", Urgency.CRITICAL),
    ("quorum: {approve: 2, deny: 3}", "quorum", Quorum(approve=2, deny=3)),
    ("quorum: {deny: 2}", "quorum", Quorum(approve=1, deny=2)),
    (GROUPS, "groups", TWO_GROUPS),
    ("who: [manager, U0ANA]", "who", ("manager", "U0ANA")),
    ("remind: {first: 10m, factor: 2, times: 3}", "remind", (600.0, 1800.0, 4200.0)),
    ("remind: {first: 10m, factor: 3, most: 20m, times: 3}", "remind", (600.0, 1800.0, 3000.0)),
    ("{remind: {first: 10m}, expire: {after: 1h}}", "remind", (600.0, 1800.0)),
    ("escalate: [{after: 1h, to: ['@leads']}]", "escalate", (STEP,)),
    (
        "escalate: [{after: 1h, to: ['@leads'], replace: true, repeat: {every: 30m, times: 2}}]",
        "escalate",
        (EscalationStep(after=3600.0, to=("@leads",), replace=True, repeat=Repeat(every=1800.0, times=2)),),
    ),
    (
        "{" + GROUPS + ", escalate: [{after: 1h, to: ['@leads'], for: [risk]}]}",
        "escalate",
        (EscalationStep(after=3600.0, to=("@leads",), stands_for=("risk",)),),
    ),
    ("{remind: [5m], acknowledge: 45m}", "acknowledge", 2700.0),
    ("{remind: [5m], acknowledge: never}", "acknowledge", None),
    ("remind: [5m]", "acknowledge", 1800.0),
    ("confirm: true", "acknowledge", None),
    ("snooze: [1h, 4h]", "snooze", (3600.0, 14400.0)),
    (
        "hours: {days: sat-mon, from: '08:30', to: '24:00', zone: Europe/Berlin, holidays: ['2026-12-25']}",
        "hours",
        Hours(days=(5, 6, 0), start=510, end=1440, zone="Europe/Berlin", holidays=(date(2026, 12, 25),)),
    ),
    ("hours: {}", "hours", Hours()),
    ("hours: {days: [fri, mon], zone: approver}", "hours", Hours(days=(0, 4), zone="approver")),
    ("expire: {after: 1h, then: respond, text: 'Nobody was there.'}", "expire",
     Expiry(after=3600.0, then=OnExpiry.RESPOND, text="Nobody was there.")),
    ("expire: {after: 1h, then: fail}", "expire", Expiry(after=3600.0, then=OnExpiry.FAIL)),
    ("confirm: true", "ask_back", AskBack()),
    ("ask_back: {pause: 4h}", "ask_back", AskBack(pause=14400.0)),
    ("ask_back: never", "ask_back", None),
    ("owner: U0OWN", "owner", ("U0OWN",)),
    ("owner: [ana@example.com, '@makers']", "owner", ("ana@example.com", "@makers")),
    ("reasons: [Too much, Wrong person]", "reasons", ("Too much", "Wrong person")),
    ("break_glass: ['@oncall', manager]", "break_glass", ("@oncall", "manager")),
]  # fmt: skip

BAD: list[tuple[str, str, str]] = [
    ("when: action.args.amount <=", "when", "is not a condition ("),
    ("when: amount < 5", "when", "write CEL, as in action.args.amount <= 500"),
    ("when: size(actions)", "when", "a condition gives true or false"),
    ("enabled: maybe", "enabled", "must be true or false, not text"),
    ("decide: edit", "decide.decision", "'edit' cannot be decided automatically; choose from approve, deny, respond"),
    ("decide: {decision: respond}", "decide.text", "`respond` and `text` go together; add the one that is missing"),
    ("decide: {decision: deny, text: 'No.'}", "decide.text", "`respond` and `text` go together"),
    ("decide: {decision: deny, reson: x}", "decide.reson", "unknown key; did you mean reason?"),
    ("match: {urgency: urgent}", "match.urgency", "'urgent' is no urgency; choose one of low, normal, high, critical"),
    ("urgency: now", "urgency", "'now' is no urgency; choose one of"),
    ("quorum: {approve: 0}", "quorum.approve", "0 is not possible; write 1 or more"),
    ("quorum: {approve: 101}", "quorum.approve", "101 is not possible; write 100 or less"),
    ("quorum: {approve: two}", "quorum.approve", "must be a whole number, as in 2, not text"),
    ("quorum: {aprove: 2}", "quorum.aprove", "unknown key; did you mean approve?"),
    ("all_of: []", "all_of", "is an empty list; add an entry, or remove the key"),
    ("all_of: [{name: a, who: [U0A]}, {name: a, who: [U0B]}]", "all_of[1].name", "'a' is taken; give each group"),
    ("all_of: [{name: a}]", "all_of[0].who", "is missing; add it"),
    ("remind: {first: 10m, factor: 1}", "remind.factor", "1 is not possible; write more than 1"),
    ("remind: {first: 10m, facter: 2}", "remind.facter", "unknown key; did you mean factor?"),
    ("remind: 10m", "remind", "must be a list, as in [a, b], not text"),
    ("escalate: [{after: 1h}]", "escalate[0]", "asks nobody; add to:"),
    ("escalate: [{after: 1h, to: [U0A], repeat: {times: 2}}]", "escalate[0].repeat.every", "is missing; add it"),
    ("escalate: [{after: 20h, to: [U0A], repeat: {every: 2h, times: 2}}]", "escalate[0].repeat", "never comes"),
    ("escalate: [{after: 1h, to: [U0A], for: [risk]}]", "escalate[0].for[0]", "'risk' is not in all_of"),
    ("{" + GROUPS + ", escalate: [{after: 1h, to: [U0A]}]}", "escalate[0]", "add for: [finance, risk], or some"),
    ("acknowledge: sometimes", "acknowledge", "'sometimes' is not a duration; write it like 90s"),
    ("snooze: [4h, 1h]", "snooze[1]", "is not later than the one before; write the times in rising order"),
    ("snooze: []", "snooze", "is an empty list"),
    ("hours: {days: weekdays}", "hours.days", "'weekdays' names no days; write mon-fri"),
    ("hours: {days: [mon, noday]}", "hours.days[1]", "'noday' is no day; write mon-fri"),
    ("hours: {from: '9am'}", "hours.from", "'9am' is no time of day; write it like \"09:00\""),
    ("hours: {from: '17:00', to: '09:00'}", "hours.to", "is not later than `from`"),
    ("hours: {zone: Mars}", "hours.zone", "'Mars' is no time zone; write team, approver, or a name"),
    ("hours: {holidays: [christmas]}", "hours.holidays[0]", "'christmas' is no date; write it like 2026-12-25"),
    ("expire: {after: 1h, then: respond}", "expire.text", "`respond` and `text` go together"),
    ("expire: {after: 1h, then: shrug}", "expire.then", "choose one of deny, approve, respond, wait, fail"),
    (f"reasons: [{'x' * 76}]", "reasons[0]", "must have 1 to 75 characters"),
    ("ask_back: 4h", "ask_back", "'4h' is not understood; write {pause: 4h}, or never"),
    ("ask_back: {pause: long}", "ask_back.pause", "'long' is not a duration"),
    ("ask_back: {pauze: 4h}", "ask_back.pauze", "unknown key; did you mean pause?"),
    ("owner: '#makers'", "owner[0]", "'#makers' is no person; write U0123"),
    ("break_glass: [bob]", "break_glass[0]", "'bob' names nobody; write U0123"),
]


def text_of(body: str) -> str:
    """A file with one policy, whose keys begin on line 5."""
    keys = yaml.safe_load(body)
    assert isinstance(keys, dict)
    lines = "\n".join(
        f"    {line}" for line in (yaml.safe_dump(keys, sort_keys=False) if body[0] == "{" else body).splitlines()
    )
    return f"version: 1\npolicies:\n  - name: one\n    channel: '#a'\n{lines}\ndefault: {{channel: '#b'}}\n"


def read(body: str) -> Policy | tuple[Finding, ...]:
    found = policies.parse(text_of(body))
    return found.policies[0] if isinstance(found, PolicySet) else found


@pytest.mark.parametrize(("body", "key", "expected"), GOOD)
def test_a_key_becomes_what_it_says(body: str, key: str, expected: object) -> None:
    """Times in seconds, days from 0, minutes of the day; what is left out takes the cautious value."""
    rule = read(body)
    assert isinstance(rule, Policy), rule
    assert getattr(rule, key) == expected


@pytest.mark.parametrize(("body", "where", "what"), BAD)
def test_a_mistake_is_named_with_its_place_and_a_remedy(body: str, where: str, what: str) -> None:
    """One finding, on the line of the key, saying what is wrong and what to write."""
    found = read(body)
    assert not isinstance(found, Policy)
    assert [one.where for one in found] == [f"policies[0].{where}"]
    assert what in found[0].what
    assert "; " in found[0].what or ", as in " in found[0].what or found[0].what.endswith("not text")
    assert found[0].line >= 5


@pytest.mark.parametrize("body", [body for body, _, _ in GOOD])
def test_the_schema_takes_each_good_example(body: str) -> None:
    """What the loader reads is not underlined in an editor."""
    jsonschema.validate(yaml.safe_load(text_of(body)), policies.json_schema())


@pytest.mark.parametrize("body", ["decide: [approve]", "quorum: 2", "hours: 9-17", "all_of: finance", "snooze: 1h"])
def test_the_schema_refuses_other_kinds(body: str) -> None:
    """A list for a word, a number for keys: both say no."""
    assert not isinstance(read(body), Policy)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text_of(body)), policies.json_schema())


def test_the_schema_takes_the_sample() -> None:
    """The file that comes with the repository."""
    sample: Any = yaml.safe_load((ROOT / "policies.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(sample, policies.json_schema())
