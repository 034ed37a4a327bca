"""LangGraph's strict resume, in one place.

From 1.2.20 on a keyed resume can be refused unless every id is pending. The switch is a private constant there.
"""

from __future__ import annotations

from langgraph._internal._constants import CONFIG_KEY_STRICT_RESUME  # pyright: ignore[reportMissingTypeStubs]  private
from langgraph.errors import UnknownInterruptError, is_invalid_resume

STRICT_RESUME: str = CONFIG_KEY_STRICT_RESUME
"""Set to `True` in `config["configurable"]`: a stale or unknown id raises before anything is written."""

__all__ = ["STRICT_RESUME", "UnknownInterruptError", "is_invalid_resume"]
