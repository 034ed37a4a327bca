"""Values of arguments as people read them."""

from __future__ import annotations

import math

import pytest
from pydantic import JsonValue

from bot.values import reading


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("amount", 4200.0, "4,200.00"),
        ("total_price", 1234567, "1,234,567.00"),
        ("fee", -12.5, "-12.50"),
        ("amount", 0.125, "0.125"),
        ("amount", 1e300, "1e+300"),
        ("amount", math.inf, "Infinity"),
        ("amount", True, "true"),
        ("amount", "4200", "4200"),
        ("year", 2026, "2026"),
        ("customer", 8821, "8821"),
        ("summary", 4200.0, "4200.0"),
        ("due", "2026-11-05", "5 Nov 2026"),
        ("due", "2026-02-30", "2026-02-30"),
        ("due", "2026-11-05T10:00:00Z", "2026-11-05T10:00:00Z"),
        ("due", "٢٠٢٦-١١-٠٥", "٢٠٢٦-١١-٠٥"),
    ],
)
def test_money_and_days_are_shown_as_what_they_are(name: str, value: JsonValue, text: str) -> None:
    """By its name what is money, by its form what is a day; whatever would lose something stays as it was sent."""
    assert reading(name, value, 100).text == text
