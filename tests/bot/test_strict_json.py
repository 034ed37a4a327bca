"""JSON from people and programs: what a thread could not keep is refused where it comes in."""

from __future__ import annotations

import pytest

from bot import strict_json


@pytest.mark.parametrize(
    "text",
    [
        *(
            "NaN",
            "-Infinity",
            "1e400",
            '"\\ud800"',
            str(2**63),
            f"[{-(2**63)}]",
            "9" * 5000,
            "[" * 101 + "]" * 101,
            "[",
        ),
        '{"a":' * 101 + "1" + "}" * 101,
        "[" * 100_000 + "]" * 100_000,
    ],
    ids=lambda text: text[:10],
)
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    """Also what is JSON, and would stick in a checkpoint: hundreds of levels, whole numbers of more than 64 bits."""
    with pytest.raises(ValueError, match=r"."):
        strict_json.parse(text)


def test_what_can_be_kept_is_read() -> None:
    """Up to those limits."""
    assert strict_json.parse(f'{{"a": [{2**63 - 1}, -1, 1.5, "é", null, true]}}') == {
        "a": [2**63 - 1, -1, 1.5, "é", None, True]
    }
    assert str(strict_json.parse("[" * 99 + "]" * 99)) == "[" * 99 + "]" * 99
