"""What somebody looks for, read and applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.redact import Redactor
from approvals.shown import Shown
from bot import replies_find
from bot.find import LONGEST, Fault, Find, Scope, Wrong, begins, parse, wanted
from tests.bot.checks import OURS, UNSEEN
from tests.bot.samples import NOW, SAMPLES, refund

pieces = st.sampled_from(
    """list|all|mine|history|find|graph:refund|graph:|from:@ana|from:<@U0ANA>|older:2h|older:9x|page|page 2|page:3|
    @ana|U0ANAAA|a@b.org|http://x|nope:1|parcel|999999999999""".replace("\n    ", "").split("|")
)
lines = st.one_of(st.text(max_size=300), st.lists(st.one_of(pieces, st.text(max_size=6)), max_size=7).map(" ".join))


@settings(max_examples=300)
@given(line=lines)
def test_any_line_is_read_or_answered_and_read_back_from_what_it_says(line: str) -> None:
    """Never an exception; what is read is written in a bounded line that means the same; what is wrong is explained."""
    found = parse(line)
    if isinstance(found, Wrong):
        said = replies_find.wrong(found)
        assert "/approvals" in said
        assert "<" not in OURS.sub("", said)
        assert not UNSEEN.search(said)
        return
    assert found.page >= 1
    assert len(found.text()) <= LONGEST
    assert parse(found.text()) == replace(found, page=1)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("all graph:refund from:@ana older:1h30m parcel page 2",
         Find(scope=Scope.ALL, graph="refund", requester="@ana", older=5400, words=("parcel",), page=2)),
        ("graph:refund ALL", Find(scope=Scope.ALL, graph="refund")),
        ("mine all", Find(scope=Scope.MINE)),
        ("find all the parcels", Find(scope=Scope.ALL, words=("the", "parcels"))),
        ("history @ben", Find(scope=Scope.HISTORY, by="@ben")),
        ("history <@U0BEN> graph:refund", Find(scope=Scope.HISTORY, by="<@U0BEN>", graph="refund")),
        ("history ben@example.com older:2d", Find(scope=Scope.HISTORY, by="ben@example.com", older=172800)),
        ("list see http://x", Find(words=("see", "http://x"))),
    ],
)  # fmt: skip
def test_a_line_means(line: str, found: Find) -> None:
    """Filters in any order and combination; the rest are words."""
    assert parse(line) == found


@pytest.mark.parametrize(
    ("line", "fault", "part"),
    [
        ("all colour:red", Fault.KEY, "colour:red"),
        ("graph:", Fault.EMPTY, "graph:"),
        ("graph:a graph:b", Fault.TWICE, "graph:b"),
        ("older:soon", Fault.AGE, "older:soon"),
        ("older:0s", Fault.AGE, "older:0s"),
        ("older:99999w", Fault.AGE, "older:99999w"),
        ("page two", Fault.PAGE, "page two"),
        ("all @ana", Fault.PERSON, "@ana"),
        ("history @ana @ben", Fault.TWICE, "@ben"),
    ],
)
def test_what_is_wrong_is_named(line: str, fault: Fault, part: str) -> None:
    """The part of the line, and in the sentence what to write instead."""
    assert parse(line) == Wrong(fault, part)
    assert f"`{part}`" in replies_find.wrong(Wrong(fault, part))


def test_a_line_that_is_too_long_is_refused() -> None:
    """A button has to carry it."""
    found = parse("find " + "x" * 200)
    assert isinstance(found, Wrong)
    assert found.fault is Fault.LONG


def test_only_what_is_about_lists_begins_one() -> None:
    """Another verb stays one that does not exist."""
    assert all(map(begins, ("list", "ALL", "mine", "find", "history", "graph:x", "from:@a", "older:", "page:2")))
    assert not any(map(begins, ("dance", "http://x", "colour:red", "", "pages", "show")))


def fits(line: str, viewer: str = "U0ANA", redactor: Redactor | None = None, **over: object) -> bool:
    found = parse(line)
    assert isinstance(found, Find)
    return wanted(found, viewer, NOW, Shown(redactor).approval)(refund(**over))


def test_each_filter_leaves_out_what_it_says() -> None:
    """Graph, requester, age, words of the title or an action in any case, one's own."""
    one = SAMPLES["pending"]
    assert fits(f"all graph:{one.graph}")
    assert not fits("all graph:other")
    assert fits("all from:U0DAN", requester="U0DAN")
    assert not fits("all from:U0DAN", requester=None)
    assert fits("mine", requester="U0ANA")
    assert not fits("mine", requester="U0DAN")
    assert fits("all older:2h", opened_at=NOW - timedelta(hours=2))
    assert not fits("all older:2h", opened_at=NOW - timedelta(minutes=119))
    assert fits("find WIRE money", title="Wire some Money")
    assert fits(f"find {one.actions[0].name.upper()}", title="x")
    assert not fits("find wire parcel", title="Wire some money")


def test_history_is_what_was_decided_and_by_whom() -> None:
    """Neither what waits, nor what another decided; those for whom somebody covered count."""
    decided = SAMPLES["approved"]
    ben = decided.decisions[-1].actor.id
    for line, approval, found in (
        ("history", decided, True),
        ("history", SAMPLES["pending"], False),
        (f"history {ben}", decided, True),
        ("history U0NOBODY", decided, False),
        (f"history {SAMPLES['behalf'].decisions[-1].actor.behalf}", SAMPLES["behalf"], True),
    ):
        asked = parse(line)
        assert isinstance(asked, Find)
        asked = replace(asked, by=asked.by or (asked.words or (None,))[0], words=())
        assert wanted(asked, "U0ANA", NOW, lambda it: it)(approval) is found, line


def test_a_search_does_not_tell_what_is_hidden() -> None:
    """A secret in a title is hidden in the list; whoever guesses it is not told that it is there."""
    title = "Rotate sk-live-abcdefghijklmnop1234567890"
    hidden = Shown().approval(refund(title=title)).title
    assert "sk-live" not in hidden
    assert not fits("find sk-live-abcdefghijklmnop1234567890", title=title)
    assert fits("find rotate", title=title)
