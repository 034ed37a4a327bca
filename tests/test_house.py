"""The house keeps its shape: who may import whom, and what stands in the example settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from approvals.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("approvals", "agents", "scheduler", "bot", "localslack")
FORBIDDEN = {
    "approvals": {"agents", "scheduler", "bot", "localslack", "slack_sdk", "slack_bolt", "langgraph", "apscheduler"},
    "agents": {"scheduler", "bot", "localslack", "slack_sdk", "slack_bolt", "apscheduler"},
    "scheduler": {"agents", "bot", "localslack", "slack_sdk", "slack_bolt", "langgraph", "redis"},
    "bot": set[str](),
    "localslack": {"approvals", "agents", "scheduler", "bot", "slack_sdk", "slack_bolt", "langgraph", "redis"},
}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def _files(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"{package} is empty"
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    """The directions of the house hold in every file."""
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in _files(package)
        for name in _imports(file)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert wrong == []


def test_only_the_store_talks_to_redis() -> None:
    """In `approvals`, redis is imported below `store/` and nowhere else. (The checkpointer of `agents` has its own.)"""
    outside = [file for file in _files("approvals") if "store" not in file.relative_to(ROOT).parts]
    assert [file.name for file in outside if any(name.split(".")[0] == "redis" for name in _imports(file))] == []


def test_scripts_for_any_server_use_no_module() -> None:
    """The store's scripts, and those of the saver for plain servers, call only what every Redis knows since 6.2."""
    scripts = [*(ROOT / "approvals/store/lua").glob("*.lua"), *(ROOT / "agents/lua").glob("valkey_*.lua")]
    called = {name for script in scripts for name in re.findall(r"redis\.call\(\s*'([^']+)'", script.read_text())}
    assert {"GET", "SET", "ZADD", "XADD"} <= called
    assert [name for name in called if "." in name] == []


def test_the_local_slack_is_reached_only_by_the_demo() -> None:
    """Ours meets the local Slack over the wire; only `signoff demo` starts one."""
    users = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        if package != "localslack"
        for file in _files(package)
        if any(name.split(".")[0] == "localslack" for name in _imports(file))
    }
    assert users == {"bot/demo.py"}


def test_the_example_settings_name_every_setting_and_no_other() -> None:
    """`.env.example` and `Settings` agree, variable by variable."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.lstrip("# ").split("=")[0] for line in lines if "=" in line and line.lstrip("# ")[0].isupper()}
    assert named == {name.upper() for name in Settings.model_fields}


def test_secrets_do_not_show_in_a_repr() -> None:
    """A settings object may be logged or printed."""
    settings = Settings.model_validate({"slack_bot_token": "xoxb-hunter2", "redis_url": "redis://u:hunter2@h/0"})
    assert "hunter2" not in repr(settings)
