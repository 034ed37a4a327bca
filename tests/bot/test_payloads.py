"""Slack bodies into typed input: what is ours is read, anything else raises `InputError` and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.errors import InputError
from bot import payloads

ID = "AB2C3D4E5F6G7H2J"

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20))
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
)
words = st.one_of(
    anything,
    st.sampled_from(
        [ID, f"{ID}:1", "approve", "deny:3", "list:next", '{"offset": 8, "skip": 0, "find": ""}', "[", "home"]
    ),
)
things = st.one_of(
    anything,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "team_id", "value", "action_id", "tab", "user"), words)),
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "user": things,
        "user_id": words,
        "actions": st.one_of(anything, st.lists(things, max_size=2)),
        "channel": things,
        "view": st.one_of(things, st.fixed_dictionaries({"state": st.fixed_dictionaries({"values": anything})})),
        "event": things,
        "message": things,
        "message_ts": words,
        "trigger_id": words,
    },
)
READERS: tuple[Callable[[payloads.Body], object], ...] = (
    payloads.person,
    payloads.home_opened,
    payloads.click,
    payloads.choice,
    payloads.button_value,
    payloads.view_id,
    payloads.trigger_id,
    payloads.json_value,
    payloads.list_page,
    payloads.pointed,
    payloads.state_values,
)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(body=bodies)
def test_any_body_is_read_or_refused(read: Callable[[payloads.Body], object], body: dict[str, Any]) -> None:
    """Nothing but `InputError` ever comes out."""
    with suppress(InputError):
        read(body)


def body(action_id: str, value: str) -> dict[str, Any]:
    return {
        "user": {"id": "U0ANA", "team_id": "T0LOCAL"},
        "trigger_id": "1.2.3",
        "channel": {"id": "C0APPROVALS"},
        "actions": [{"action_id": action_id, "value": value}],
    }


def test_a_click_on_a_card_is_read() -> None:
    """The verb, the approval, the revision that was shown, and who clicked."""
    found = payloads.click(body("deny:2", f"{ID}:7"))
    assert (found.verb, found.approval_id, found.revision, found.action) == ("deny", ID, 7, 2)
    assert found.person == payloads.Person("U0ANA", "T0LOCAL")
    assert (found.trigger_id, found.channel, found.view_id) == ("1.2.3", "C0APPROVALS", None)
    assert payloads.click(body("approve", f"{ID}:1")).action is None


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("approve", ID),
        ("approve", f"{ID}:"),
        ("approve", f"{ID}:-1"),
        ("approve", f"{ID}:1:2"),
        ("approve", f"{ID}:1\n"),
        ("approve", f"{ID.lower()}:1"),
        ("approve\n", f"{ID}:1"),
        ("approve:", f"{ID}:1"),
        ("approve:99999", f"{ID}:1"),
        ("destroy", f"{ID}:1"),
        ("approve", f"{ID}:{'9' * 30}"),
        ("approve", f"{ID}:\u0663"),
    ],
)
def test_a_click_that_is_nearly_ours_is_refused(action_id: str, value: str) -> None:
    """To the character."""
    with pytest.raises(InputError):
        payloads.click(body(action_id, value))


def test_the_page_of_a_list_is_read() -> None:
    """Offset and filter; an empty filter is none."""
    there = payloads.list_page(body("list:next", '{"offset": 8, "skip": 3, "find": "all graph:refund"}'))
    assert there == payloads.ListPage(8, 3, "all graph:refund")


@pytest.mark.parametrize("value", ["", "[]", "{}", '{"offset": -1}', '{"offset": true}', '{"offset": "8"}'])
def test_a_page_that_cannot_be_is_refused(value: str) -> None:
    """An offset is a count."""
    with pytest.raises(InputError):
        payloads.list_page(body("list:next", value))


def test_only_the_home_tab_counts_as_home() -> None:
    """Slack sends the same event for the messages tab."""
    assert payloads.home_opened({"event": {"tab": "home", "user": "U0ANA"}}) == "U0ANA"
    assert payloads.home_opened({"event": {"tab": "messages", "user": "U0ANA"}}) is None
