"""The command line with anything after it: a status of its own and a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.settings import Settings
from bot import cli, logs

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = ["run", "list", "show", "decide", "repair", "explain", "audit", "doctor", "manifest", "policy", "nothing"]
OPTIONS = [
    "--json", "--input", "--thread", "--replace", "--requester", "--limit", "--offset", "--all", "--graph", "--as",
    "--reason", "--args", "--text", "--action", "--leave", "--value", "--node", "--approval", "--config", "--env-file",
    "--request-url", "--help", "--", "-", "check", "schema",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(OPTIONS),
    st.sampled_from(
        [
            "refund",
            "question",
            "approve",
            "deny",
            "edit",
            "respond",
            "0",
            "-1",
            "9" * 30,
            "{}",
            "[]",
            "null",
            '{"a": 1}',
        ]
    ),
    st.sampled_from(
        ["AAAAAAAAAAAAAAAA", "t-1", "NaN", "[" * 3000, "1e999", '"\\ud800"', "\x1b[31m", "[bold]", "é", ""]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12),
)


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server_url: str) -> Iterator[None]:
    """An environment of its own, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("REDIS_URL", server_url)
    monkeypatch.setenv("SIGNOFF_NAMESPACE", "fuzz")
    monkeypatch.setenv("SIGNOFF_CHANNEL", "C0APPROVALS")
    monkeypatch.setenv("SIGNOFF_CONFIG", str(ROOT / "langgraph.json"))
    yield
    logs.configure("console")


@pytest.mark.usefixtures("ready")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.sampled_from(COMMANDS), words=st.lists(WORDS, max_size=6))
def test_any_arguments(command: str, words: list[str]) -> None:
    """0, 1 or 2; 70 would be a defect of ours."""
    out, err, before = io.StringIO(), io.StringIO(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["signoff", command, *words], io.StringIO("")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv, sys.stdin = before
    assert ended.value.code in (None, 0, 1, 2), (command, words, err.getvalue())
    assert "Traceback" not in err.getvalue(), (command, words)
    assert ended.value.code not in (1, 2) or (err.getvalue() + out.getvalue()).strip(), (command, words)
