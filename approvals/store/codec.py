"""Records to text and back. Each carries the schema version it was written under; older ones are lifted on reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from approvals.away import Away
from approvals.book import PolicyVersion
from approvals.errors import StoreError
from approvals.events import Event
from approvals.model import Approval, Thread

SCHEMA = 1
"""Grows when a record's shape changes in a way that reading must know of."""

LIFTS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From schema n to n + 1: what to do to a record written under n."""

T = TypeVar("T")


class Codec(Generic[T]):
    """Text of one kind of record. Fields at their default are left out, so that records stay small."""

    def __init__(self, kind: type[T]) -> None:
        self._name = kind.__name__
        self._adapter = TypeAdapter(kind)

    def dump(self, record: T) -> str:
        """JSON text of the record, with its schema version under `_`."""
        try:
            text = self._adapter.dump_json(record, exclude_defaults=True).decode()
        except PydanticSerializationError:
            text = "null"
        # That writes `null` for a number which JSON has no word for, and refuses half a surrogate pair.
        if "null" in text:
            return self._spelled(record)
        return f'{{"_":{SCHEMA}{"," if len(text) > 2 else ""}{text[1:]}'

    def _spelled(self, record: T) -> str:
        """The same where it matters how it is written."""
        fields = self._adapter.dump_python(record, mode="json", exclude_defaults=True)
        text = json.dumps({"_": SCHEMA, **fields}, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate pair is valid in JSON as an escape, and in no other way.
        return text if text.isascii() or _encodable(text) else json.dumps({"_": SCHEMA, **fields})

    def load(self, text: str | bytes) -> T:
        """The record. Raises `StoreError` for text of a newer schema, or that is not such a record."""
        try:
            fields = json.loads(text)
        except ValueError as broken:
            raise StoreError(f"a stored {self._name} is not JSON: {broken}") from broken
        if not isinstance(fields, dict):
            raise StoreError(f"a stored {self._name} is not an object")
        fields = cast("dict[str, Any]", fields)
        schema = fields.pop("_", 0)
        if not isinstance(schema, int) or schema < 0:
            raise StoreError(f"a stored {self._name} has no schema version")
        if schema > SCHEMA:
            raise StoreError(
                f"a stored {self._name} has schema {schema}, this version reads up to {SCHEMA}: upgrade Signoff"
            )
        for step in range(schema, SCHEMA):
            if step in LIFTS:
                fields = LIFTS[step](fields)
        try:
            return self._adapter.validate_python(fields)
        except ValidationError as broken:
            raise StoreError(f"a stored {self._name} cannot be read: {broken}") from broken


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


APPROVALS = Codec(Approval)
THREADS = Codec(Thread)
EVENTS = Codec(Event)
ABSENCES = Codec(Away)
VERSIONS = Codec(PolicyVersion)
