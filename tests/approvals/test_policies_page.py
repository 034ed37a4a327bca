"""The page about policies: what it shows is so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from approvals import policies
from approvals.policy import PolicySet
from approvals.policy_form import PolicyFile

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies.md").read_text()
FILES = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith("version:")]


@pytest.mark.parametrize("text", FILES)
def test_a_policy_file_on_the_page_can_be_read(text: str) -> None:
    """Every example that is a whole file is one."""
    found = policies.parse(text)
    assert isinstance(found, PolicySet), found


def test_there_are_examples() -> None:
    """Of conditions and of working hours, at the least."""
    assert any("when:" in text for text in FILES)
    assert any("hours:" in text for text in FILES)


def _keys(schema: Mapping[str, Any]) -> set[str]:
    """Every key that may stand in a policy file, wherever."""
    return {key for form in (schema, *schema["$defs"].values()) for key in form.get("properties", {})}


def test_the_page_says_of_every_key_what_approvers_see_of_it() -> None:
    """A key that is added to the form of a policy has its row."""
    section = PAGE.partition("## What approvers see of it")[2].partition("\n## ")[0]
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    told = {word for row in rows for code in re.findall(r"`([^`]+)`", row) for word in re.findall(r"\w+", code)}
    keys = _keys(PolicyFile.model_json_schema())
    assert {"remind", "owner", "holidays"} <= keys
    assert keys - told == set()
