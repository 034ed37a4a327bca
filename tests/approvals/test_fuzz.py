"""What comes from outside may be anything: it is refused with a reason, never with a traceback of ours."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import policies
from approvals.errors import ConfigError, SignoffError, StoreError
from approvals.store.codec import APPROVALS, EVENTS, THREADS
from bot import payloads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "type": JSON,
    "user": st.one_of(JSON, st.fixed_dictionaries({"id": JSON, "team_id": JSON})),
    "team": JSON,
    "actions": st.one_of(JSON, st.lists(st.fixed_dictionaries({"action_id": JSON, "value": JSON}), max_size=2)),
    "view": JSON,
    "trigger_id": JSON,
    "container": JSON,
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional=PARTS))
def test_a_click_that_is_not_one(body: dict[str, Any]) -> None:
    """A payload of any shape is a click, or an `InputError`."""
    try:
        payloads.click(body)
    except SignoffError:
        return


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_a_record_of_any_shape(fields: Any) -> None:
    """It is read, or it is a `StoreError` that says what is wrong."""
    for codec in (APPROVALS, THREADS, EVENTS):
        try:
            codec.load(json.dumps(fields))
        except StoreError:
            continue


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), JSON.map(json.dumps)))
def test_a_policy_file_of_any_shape(text: str) -> None:
    """It is a set of policies, or a `ConfigError` that names the file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policies.yaml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        said = ""
        try:
            policies.load(path)
        except ConfigError as wrong:
            said = str(wrong)
        assert not said or "policies.yaml" in said
