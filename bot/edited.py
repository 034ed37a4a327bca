"""What somebody made of a form in which secrets were hidden. Pure: what was left alone stays what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue

from approvals.errors import InputError
from approvals.model import Approval
from approvals.redact import HiddenError, restore
from approvals.shown import Shown
from bot import forms
from bot.forms import FieldErrors


def typed(approval: Approval, shown: Shown, action: int | None, given: dict[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Arguments written at a prompt, where secrets are hidden too. Raises `InputError` where it is not clear."""
    index = action or 0
    if index >= len(approval.actions):
        return given  # refused where it is decided
    hidden = shown.approval(approval).actions[index].args
    try:
        restored = restore(dict(approval.actions[index].args), dict(hidden), given)
    except HiddenError as unclear:
        raise InputError(f"--args: {unclear}") from None
    return cast("dict[str, JsonValue]", restored)  # of two objects it makes a third


def edited(
    real: Mapping[str, JsonValue], shown: Mapping[str, JsonValue], state: Mapping[str, Any]
) -> dict[str, JsonValue] | FieldErrors:
    """All arguments in their order, out of a form that was made of `shown`. No mask is ever among them."""
    found = forms.read(shown, state)
    if isinstance(found, FieldErrors):
        return found
    kept: dict[str, JsonValue] = {}
    errors: dict[str, str] = {}
    for name, value in found.items():
        try:
            kept[name] = restore(real[name], shown[name], value)
        except HiddenError as unclear:
            errors[forms.block_of(shown, name) or forms.block_id(0)] = str(unclear)
    return FieldErrors(errors) if errors else kept
