"""The page about policies: what it shows is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from approvals import policies
from approvals.policy import PolicySet

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
