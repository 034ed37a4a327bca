"""`docs/approvers.md` says what is so: its pictures, labels and commands are those that people see."""

from __future__ import annotations

import re
from pathlib import Path

from approvals.refusals import Reason, Refusal
from bot import texts, texts_asked, texts_bulk, texts_votes, texts_why
from bot.find import Find, parse
from bot.manifest import SHORTCUTS
from bot.replies_find import HELP
from tests.bot import golden, samples

PAGE = (Path(__file__).parents[2] / "docs" / "approvers.md").read_text()
BOLD = re.findall(r"\*\*([^*]+?)(?: in …)?\*\*", PAGE)
LABELS = {
    *texts.LABEL.values(),
    texts_why.LABEL,
    texts_votes.GLASS_LABEL,
    texts_bulk.OPEN,
    texts_asked.label(samples.refund(requester="U0ANN")),
    *(label for label, _ in SHORTCUTS.values()),
}


def test_every_picture_is_made() -> None:
    """Each is one that the gallery draws from a golden file."""
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    drawn = {f"images/states/{path.stem}.png" for path in golden.FOLDER.glob("*.json")}
    assert len(named) > 5
    assert [name for name in named if name not in drawn] == []


def test_every_label_is_named() -> None:
    """Whatever a button or a menu of a card says is called so on the page."""
    assert LABELS - set(BOLD) == set()
    assert texts_votes.looking(60).startswith("I'm looking")
    assert "I'm looking" in BOLD
    assert texts_votes.later(60).startswith("Remind me in")
    assert "Remind me" in BOLD


def test_every_command_is_one() -> None:
    """Each is known to the help, and its filters are understood."""
    lines = {line.removeprefix("/approvals").strip() for line in re.findall(r"`(/approvals[^`]*)`", PAGE)}
    lists = {line for line in lines if line.split(" ")[0] not in ("show", "help", "away", "back")}
    assert "" in lists
    assert "history" in lists
    assert [line for line in lists if not isinstance(parse(line), Find)] == []
    assert [line for line in lines if line and line.split(" ")[0] not in HELP] == []


def test_what_a_late_click_reads_is_quoted() -> None:
    """The page quotes the sentence, apart from the name and the time."""
    late = texts.refusal(Refusal(Reason.ALREADY_RESOLVED), samples.SAMPLES["approved"], "U0ANA")
    assert re.sub(r"<!date[^>]*>", "Today at 10:04 AM", late.replace("<@U0BEN>", "@ben")) in PAGE
