"""CLAIMS.md, held against the code: every error has a row, and every error is provoked."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

import localslack
from localslack import LocalSlack

from .conftest import Clock, bolt, connected
from .provocations import FORM, HERE, PROVOKED, Wrong

PACKAGE = Path(localslack.__file__).parent
CODE = re.compile(r"[a-z]+(_[a-z]+)+|ratelimited")
IN_ANSWERS = {"invalid_errors", "invalid_options", "invalid_response_action"}
"""Refusals of an acknowledgement: they are shown to the person and noted, no API call answers with them."""
REFUSING = {"SlackError": 0, "need": 1, "_own": 1, "user": 1}


def _codes(node: ast.AST) -> set[str]:
    """Constants that end up as an error code in this expression."""
    parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def raised() -> set[str]:
    """Every error code the package answers with, read from its source."""
    found = {"ratelimited", "token_expired", "token_revoked"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                position = REFUSING.get(name)
                if position is not None and len(node.args) > position:
                    found |= {code for code in _codes(node.args[position]) if CODE.fullmatch(code)}
    return found


def claimed() -> set[str]:
    """Every word in backquotes in a row of CLAIMS.md that is an error code of the package."""
    rows = [line for line in (PACKAGE / "CLAIMS.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)}


def test_every_error_has_a_row_in_claims() -> None:
    """With its standing and its source."""
    assert sorted(raised() - claimed()) == []


def test_every_error_is_provoked() -> None:
    """By an entry here, or, for bad acknowledgements, below; and nothing is provoked that is not in the code."""
    assert sorted(raised() - IN_ANSWERS) == sorted(PROVOKED)


@pytest.mark.parametrize("code", sorted(PROVOKED))
async def test_the_error(clock: Clock, code: str) -> None:
    """One mistake, and exactly this error."""
    async with LocalSlack(clock=clock) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        assert await PROVOKED[code](Wrong(slack, web, clock)) == code


async def test_a_bad_acknowledgement_is_noted_by_its_error(slack: LocalSlack, web: AsyncWebClient) -> None:
    """invalid_response_action, invalid_errors and invalid_options: the person sees an error, the test is told."""
    app = bolt(slack)
    seek = {"type": "external_select", "action_id": "seek", "min_query_length": 0}
    answers = iter([{"response_action": "jump"}, {"response_action": "errors", "errors": {"nowhere": "x"}}])

    @app.command("/x")
    async def command(ack: Any) -> None:
        await ack()

    @app.view({"type": "view_submission", "callback_id": "f"})
    async def form(ack: Any) -> None:
        await ack(**next(answers))

    @app.options("seek")
    async def options(ack: Any) -> None:
        await ack(options=[{"text": "x"}])

    async with connected(slack, app):
        blocks = [*FORM["blocks"], {"type": "actions", "elements": [seek]}]
        trigger = (await slack.slash("U0ANA", HERE, "/x")).trigger_id
        view = {**FORM, "callback_id": "f", "blocks": blocks}
        opened = await web.views_open(trigger_id=str(trigger), view=view)
        shown = str(opened["view"]["id"])
        block = str(opened["view"]["blocks"][0]["block_id"])
        for _ in range(2):
            assert (await slack.submit("U0ANA", shown, {block: "x"})).error == "bad_ack"
        assert await slack.suggest("U0ANA", shown, "seek", "q") == []
    told = " ".join(problem.detail for problem in slack.problems)
    assert [code for code in sorted(IN_ANSWERS) if code not in told] == []
