"""Stories of other files once more, by a user of Redis who has no more rights than docs/security.md grants: whatever
the server refuses is named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from approvals.store.redis import connect
from tests.bot.conftest import Run, run
from tests.bot.test_doctor import slack, test_where_all_is_well_nothing_is_a_problem
from tests.bot.test_outgoing import receiver
from tests.scenarios.conftest import REFUND
from tests.scenarios.test_admin import (
    one,
    test_an_earlier_version_is_looked_at_and_brought_back,
    test_an_edit_counts_at_the_next_question,
    test_what_waits_is_asked_anew_under_what_counts_now,
)
from tests.scenarios.test_api import (
    api,
    test_a_script_polls_until_somebody_approves_in_slack,
    test_keys_that_do_not_work_are_told_apart_from_those_that_may_not,
    test_the_same_key_and_body_is_one_decision_however_often_it_is_sent,
)
from tests.scenarios.test_asking_back import test_asked_answered_and_approved
from tests.scenarios.test_audit import test_what_people_decide_is_sealed_and_verifies_with_what_the_agent_was_given
from tests.scenarios.test_callbacks import desk, test_a_decision_is_told
from tests.scenarios.test_daily import days, test_each_is_told_once_in_their_own_morning
from tests.scenarios.test_escalation_story import test_from_the_first_question_to_the_policys_answer
from tests.scenarios.test_finding import test_each_is_shown_what_waits_for_them_and_those_for_whom_they_cover
from tests.scenarios.test_homes import (
    test_an_admin_sees_the_policies_and_how_things_run,
    test_many_changes_are_drawn_as_one,
)
from tests.scenarios.test_noise import test_a_limit_met_all_the_same_holds_everybody_back
from tests.scenarios.test_operations import test_a_walk_is_counted
from tests.scenarios.test_redis_faults import ACL, PLAIN_KEYS
from tests.scenarios.test_repair import test_a_failed_card_can_be_asked_again
from tests.scenarios.test_story import test_edit_keeps_types_refuses_nonsense_in_the_form_and_shows_the_difference
from tests.scenarios.test_time import test_what_nobody_answers_expires_and_the_agent_is_told
from tests.scenarios.test_votes import test_somebody_looks_into_it_and_time_goes_on_after

FIXTURES = (api, days, desk, one, receiver, run, slack)
"""Known here by being imported."""

ON_EITHER_SAVER = (
    test_a_failed_card_can_be_asked_again,
    test_asked_answered_and_approved,
    test_edit_keeps_types_refuses_nonsense_in_the_form_and_shows_the_difference,
    test_what_people_decide_is_sealed_and_verifies_with_what_the_agent_was_given,
)
ON_ONE = (
    test_a_script_polls_until_somebody_approves_in_slack,
    test_a_walk_is_counted,
    test_an_admin_sees_the_policies_and_how_things_run,
    test_an_earlier_version_is_looked_at_and_brought_back,
    test_an_edit_counts_at_the_next_question,
    test_many_changes_are_drawn_as_one,
    test_each_is_shown_what_waits_for_them_and_those_for_whom_they_cover,
    test_each_is_told_once_in_their_own_morning,
    test_from_the_first_question_to_the_policys_answer,
    test_keys_that_do_not_work_are_told_apart_from_those_that_may_not,
    test_a_limit_met_all_the_same_holds_everybody_back,
    test_somebody_looks_into_it_and_time_goes_on_after,
    test_the_same_key_and_body_is_one_decision_however_often_it_is_sent,
    test_what_nobody_answers_expires_and_the_agent_is_told,
    test_what_waits_is_asked_anew_under_what_counts_now,
    test_where_all_is_well_nothing_is_a_problem,
    test_a_decision_is_told,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Stories that read and write checkpoints in many ways are played on either saver."""
    if metafunc.function in ON_EITHER_SAVER:
        metafunc.parametrize("saver_kind", ["redis", "valkey"])


@pytest.fixture
async def redis_url(any_server_url: str, saver_kind: str) -> AsyncIterator[str]:
    """The shared server, emptied, for somebody with few rights. Nothing that was asked for may have been refused."""
    rules = ACL.split()
    if saver_kind == "valkey":
        rules = PLAIN_KEYS.split() + [rule for rule in rules if not rule.startswith(("~", "+json", "+ft", "+module"))]
    redis: Any = connect(any_server_url)
    await redis.flushall()
    await redis.execute_command("ACL", "SETUSER", "signoff", "reset", "on", ">pw", *rules)
    await redis.execute_command("ACL", "LOG", "RESET")
    yield any_server_url.replace("redis://", "redis://signoff:pw@")
    refused = await redis.execute_command("ACL", "LOG")
    await redis.aclose()
    await redis.connection_pool.aclose()
    assert [(entry["reason"], entry["object"], entry["context"]) for entry in refused] == []


@pytest.mark.both_servers
def test_the_commands(run: Run, redis_url: str, tmp_path: Path) -> None:
    """Each that asks the server: a refund is run, listed, shown, explained and decided, keys and policies change, the
    audit is sealed, verified and archived."""

    def ran(*args: str) -> str:
        done = run(*args, REDIS_URL=redis_url)
        assert done.status == 0, done.err
        return done.out

    (tmp_path / "policies.yaml").write_text('version: 1\ndefault: {channel: "#approvals"}\n')
    ran("policy", "apply", "policies.yaml", "--as", "ops")
    (tmp_path / "policies.yaml").write_text('version: 1\ndefault: {channel: "#other"}\n')
    ran("policy", "apply", "policies.yaml", "--as", "ops")
    ran("policy", "rollback", "1", "--as", "ops")
    for what in (["show"], ["history"], ["diff", "1", "2"], ["reapply", "--all", "--as", "ops"]):
        ran("policy", *what)
    for _ in range(2):
        ran("run", "refund", "--input", json.dumps(REFUND))
    first, second = json.loads(ran("list", "--json"))
    ran("show", first["id"])
    ran("explain", first["id"])
    ran("repair", first["thread_id"], "--as", "ops")
    (anew,) = [each for each in json.loads(ran("list", "--json")) if each["id"] != second["id"]]
    ran("decide", anew["id"], "approve", "--as", "ops")
    ran("decide", second["id"], "deny", "--as", "ops", "--reason", "No.")
    ran("callbacks", "list")
    key = json.loads(ran("keys", "create", "ci", "--json"))["id"]
    for what in (["list"], ["rotate", key], ["revoke", key]):
        ran("keys", *what)
    ran("audit", "--approval", second["id"])
    ran("audit", "seal")
    ran("audit", "verify")
    ran("audit", "export")
    ran("receipt", second["id"])
    ran("audit", "archive", "--until", "9000-01-01", "--to", "a.jsonl", "--trim")
    ran("audit", "verify", "--archive", "a.jsonl")
