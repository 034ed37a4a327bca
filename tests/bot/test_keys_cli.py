"""`signoff keys` as others run it."""

from __future__ import annotations

import json
from typing import Any

from approvals.api_keys import TOKEN
from tests.bot.conftest import Run


def test_a_key_is_made_listed_renewed_and_ended(run: Run) -> None:
    """The token is all that stands on stdout, once; no list, no audit and no later command shows it again."""
    made = run("keys", "create", "billing", "--as", "root")
    token = made.out.strip()
    assert TOKEN.fullmatch(token)
    assert "not shown again" in made.err
    listed: list[dict[str, Any]] = json.loads(run("keys", "list", "--json").out)
    (key,) = listed
    assert (key["name"], key["scopes"], key["created_by"]) == ("billing", ["create", "read"], "root")
    again = json.loads(run("keys", "rotate", "billing", "--as", "root", "--json").out)
    assert again["token"] != token
    assert again["id"] == key["id"]
    assert "revoked" in run("keys", "revoke", key["id"], "--as", "root").out
    audit = run("audit", "--json").out
    assert [json.loads(line)["type"] for line in audit.splitlines()] == ["key_created", "key_rotated", "key_revoked"]
    shown = audit + run("keys", "list").out
    assert token.rpartition("_")[2] not in shown
    assert again["token"].rpartition("_")[2] not in shown


def test_what_makes_no_key_is_said(run: Run) -> None:
    """Usage is 2, an expected refusal 1, each with what to do."""
    assert run("keys", "list").out.startswith("There are no keys")
    assert run("keys", "create", "ci", "--scope", "resolve", "--expires", "90d", "--json").status == 0
    for args, status, said in (
        (("create", "ci"), 1, "rotate or revoke it"),
        (("create", "Not A Name"), 2, "lower-case letters"),
        (("create", "x", "--expires", "soon"), 2, "write it like 90d"),
        (("create", "x", "--scope", "all"), 2, "--scope"),
        (("revoke", "nobody"), 1, "signoff keys list"),
        (("rotate", "nobody"), 1, "signoff keys list"),
    ):
        ran = run("keys", *args)
        assert (ran.status, said in ran.err) == (status, True), ran
