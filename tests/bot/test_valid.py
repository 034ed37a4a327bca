"""Everything the bot draws, as kept in the golden files, is what Slack takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localslack.validate import check_blocks, check_view

from .golden import FOLDER


def blocks_in(value: Any) -> list[tuple[str, Any]]:
    """(surface, blocks or view) of every drawing in a golden file."""
    if isinstance(value, dict):
        if value.get("type") in ("modal", "home"):
            return [(value["type"], value)]
        if isinstance(value.get("blocks"), list):
            return [("message", value["blocks"])]
        return [found for item in value.values() for found in blocks_in(item)]
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and "type" in item for item in value):
            return [("message", value)]
        return [found for item in value for found in blocks_in(item)]
    return []


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_slack_takes_what_was_drawn(name: str) -> None:
    """Every message, modal and Home in the golden files passes validation."""
    drawn = blocks_in(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    assert drawn
    for surface, value in drawn:
        problems = check_blocks(value, surface) if surface == "message" else check_view(value)
        assert [str(problem) for problem in problems] == []
