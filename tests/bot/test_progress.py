"""A round that Slack's limits cut into several attempts does each of its calls once."""

from __future__ import annotations

import pytest

from approvals.errors import Later
from bot import progress
from bot.progress import Progress


def attempt(kept: Progress, name: str, refused: dict[str, float], *, broken: str = "") -> list[str]:
    """Goes through a round of three once; what is refused must wait."""
    did: list[str] = []
    with kept.round(name) as now:
        for what in filter(now.left, "abc"):
            with now.once(what):
                if what in refused:
                    raise Later(refused[what])
                did += [what] if what != broken else [str(1 // 0)]
    return did


def test_what_was_done_is_not_done_again_until_the_round_is_over() -> None:
    """What waits keeps nobody else waiting, and the round comes back for whoever is first."""
    kept = Progress()
    with pytest.raises(Later) as waits:
        attempt(kept, "one", {"a": 7.0, "c": 3.0})
    assert waits.value.seconds == 3.0
    assert attempt(kept, "other", {}) == ["a", "b", "c"]
    assert attempt(kept, "one", {}) == ["a", "c"]
    assert attempt(kept, "one", {}) == ["a", "b", "c"], "that was another round"


def test_a_failure_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt goes on behind it; and rounds that nobody came back for do not pile up."""
    kept = Progress()
    with pytest.raises(ZeroDivisionError):
        attempt(kept, "one", {"b": 1.0}, broken="c")
    assert attempt(kept, "one", {}) == ["b", "c"]

    monkeypatch.setattr(progress, "MOST", 1)
    for name in ("one", "other"):
        with pytest.raises(Later):
            attempt(kept, name, {"c": 1.0})
    assert attempt(kept, "one", {}) == ["a", "b", "c"]
