"""`signoff policy simulate` and `signoff policy lint` as others script them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from approvals.store.embedded import free_port
from localslack.threaded import ThreadedSlack
from tests.bot.conftest import ROOT, Run

RULES = """\
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    when: action.args.amount > 100
    channel: "#approvals"
    who: ["@finance"]
    remind: [30m]
    escalate: [{after: 4h, to: [U0CLEO], channel: "#finance-leads"}]
    hours: {zone: Europe/Berlin}
    expire: {after: 8h, then: deny}
default: {channel: "#approvals"}
"""
QUESTION = '{"action": "issue_refund", "args": {"amount": 340}}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture(scope="module")
def slack() -> Iterator[ThreadedSlack]:
    """A Slack in a thread of its own: commands run a loop of theirs."""
    with ThreadedSlack.create() as running:
        yield running


def test_a_file_is_tried_without_a_server_or_slack(run: Run, file: Path) -> None:
    """For people, in the zone of its working hours; a time without a zone is the team's."""
    over = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "SIGNOFF_TIME_ZONE": "America/New_York"}
    args = ("policy", "simulate", "refund", QUESTION, "--file", str(file), "--at", "2026-11-20T10:00")
    ran = run(*args, **over)
    assert ran.status == 0, ran.err
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[-6:] == [
        "AT (Europe/Berlin) WHAT",
        "Fri 2026-11-20 16:00:00 asked: @finance, in #approvals",
        "Fri 2026-11-20 16:30:00 reminded in #approvals",
        "Mon 2026-11-23 12:00:00 told in #finance-leads; now @finance, U0CLEO may decide",
        "Mon 2026-11-23 16:00:00 time is up: denied by the policy",
        "Without SLACK_BOT_TOKEN nobody was looked up: the times are of the policy's zone, Europe/Berlin.",
    ]
    found = json.loads(run(*args, "--json", **over).out)
    assert (found["people"], found["names"]) == (None, None)
    assert [step["local"] for step in found["steps"]][1] == [
        {"zone": "Europe/Berlin", "at": "2026-11-20T16:30:00+01:00", "people": None}
    ]
    file.write_text(RULES.replace("Europe/Berlin", "approver"))
    assert "the times are of the team's zone, America/New_York." in run(*args, **over).out


def test_a_simulation_is_one_document(run: Run, slack: ThreadedSlack, file: Path) -> None:
    """Of what counts now, with the people whom Slack knows, without the requester."""
    over = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    assert run("policy", "apply", str(file)).status == 0
    args = ("policy", "simulate", "refund", QUESTION, "--json", "--requester", "U0ANA", "--at", "2026-11-20T15:00Z")
    ran = run(*args, **over)
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)
    assert (found["policy"], found["end"], found["people"], found["zones"]) == (
        "refunds",
        "deny",
        ["U0BEN", "U0CLEO"],
        ["Europe/Berlin"],
    )
    assert [(step["at"], step["kind"], step["level"], step["people"]) for step in found["steps"]] == [
        ("2026-11-20T15:00:00+00:00", "opened", 0, ["U0BEN"]),
        ("2026-11-20T15:30:00+00:00", "reminded", 0, ["U0BEN"]),
        ("2026-11-23T11:00:00+00:00", "escalated", 1, ["U0BEN", "U0CLEO"]),
        ("2026-11-23T15:00:00+00:00", "expired", 1, []),
    ]
    ben, cleo = ("America/New_York", ["U0BEN"]), ("Europe/Paris", ["U0CLEO"])
    assert [[(at["zone"], at["people"], at["at"][11:]) for at in step["local"]] for step in found["steps"]] == [
        [(*ben, "10:00:00-05:00")],
        [(*ben, "10:30:00-05:00")],
        [(*ben, "06:00:00-05:00"), (*cleo, "12:00:00+01:00")],
        [(*ben, "10:00:00-05:00"), (*cleo, "16:00:00+01:00")],
    ]
    assert (found["requester"], found["names"]) == ("U0ANA", {"U0BEN": "ben", "U0CLEO": "cleo"})


def test_each_step_is_told_in_everybodys_own_time(run: Run, slack: ThreadedSlack, file: Path) -> None:
    """A row beneath it; the requester, by any name that Slack knows, is not among them."""
    over = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    args = ("policy", "simulate", "refund", QUESTION, "--file", str(file), "--at", "2026-11-20T15:00Z")
    lines = [" ".join(line.split()) for line in run(*args, **over).out.splitlines()]
    assert lines[lines.index("Fri 2026-11-20 16:30:00 reminded in #approvals") + 1 :] == [
        "ana: Fri 16:30 Madrid · ben: Fri 10:30 New York",
        "Mon 2026-11-23 12:00:00 told in #finance-leads; now @finance, U0CLEO may decide (3 people)",
        "ana: Mon 12:00 Madrid · ben: Mon 06:00 New York · cleo: Mon 12:00 Paris",
        "Mon 2026-11-23 16:00:00 time is up: denied by the policy",
        "ana: Mon 16:00 Madrid · ben: Mon 10:00 New York · cleo: Mon 16:00 Paris",
        "In all, 3 people could have decided.",
    ]
    for name in ("@ana", "ana@example.com", "U0ANA"):
        found = json.loads(run(*args, "--json", "--requester", name, **over).out)
        assert (found["requester"], found["people"]) == ("U0ANA", ["U0BEN", "U0CLEO"])
    assert json.loads(run(*args, "--json", "--requester", "nightly", **over).out)["requester"] == "nightly"
    ran = run(*args, "--requester", "@nobody", **over)
    assert (ran.status, "--requester '@nobody' is nobody's name" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("{oops",), "not JSON"),
        ((QUESTION, "--at", "tomorrow"), "2026-11-20T16:30"),
        ((QUESTION, "--file", "nowhere.yaml"), "cannot be read"),
    ],
)
def test_what_cannot_be_simulated(run: Run, args: tuple[str, ...], says: str) -> None:
    """Status 2, with the remedy."""
    ran = run("policy", "simulate", "refund", *args)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err


def test_lint_ends_with_1_where_something_is_wrong(run: Run, slack: ThreadedSlack, file: Path) -> None:
    """One line a finding, or one document; 0 where every chain can be finished; 2 where nobody can be asked."""
    over = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    ran = run("policy", "lint", "--file", str(file), **over)
    assert (ran.status, ran.out.strip()) == (0, "Every chain of the 2 policies can be finished.")
    file.write_text(RULES.replace("@finance", "@fin"))
    ran = run("policy", "lint", "--file", str(file), **over)
    assert ran.status == 1
    assert "refunds: who: @fin is not there (there is no user group @fin" in ran.out
    ran = run("policy", "lint", "--file", str(file), "--json", **over)
    assert ran.status == 1
    assert [(one["kind"], one["where"], one["have"], one["need"]) for one in json.loads(ran.out)] == [
        ("unknown", "who", 0, 0),
        ("requester", "quorum.approve", 1, 1),
    ]
    assert run("policy", "lint", SLACK_BOT_TOKEN="").status == 2


def test_the_example_on_the_page_is_what_is_printed(run: Run, slack: ThreadedSlack, tmp_path: Path) -> None:
    """docs/policies.md: the file with working hours, and the walk through it."""
    page = (ROOT / "docs" / "policies.md").read_text()
    (file,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "from:" in one]
    (tmp_path / "page.yaml").write_text(file)
    shown = re.search(r"```console\n\$ signoff (policy simulate [^\n]*)\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    over = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url, "SIGNOFF_TIME_ZONE": "Europe/Berlin"}
    ran = run(*shlex.split(shown[1]), "--file", "page.yaml", **over)
    assert ran.status == 0, ran.err
    printed = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert [" ".join(line.split()) for line in shown[2].splitlines()] == printed[-len(shown[2].splitlines()) :]
