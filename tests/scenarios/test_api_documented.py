"""What `docs/api.md` shows is what runs; and so does code that was written for a hosted service of this kind."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from approvals.api_keys import Scope
from tests.scenarios.conftest import BEN, CHANNEL, House
from tests.scenarios.test_api import Api

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "api.md").read_text()
SHELL = """
set -eu
signoff() {{ "{python}" -c 'from bot.cli import main; main()' "$@"; }}
jq() {{ "{python}" -c 'import json, sys; print(json.load(sys.stdin)["id"])'; }}
"""
"""The commands of the page, where they are not installed."""


async def test_the_commands_of_the_page(house: House) -> None:
    """A key, a question that people see, an answer that comes while it is waited for, and a refusal to cancel then."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("there is no curl or no bash on this machine")
    (house.folder / "policies.yaml").write_text('version: 1\ndefault:\n  channel: "#approvals"\n')
    desk = await house.desk(signoff_http=True)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    script = SHELL.format(python=sys.executable) + "\n".join(blocks)
    script = script.replace("http://127.0.0.1:8090", desk.runtime.http_url or "")
    env = {**os.environ, "REDIS_URL": house.redis_url, "SIGNOFF_CHANNEL": CHANNEL, "PYTHONPATH": str(ROOT)}
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", script, env=env, cwd=house.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said = asyncio.create_task(shell.communicate())
    card = await desk.until(lambda: next(iter(desk.slack.messages(CHANNEL)), None), timeout=60)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    out, err = await said
    assert shell.returncode == 0, err.decode()
    assert '"status":"approved"' in out.decode(), out
    assert '"type":"urn:signoff:already_resolved"' in out.decode()
    assert "Keep it now" in err.decode()


PUBLISHED = ("pending", "approved", "denied", "modified", "expired", "escalated", "scheduled")


def moved_over(base_url: str, key: str) -> dict[str, Any]:
    """As published clients do it: ask, then poll until it is not pending any more."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": "moved/1"}
    with httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=30.0) as client:
        body = {"action": "Delete 500 user records", "approver": "ben@example.com", "urgency": "critical"}
        made = client.post("/decisions", json={**body, "timeout_minutes": 60, "channel": "email", "enforce": True})
        assert made.status_code < 400, made.json().get("error", made.text)
        assert not made.json().get("auto_resolved")
        while True:
            found: dict[str, Any] = client.get(f"/decisions/{made.json()['id']}").json()
            assert found["status"] in PUBLISHED
            if found["status"] != "pending":
                break
            time.sleep(0.05)
        late = client.post(f"/decisions/{made.json()['id']}/resolve", json={"action": "approve"})
        assert late.status_code >= 400
        assert isinstance(late.json()["error"], str)
        return found


async def test_code_for_a_hosted_service_moves_over(house: House) -> None:
    """With another base URL and another key, and nothing else."""
    (house.folder / "policies.yaml").write_text('version: 1\ndefault:\n  channel: "#approvals"\n')
    desk = await house.desk(signoff_http=True)
    api = Api(desk)
    key = (await api.key("moved", Scope.CREATE, Scope.READ))["Authorization"].removeprefix("Bearer ")
    running = asyncio.create_task(asyncio.to_thread(moved_over, desk.runtime.http_url or "", key))
    card = await desk.card()
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    found = await running
    assert (found["status"], found["action_permitted"], found["resolved_by"]) == ("approved", True, BEN)
    assert (found["urgency"], found["attachments"], found["execute_at"]) == ("critical", [], None)
    await api.aclose()
