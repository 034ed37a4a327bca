"""`signoff policy`: checked without a server, changed with one; every no with its exit status."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from approvals.settings import Settings
from approvals.store.embedded import free_port
from bot.core import open_records
from localslack.threaded import ThreadedSlack
from tests.bot.conftest import Ran, Run

RULES = """\
version: 1
# kept
policies:
  - {name: refunds, channel: "#money", who: ["@finance"]}
default: {channel: "#ops"}
"""
BROKEN = 'version: 1\ndefault:\n  chanel: "#x"\n  remind: [soon]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def told(ran: Ran) -> Any:
    assert ran.status == 0, ran.err
    return json.loads(ran.out)


def test_checking_needs_no_server(run: Run, file: Path) -> None:
    """A good file is said in words; stdin will do."""
    away = f"redis://127.0.0.1:{free_port()}/0"
    ran = run("policy", "check", str(file), REDIS_URL=away)
    assert (ran.status, "refunds: one of @finance in #money, denied after 24 h" in ran.out) == (0, True)
    found = told(run("policy", "check", "-", "--json", given=RULES))
    assert (found["valid"], [one["name"] for one in found["policies"]]) == (True, ["refunds", "default"])


def test_mistakes_are_listed_by_line(run: Run, file: Path) -> None:
    """On stderr for people, as a document for programs; status 2 both times, and for a file that is not there."""
    file.write_text(BROKEN)
    ran = run("policy", "check", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert "rules.yaml:3: default.chanel: unknown key; did you mean channel?" in ran.err
    ran = run("policy", "check", str(file), "--json")
    assert ran.status == 2
    assert [(one["line"], one["key"]) for one in json.loads(ran.out)["findings"]] == [
        (3, "default.chanel"),
        (4, "default.remind[0]"),
    ]
    assert run("policy", "check", "nowhere.yaml").status == 2
    assert "SIGNOFF_POLICIES" in run("policy", "check").err


def test_a_file_is_applied_and_shown_as_it_is_written(run: Run, file: Path) -> None:
    """Comments too, so that `show` makes a file again; who and why stand in the history and in the audit."""
    done = told(run("policy", "apply", str(file), "--note", "Money first", "--as", "ci", "--json"))
    assert (done["number"], done["new"], done["author"]) == (1, True, {"id": "ci", "source": "cli"})
    assert run("policy", "show").out == RULES
    assert (
        run("policy", "show", "--words").out.splitlines()[0] == "refunds: one of @finance in #money, denied after 24 h"
    )
    (version,) = told(run("policy", "history", "--json"))
    assert (version["number"], version["note"]) == (1, "Money first")
    event = json.loads(run("audit", "--json").out)
    assert (event["type"], event["data"]["to"], event["actor"]["id"]) == ("policy_changed", 1, "ci")
    assert "-  policy_changed  ci (cli)" in run("audit").out


def test_the_same_file_again_is_nothing_to_do(run: Run, file: Path) -> None:
    """Status 0: a pipeline may apply at every push."""
    run("policy", "apply", str(file))
    ran = run("policy", "apply", str(file))
    assert (ran.status, ran.out) == (0, "Nothing to do: version 1 counts, and says the same.\n")


def test_what_has_mistakes_or_comes_late_is_not_applied(run: Run, file: Path) -> None:
    """Mistakes are 2, with their lines; another version than the expected one is an expected no, 1."""
    told(run("policy", "apply", str(file), "--expect", "0", "--json"))
    file.write_text(BROKEN)
    broken = run("policy", "apply", str(file))
    assert (broken.status, broken.out) == (2, "")
    assert "rules.yaml:4: default.remind[0]" in broken.err
    file.write_text(RULES.replace("#money", "#other"))
    late = run("policy", "apply", str(file), "--expect", "0", "--json")
    assert (late.status, late.out) == (1, "")
    assert "version 1 counts now, not version 0" in late.err
    assert [one["number"] for one in told(run("policy", "history", "--json"))] == [1]


def test_versions_are_compared_and_brought_back(run: Run, file: Path) -> None:
    """By number, with a file, and the last change without a word; what is not there is an expected no."""
    run("policy", "apply", str(file))
    file.write_text(RULES.replace("#money", "#other"))
    assert '+  - {name: refunds, channel: "#other", who: ["@finance"]}' in run("policy", "diff", "1", str(file)).out
    run("policy", "apply", str(file))
    last = told(run("policy", "diff", "--json"))
    assert (last["from"], last["to"], "-  - {name: refunds" in last["difference"]) == ("1", "2", True)
    assert run("policy", "diff", "2", "2").out == "They say the same.\n"
    back = told(run("policy", "rollback", "1", "--json"))
    assert (back["number"], back["note"]) == (3, "Back to version 1")
    assert run("policy", "show").out == RULES
    assert "#other" in run("policy", "show", "--version", "2").out
    for no in (("rollback", "9"), ("show", "--version", "9"), ("diff", "1", "9")):
        ran = run("policy", *no)
        assert (ran.status, "there is no version 9" in ran.err) == (1, True)


def test_what_the_settings_say_is_version_0(run: Run) -> None:
    """Nothing was published: the channel of the settings, written out as a file that can be edited."""
    found = told(run("policy", "show", "--json"))
    assert (found["number"], '"C0APPROVALS"' in found["text"]) == (0, True)
    assert told(run("policy", "history", "--json")) == []
    assert "version 0" in run("policy", "history").out
    assert run("policy", "show", SIGNOFF_CHANNEL="").status == 2


def test_a_run_is_asked_by_what_was_published_and_not_by_the_file_beside_it(run: Run, file: Path) -> None:
    """A checkout that is behind must not undo what counts: only a serving process applies its file again."""
    run("policy", "apply", str(file))
    old = file.with_name("old.yaml")
    old.write_text('version: 1\ndefault: {channel: "#old"}\n')
    asked = told(run("run", "refund", "--input", '{"customer": "1", "amount": 2}', "--json", SIGNOFF_POLICIES=str(old)))
    assert asked["approvals"][0]["policy"] == "refunds"
    assert len(told(run("policy", "history", "--json"))) == 1


def test_what_waits_is_put_under_what_counts_now(run: Run, file: Path) -> None:
    """One by its id, or all; an expected no where there is nothing to change."""
    run("policy", "apply", str(file))
    waits = told(run("run", "refund", "--input", '{"customer": "1", "amount": 2}', "--json"))["approvals"][0]["id"]
    assert told(run("policy", "reapply", "--all", "--json")) == {"asked": [], "same": [waits], "refused": []}
    file.write_text(RULES.replace("refunds", "others"))
    run("policy", "apply", str(file))
    assert told(run("policy", "reapply", waits, "--as", "root", "--json"))["asked"] == [waits]
    assert told(run("show", waits, "--json"))["policy"] == "others"
    same = run("policy", "reapply", waits)
    assert (same.status, "says what it said" in same.err) == (1, True)
    assert run("policy", "reapply", "A" * 16).status == 1
    assert (run("policy", "reapply").status, run("policy", "reapply", waits, "--all").status) == (2, 2)
    events = [json.loads(line) for line in run("audit", "--approval", waits, "--json").out.splitlines()]
    assert (events[-1]["type"], events[-1]["actor"]["id"]) == ("policy_reapplied", "root")


def test_the_schema_and_every_help(run: Run) -> None:
    """Each command explains itself."""
    assert told(run("policy", "schema", "--json"))["properties"]["version"]
    for command in ("check", "apply", "show", "history", "diff", "rollback", "reapply", "schema"):
        ran = run("policy", command, "--help")
        assert (ran.status, "--json" in ran.out) == (0, True), command


OFFICE = """\
version: 1
policies:
  - name: mails
    match: {action: send_mail}
    channel: "#money"
  - name: refunds
    channel: "#approvals"
    who: ["@finance"]
    hours: {zone: approver}
default: {channel: "#ops"}
"""


async def zones_of(url: str, approval: str) -> tuple[str, ...]:
    """What the record says."""
    settings = Settings.model_validate({"redis_url": url})
    async with open_records(settings) as records:
        found = await records.approvals.get(approval)
    assert found is not None
    return found.zones


def test_working_hours_of_the_approvers_are_kept_in_their_own_zones(run: Run, file: Path, server_url: str) -> None:
    """As Slack says them; where it cannot be asked nothing is changed, and the remedy is named."""
    waits = told(run("run", "refund", "--input", '{"customer": "1", "amount": 2}', "--json"))["approvals"][0]["id"]
    file.write_text(OFFICE)
    run("policy", "apply", str(file))
    for args in ((waits,), ("--all",)):
        ran = run("policy", "reapply", *args, "--json", SIGNOFF_TIME_ZONE="Asia/Tokyo")
        assert (ran.status, ran.out) == (2, "")
        assert "SLACK_BOT_TOKEN" in ran.err
        assert told(run("show", waits, "--json"))["policy"] == "default"
    with ThreadedSlack.create() as slack:
        over = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
        no_good = run("policy", "reapply", waits, **(over | {"SLACK_BOT_TOKEN": "xoxb-none"}))
        assert (no_good.status, no_good.out) == (2, "")
        assert told(run("policy", "reapply", "--all", "--json", **over))["asked"] == [waits]
    assert asyncio.run(zones_of(server_url, waits)) == ("Europe/Madrid", "America/New_York")
