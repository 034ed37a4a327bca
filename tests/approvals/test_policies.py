"""The policy file: what is read, and what is said of every mistake."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from approvals import policies
from approvals.choosing import choose
from approvals.errors import ConfigError
from approvals.model import Action
from approvals.policy import EscalationStep, Expiry, Match, OnExpiry, PolicySet
from tests.approvals.build import chosen, draft, thread

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

FULL = """\
version: 1
policies:
  - name: refunds
    match: {graph: refund, action: "*refund*"}
    channel: "#approvals"
    who: ["@finance", U0ANA, ana@example.com, "#approvals"]
    remind: [90s, 10m, 1h30m]
    escalate:
      - {after: 1h, to: ["@finance-leads"], channel: "#finance-leads"}
      - {after: 2h, to: [U0BOB]}
      - {after: 3h, channel: C0123}
    expire: {after: 2d, then: wait}
    self_approval: true
    confirm: true
    reason_required: [deny, edit]
    reason_optional: [approve, respond]
default:
  channel: "#approvals"
  expire: never
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "policies.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def findings(folder: Path, text: str, **options: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        policies.load(written(folder, text), **options)
    return str(caught.value).splitlines()


def test_every_key_is_read(tmp_path: Path) -> None:
    """Each key of the form ends up in the policy, times in seconds."""
    read = policies.load(written(tmp_path, FULL))
    rule = read.policies[0]
    version = hashlib.sha256(FULL.encode()).hexdigest()[:12]
    assert read.version == version
    assert rule.source == read.default.source == f"policies.yaml@{version}"
    assert (rule.name, rule.channel) == ("refunds", "#approvals")
    assert rule.match == Match(graph="refund", action="*refund*")
    assert rule.who == ("@finance", "U0ANA", "ana@example.com", "#approvals")
    assert rule.remind == (90.0, 600.0, 5400.0)
    assert rule.escalate == (
        EscalationStep(after=3600.0, to=("@finance-leads",), channel="#finance-leads"),
        EscalationStep(after=7200.0, to=("U0BOB",)),
        EscalationStep(after=10800.0, to=("C0123",), channel="C0123"),
    )
    assert rule.expire == Expiry(after=172800.0, then=OnExpiry.WAIT)
    assert (rule.self_approval, rule.confirm, rule.reason_required) == (True, True, ("deny", "edit"))
    assert rule.reason_optional == ("approve", "respond")
    assert read.default.name == "default"
    assert read.default.expire is None


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    """A default with a channel is enough; what is left out takes the cautious value."""
    rule = policies.load(written(tmp_path, 'version: 1\ndefault: {channel: "#ops"}\n')).default
    assert rule.audience(0) == ("#ops",)
    assert rule.expire == Expiry(after=86400.0, then=OnExpiry.DENY)
    assert (rule.self_approval, rule.confirm) == (False, False)
    assert (rule.reason_required, rule.reason_optional, rule.remind, rule.escalate) == ((), (), (), ())


def test_fallback_channel(tmp_path: Path) -> None:
    """A policy without a channel takes the one from the settings; its own comes first."""
    text = 'version: 1\npolicies:\n  - {name: own, channel: "#own"}\n  - {name: none}\ndefault: {}\n'
    read = policies.load(written(tmp_path, text), fallback_channel="C0SET")
    assert [rule.channel for rule in (*read.policies, read.default)] == ["#own", "C0SET", "C0SET"]


@pytest.mark.parametrize(
    ("amount", "name", "decides"),
    [
        (5, "small refunds", "approve"),
        (340.0, "refunds", None),
        (1000.5, "large refunds", None),
        (10001, "refunds beyond the limit", "deny"),
        ("many", "large refunds", None),
        (-5, "refunds", None),
    ],
)
def test_the_sample_is_valid_and_suits_the_demo(amount: Any, name: str, decides: str | None) -> None:
    """The file that comes with the repository treats a refund by its size; what is no number is no small one."""
    read = policies.load(ROOT / "policies.yaml")
    asked = choose(read, draft(Action("issue_refund", {"amount": amount})), thread(graph="refund")).policy
    assert (asked.name, asked.decide and asked.decide.decision) == (name, decides)


def test_the_sample_shows_the_common_cases() -> None:
    """One of a group with a wider circle; two for what is large, in working hours; glass to break for production."""
    read = policies.load(ROOT / "policies.yaml")
    named = {rule.name: rule for rule in read.policies}
    refunds, large, deploys = named["refunds"], named["large refunds"], named["production deploys"]
    assert (refunds.audience(0), refunds.audience(1)) == (("@finance",), ("@finance", "#finance-leads"))
    assert (large.quorum.approve, large.hours is not None) == (2, True)
    assert ([group.name for group in deploys.groups], deploys.break_glass) == (
        ["finance", "leads"],
        ("#finance-leads",),
    )
    assert chosen(read, "deploy-web", ["roll_out_prod"]).policy is deploys
    assert chosen(read, "other", ["issue_refund"]).policy.name == "default"


def test_without_a_file() -> None:
    """One channel from the settings: its members decide, denied after a day."""
    read = policies.without_file("#ops")
    assert read.policies == ()
    assert read.default.audience(0) == ("#ops",)
    assert read.default.expire == Expiry(after=86400.0, then=OnExpiry.DENY)
    with pytest.raises(ConfigError, match="SIGNOFF_CHANNEL 'ops' is not a channel"):
        policies.without_file("ops")


def test_every_finding_of_a_bad_file_is_listed_with_its_line(tmp_path: Path) -> None:
    """All mistakes come in one error, in the order of the file, exactly as in the golden text."""
    text = (GOLDEN / "bad_policies.yaml").read_text(encoding="utf-8")
    expected = (GOLDEN / "bad_policies.txt").read_text(encoding="utf-8").splitlines()
    assert findings(tmp_path, text) == expected


HEAD = "version: 1\n"
TAIL = 'default: {channel: "#ops"}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["policies.yaml:1: version: is missing; add it", "policies.yaml:1: default: is missing; add it (it counts"
         " where no other policy matches)"]),
        ("- a\n", ["policies.yaml:1: the file: must be a group of keys, as in {key: value}, not a list"]),
        (HEAD + "default:\n  channel: #ops\n",
         ['policies.yaml:3: default.channel: is empty; add a value (what starts with # or @ needs quotes, as in'
          ' "#approvals")']),
        (HEAD + "default: {}\n",
         ['policies.yaml:2: default.channel: is missing; add it, as in channel: "#approvals", or set SIGNOFF_CHANNEL']),
        (HEAD + "default:\n  channel: C0123\n  who: [@finance]\n",
         ["policies.yaml:4: not YAML (found character '@' that cannot start any token); put what starts with # or @ in"
          " quotes"]),
        (HEAD + "default: {channel: C0123, reason_required: [edit], reason_optional: [approve, edit]}\n",
         ["policies.yaml:2: default.reason_optional[1]: 'edit' is in reason_required too; leave it in one of them"]),
        (HEAD + "default: {channel: C0123, expire: 4h}\n",
         ["policies.yaml:2: default.expire: '4h' is not understood; write {after: 4h, then: deny}, or never"]),
        (HEAD + "default: {channel: C0123}\ndefault: {channel: C0999}\n",
         ["policies.yaml:3: default: stands here a second time; keep one of them"]),
        (HEAD + "policies:\n  - {name: a}\n  - {name: a}\n" + TAIL,
         ["policies.yaml:4: policies[1].name: 'a' is taken; give each policy a name of its own"]),
        (HEAD + "default:\n  channel: C0123\n  remind: [10m, 5m]\n",
         ["policies.yaml:4: default.remind[1]: is not later than the one before; write the times in rising order"]),
        (HEAD + "default:\n  channel: C0123\n  remind: [2h]\n  expire: {after: 1h}\n",
         ["policies.yaml:4: default.remind[0]: never comes, since the approval has expired by then; make it"
          " earlier, or let `expire` wait"]),
    ],
)  # fmt: skip
def test_one_mistake_one_finding(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Each mistake is named with its line, its place and what to do about it."""
    assert findings(tmp_path, text) == expected


@pytest.mark.parametrize("bad", ["10", "ten minutes", "1.5h", "10M", "m", "1m1h", "''", "0s", "-10m", "400d", "10 m"])
def test_bad_durations_are_refused(tmp_path: Path, bad: str) -> None:
    """A time without a unit, without a number, negative, zero or beyond a year is a finding at its own index."""
    found = findings(tmp_path, f'version: 1\ndefault:\n  channel: "#ops"\n  remind: [5m, {bad}]\n  expire: never\n')
    assert len(found) == 1
    assert found[0].startswith("policies.yaml:4: default.remind[1]: ")
    assert "; " in found[0]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd []", "!!python/name:os.getcwd", "!unknown x"])
def test_tags_are_never_run(tmp_path: Path, tag: str) -> None:
    """YAML that names a Python object is refused with its line, not built."""
    found = findings(tmp_path, f"version: 1\ndefault:\n  channel: {tag}\n")
    assert len(found) == 1
    assert found[0].startswith("policies.yaml:3: not YAML (could not determine a constructor for the tag")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are configuration errors too."""
    (tmp_path / "latin").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "latin"):
        with pytest.raises(ConfigError, match="cannot be read"):
            policies.load(path)


def test_the_schema_takes_what_the_loader_takes() -> None:
    """Editors that use the schema accept the full form and refuse an unknown key."""
    schema = policies.json_schema()
    jsonschema.validate(yaml.safe_load(FULL.replace("expire: never", "expire: {after: 1h}")), schema)
    jsonschema.validate(yaml.safe_load(FULL), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(FULL.replace("remind:", "reminds:")), schema)


@pytest.mark.parametrize("page", ["README.md", "docs/policies.md"])
def test_the_examples_in_the_pages_are_valid(page: str) -> None:
    """Each whole file that a page shows can be read as it stands."""
    blocks = re.findall(r"```yaml\n(version: 1\n.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert isinstance(policies.parse(block), PolicySet), policies.parse(block)
