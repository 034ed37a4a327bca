"""What somebody types after `/approvals`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.listeners.commands import Absence, Listing, Say, Show, Start, parse

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
    assert isinstance(asked, Listing | Show | Start | Absence | Say)
    if isinstance(asked, Listing):
        assert asked.page >= 1
    if isinstance(asked, Say):
        assert asked.text


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", Listing()),
        ("  list ", Listing()),
        ("LIST page 3", Listing(3)),
        ("list page:2 graph:refund", Listing(2, "refund")),
        ("graph:refund page 2", Listing(2, "refund")),
        ("page 2", Listing(2)),
        ("list page 0", Listing(1)),
        (f"show {ID}", Show(ID)),
        (f"show  {ID.lower()} ", Show(ID)),
        (ID.lower(), Show(ID)),
        ("run refund", Start("refund", {})),
        ('run refund {"a": [1, 2.5, null]}', Start("refund", {"a": [1, 2.5, None]})),
        ('run refund\n{"a": 1}', Start("refund", {"a": 1})),
        ("away", Absence("")),
        ("Away until Monday  cover @ben", Absence("until Monday  cover @ben")),
        ("back", Absence("back")),
        ("list\tpage 2", Listing(2)),
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
        "list everything",
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
