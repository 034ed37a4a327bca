"""What a graph said, as JSON: a copy that can be stored, shown and hashed. Never raises."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import cast

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, JsonValue

MAX_DEPTH = 32
MAX_ITEMS = 20_000
MAX_TEXT = 3_000_000
"""Characters in all: what is larger belongs into a file, with its name in the question."""
MAX_BYTES = 4_096
CUT = "… cut: "


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """`value` is JSON. `whole` is False where something was too deep or too long and is missing from the copy."""

    value: JsonValue
    whole: bool


def to_json(value: object) -> JsonValue:
    """A JSON copy of any value. Decimals and times become strings, models and messages objects, NaN the text `NaN`."""
    return copy_json(value).value


def copy_json(value: object) -> Copy:
    """Like `to_json`, and says whether the copy is whole."""
    copier = _Copier()
    copied = copier.copy(value, 0)
    return Copy(copied, copier.whole)


def payload_hash(payload: JsonValue) -> str:
    """16 hexadecimal digits of the SHA-256 of the canonical JSON: two equal questions have equal hashes."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class _Copier:
    def __init__(self) -> None:
        self.whole = True
        self.items = 0
        self.left = MAX_TEXT

    def copy(self, value: object, depth: int) -> JsonValue:
        if isinstance(value, Enum):
            return self.copy(value.value, depth)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(value).replace("nan", "NaN")
        if isinstance(value, str):
            return self._text(value)
        if depth >= MAX_DEPTH:
            return self._cut("too deep")
        try:
            return self._compound(value, depth)
        except Exception:  # noqa: BLE001  a value whose own methods raise is shown by its type, and marked
            return self._cut(f"a {type(value).__name__} that cannot be read")

    def _compound(self, value: object, depth: int) -> JsonValue:
        if isinstance(value, bytes | bytearray | memoryview):
            raw = bytes(cast("bytes", value))
            return base64.b64encode(raw).decode() if len(raw) <= MAX_BYTES else f"<{len(raw)} bytes>"
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, BaseMessage):
            return self._message(value, depth)
        if isinstance(value, BaseModel):
            fields: dict[object, object] = {name: getattr(value, name) for name in type(value).model_fields}
            return self._mapping(fields | (value.model_extra or {}), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._mapping({f.name: getattr(value, f.name) for f in dataclasses.fields(value)}, depth)
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[object, object]", value), depth)
        if isinstance(value, tuple) and (named := getattr(cast("object", value), "_asdict", None)):
            return self._mapping(cast("Callable[[], dict[object, object]]", named)(), depth)
        if isinstance(value, set | frozenset):
            return self._sequence(sorted(cast("set[object]", value), key=repr), depth)
        if isinstance(value, list | tuple):
            return self._sequence(cast("list[object]", value), depth)
        # The default `repr` holds an address, which would make the hash of an unchanged question change.
        text = str(value) if type(value).__str__ is not object.__str__ else ""
        return self._text(text or f"<{type(value).__name__}>")

    def _message(self, message: BaseMessage, depth: int) -> JsonValue:
        found: dict[object, object] = {"type": message.type, "content": cast("object", message.content)}
        for name in ("name", "tool_calls", "tool_call_id"):
            if extra := getattr(message, name, None):
                found[name] = extra
        return self._mapping(found, depth)

    def _mapping(self, value: Mapping[object, object], depth: int) -> JsonValue:
        found: dict[str, JsonValue] = {}
        for key, entry in value.items():
            if not self._room():
                found["…"] = self._cut("too long")
                break
            name = key.value if isinstance(key, Enum) else key
            found[self._text(str(name))] = self.copy(entry, depth + 1)
        return found

    def _sequence(self, value: Iterable[object], depth: int) -> JsonValue:
        found: list[JsonValue] = []
        for entry in value:
            if not self._room():
                found.append(self._cut("too long"))
                break
            found.append(self.copy(entry, depth + 1))
        return found

    def _room(self) -> bool:
        self.items += 1
        return self.items <= MAX_ITEMS

    def _text(self, value: str) -> str:
        text = str(value).encode("utf-8", "replace").decode()  # a lone surrogate cannot be stored
        room, self.left = self.left, max(0, self.left - len(text))
        if len(text) <= room:
            return text
        self.whole = False
        return f"{text[:room]}{CUT}{len(text) - room} more characters"

    def _cut(self, why: str) -> str:
        self.whole = False
        return CUT + why
