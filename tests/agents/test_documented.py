"""What `docs/interrupts.md` shows is what runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agents.dialects.replies import KEYS, read_replies
from agents.dialects.shapes import HINTS, PLACEHOLDERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "interrupts.md").read_text()
PUBLISHED = json.loads((ROOT / "tests" / "scenarios" / "published" / "langgraph.json").read_text())


def test_the_configuration_shown_is_one() -> None:
    """The examples of the page are read without an error."""
    answers, titles = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert read_replies(answers["signoff"], tuple(answers["graphs"])).rule("mailer", "gate") is not None
    assert "issue_refund" in str(read_replies(titles["signoff"], tuple(titles["graphs"])))


def test_every_word_of_the_configuration_is_explained() -> None:
    """Shapes, keys and placeholders: none is left out."""
    for word in (*HINTS, *KEYS, *(f"${name}" for name in PLACEHOLDERS)):
        assert f"`{word}`" in PAGE or f'`"{word}"`' in PAGE, word


@pytest.mark.parametrize("graph", sorted(PUBLISHED["signoff"]["replies"]))
def test_the_rules_of_the_published_examples_are_those_that_run(graph: str) -> None:
    """A rule in the table is the rule that the test of the example runs with."""
    rows = [row.split("|")[-2].strip() for row in PAGE.splitlines() if row.startswith("|")]
    shown = [
        json.loads(cell.strip("`")) for cell in rows if cell.startswith("`{") and cell.endswith("}`") and '"' in cell
    ]
    assert PUBLISHED["signoff"]["replies"][graph] in shown
