"""What somebody types after `/approvals`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.find import Find, Scope
from bot.listeners.commands import Absence, Say, Show, Start, parse

ID = "AB2C3D4E5F6G7H2J"
pieces = st.sampled_from(
    [
        "list",
        "show",
        "run",
        "away",
        "back",
        "help",
        "page",
        "page 2",
        "all",
        "mine",
        "history",
        "from:@ana",
        "older:2h",
        "graph:",
        "graph:x",
        ID,
        "{",
        '{"a": 1}',
        "0",
        "-1",
        " ",
        "\n",
        "9" * 40,
    ]
)
lines = st.one_of(st.text(max_size=80), st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=6).map(" ".join))


@given(text=lines)
def test_any_line_is_understood_or_answered(text: str) -> None:
    """Never an exception; a page is at least the first; what is said is not empty."""
    asked = parse(text)
    assert isinstance(asked, Find | Show | Start | Absence | Say)
    if isinstance(asked, Find):
        assert asked.page >= 1
    if isinstance(asked, Say):
        assert asked.text


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", Find()),
        ("  list ", Find()),
        ("LIST page 3", Find(page=3)),
        ("list page:2 graph:refund", Find(graph="refund", page=2)),
        ("graph:refund page 2", Find(graph="refund", page=2)),
        ("page 2", Find(page=2)),
        ("list page 0", Find()),
        (f"show {ID}", Show(ID)),
        (f"show  {ID.lower()} ", Show(ID)),
        (ID.lower(), Show(ID)),
        ("run refund", Start("refund", {})),
        ('run refund {"a": [1, 2.5, null]}', Start("refund", {"a": [1, 2.5, None]})),
        ('run refund\n{"a": 1}', Start("refund", {"a": 1})),
        ("away", Absence("")),
        ("Away until Monday  cover @ben", Absence("until Monday  cover @ben")),
        ("back", Absence("back")),
        ("all", Find(scope=Scope.ALL)),
        ("find parcel", Find(scope=Scope.ALL, words=("parcel",))),
        ("list\tpage 2", Find(page=2)),
    ],
)
def test_a_line_means(text: str, asked: object) -> None:
    """Case and spaces do not matter."""
    assert parse(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "show",
        "show me",
        "back in a minute",
        "list everything:now",
        "run",
        "run refund {a}",
        "run refund [" + "[" * 3000,
        "page",
        "dance",
        "help",
    ],
)
def test_what_is_not_understood_is_explained(text: str) -> None:
    """With what could be typed instead."""
    asked = parse(text)
    assert isinstance(asked, Say)
    assert "/approvals" in asked.text


@pytest.mark.parametrize(
    "text",
    ["run refund 1e999", 'run refund "\\ud800"', "run refund NaN", "run refund Infinity", 'run refund {"a": NaN}'],
)
def test_numbers_that_json_does_not_have_are_refused(text: str) -> None:
    """They could be neither kept nor shown."""
    assert isinstance(parse(text), Say)
