"""A serializer for `AsyncRedisSaver` that keeps what the stock one loses.

With langgraph-checkpoint-redis 0.5.2 a `Decimal` and a `timedelta` come back as 0, a `frozenset` empty, a Pydantic
model as a raw dict, an enum as its value, times and UUIDs as text, NaN as `None`, a tuple as a list, a path as `.`; an
integer beyond 64 bits fails the run, an interrupt loses its response schema, and what cannot be kept at all (a lock, a
function) is stored without a word. Here it fails the node that returned it.
"""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, cast
from uuid import UUID

from langchain_core.load.serializable import Serializable
from langgraph.checkpoint.redis.jsonplus_redis import JsonPlusRedisSerializer
from langgraph.checkpoint.serde.jsonplus import (
    JsonPlusSerializer,
    _create_msgpack_ext_hook,  # pyright: ignore[reportPrivateUsage]  the only way to a rule instead of a list
)
from langgraph.types import Interrupt, Send
from pydantic import BaseModel, SecretBytes, SecretStr

MARK = "signoff"
_INT64 = range(-(2**63), 2**64)


def _datetime(text: str, fold: int) -> datetime:
    return datetime.fromisoformat(text).replace(fold=fold)


def _time(text: str, fold: int) -> time:
    return time.fromisoformat(text).replace(fold=fold)


def _model(module: str, name: str, fields: dict[str, Any]) -> Any:
    found = _known_class(module, name)
    # Built without validation: these are the very values that were validated before they were stored.
    return found.model_construct(**fields) if found is not None and issubclass(found, BaseModel) else fields


def _enum(module: str, name: str, value: Any) -> Any:
    found = _known_class(module, name)
    return found(value) if found is not None and issubclass(found, Enum) else value


def _known_class(module: str, name: str) -> type | None:
    """A class of a module that is loaded already. Nothing is imported because a checkpoint says so, also not by a
    module's own `__getattr__`."""
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = cast("dict[str, object]", getattr(found, "__dict__", {})).get(part)
    return found if isinstance(found, type) else None


def _plain_class(module: str, name: str) -> type | None:
    """Such a class whose objects are data: a dataclass, a Pydantic model or secret, an enum, a named tuple."""
    found = _known_class(module, name)
    if found is None:
        return None
    named = issubclass(found, tuple) and hasattr(cast("object", found), "_fields")
    plain = named or is_dataclass(cast("type", found)) or issubclass(found, BaseModel | Enum | SecretStr | SecretBytes)
    return cast("type", found) if plain else None


class _PlainClasses(set[tuple[str, ...]]):
    """LangGraph's list of what may be built beside its own safe types: not a list, but a rule."""

    def __contains__(self, key: object, /) -> bool:
        match key:
            case (str(module), str(name)):
                return _plain_class(module, name) is not None
            case _:
                return False


def _bytearray(text: str) -> bytearray:
    return bytearray(base64.b64decode(text))


def _frozenset(items: list[object]) -> frozenset[object]:
    return frozenset(items)


_DUMP: dict[type, Callable[[Any], list[Any]]] = {
    Decimal: lambda value: [str(value)],
    datetime: lambda value: [value.isoformat(), value.fold],
    date: lambda value: [value.isoformat()],
    time: lambda value: [value.isoformat(), value.fold],
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
    UUID: lambda value: [value.hex],
}
_LOAD: dict[str, Callable[..., Any]] = {
    "Decimal": Decimal,
    "datetime": _datetime,
    "date": date.fromisoformat,
    "time": _time,
    "timedelta": timedelta,
    "UUID": UUID,
    "int": int,
    "float": float,
    "bytes": base64.b64decode,
    "bytearray": _bytearray,
    "frozenset": _frozenset,
    "model": _model,
    "enum": _enum,
    "packed": bytes,
}
_KNOWN = (str, int, float, NoneType, dict, list, tuple, set, Interrupt, Send, Serializable)
"""What the stock serializer keeps as JSON. Dataclasses, too; anything else is packed by LangGraph's own format."""


class KeepingSerializer(JsonPlusRedisSerializer):
    """Interrupts are stored by LangGraph's own serializer, whole; the types above in an envelope of ours.

    The envelope has the outline of LangChain's (`lc: 2`), because only such objects are handed back to the serializer
    when a channel is read. It names one of a fixed set of types, or a class that is loaded already. Tuples stay lists.

    Whatever a checkpoint names, in either format: only LangGraph's safe types and plain classes of modules that this
    process has imported are built. What is not comes back as the data it was made of.
    """

    def __init__(self) -> None:
        super().__init__(__unpack_ext_hook__=_create_msgpack_ext_hook(_PlainClasses()))

    def _constructor_class(self, obj: dict[str, Any]) -> type[Any]:
        """The stock one imports whatever module is named. Raises `ValueError` for what is not plain or not loaded."""
        match obj.get("id"):
            case [*module, str(name)] if module and all(isinstance(part, str) for part in module):
                found = _plain_class(".".join(module), name)
            case _:
                found = None
        if found is None:
            raise ValueError(f"not built because a checkpoint says so: {obj.get('id')}")
        return found

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Interrupts by LangGraph's serializer, anything else as JSON."""
        if isinstance(obj, list | tuple) and obj:
            entries = cast("list[object]", obj)
            if all(isinstance(entry, Interrupt) for entry in entries):
                return JsonPlusSerializer.dumps_typed(self, obj)
        return super().dumps_typed(obj)

    def _preprocess_redis_json(self, obj: Any, *, encode_bytes: Callable[[bytes], Any] | None = None) -> Any:
        dump = _DUMP.get(cast("object", obj).__class__)
        if dump is not None:
            return _envelope(type(obj).__name__, dump(obj))
        if isinstance(
            obj, bytes | bytearray
        ):  # the stock way is msgpack for the whole state, which takes less than JSON
            return _envelope(type(obj).__name__, [base64.b64encode(obj).decode()])
        if isinstance(obj, Enum):
            return _envelope("enum", [*_name(obj), self._preprocess_redis_json(obj.value, encode_bytes=encode_bytes)])
        if isinstance(obj, BaseModel) and not isinstance(obj, Serializable):  # LangChain's own have a form of theirs
            fields = {name: getattr(obj, name) for name in type(obj).model_fields} | (obj.model_extra or {})
            return _envelope("model", [*_name(obj), self._preprocess_redis_json(fields, encode_bytes=encode_bytes)])
        if type(obj) is int and obj not in _INT64:
            return _envelope("int", [str(obj)])
        if type(obj) is float and not math.isfinite(obj):
            return _envelope("float", [str(obj)])
        if type(obj) is frozenset:
            entries = cast("frozenset[object]", obj)
            return _envelope(
                "frozenset", [[self._preprocess_redis_json(e, encode_bytes=encode_bytes) for e in entries]]
            )
        if not isinstance(obj, _KNOWN) and not is_dataclass(cast("object", obj)):
            # The stock way keeps the name of the class and forgets the rest: a path comes back as `.`, a lock as {}.
            packed = JsonPlusSerializer.dumps_typed(self, obj)[1]  # raises for what cannot be kept
            return _envelope("packed", [base64.b64encode(packed).decode()])
        return super()._preprocess_redis_json(obj, encode_bytes=encode_bytes)

    def _revive_if_needed(self, obj: Any) -> Any:
        if isinstance(obj, dict):
            entry = cast("dict[str, Any]", obj)
            match entry.get("id"):
                case [mark, str(name)] if mark == MARK and entry.get("lc") == 2 and name in _LOAD:
                    if name == "packed":
                        return self.loads_typed(("msgpack", base64.b64decode(entry["args"][0])))
                    args = [self._revive_if_needed(arg) for arg in cast("list[Any]", entry.get("args", []))]
                    return _LOAD[name](*args)
                case _:
                    pass
        return super()._revive_if_needed(obj)


class WholeSerializer(KeepingSerializer):
    """For a saver that stores each value as a whole, in LangGraph's own format: that keeps all of the above but
    integers beyond 64 bits. A value with one of those is stored as the serializer above does it.

    What is read goes by the same rule.
    """

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Raises `TypeError` for what cannot be kept."""
        try:
            return JsonPlusSerializer.dumps_typed(self, obj)
        except TypeError:
            return super().dumps_typed(obj)


def _name(obj: object) -> tuple[str, str]:
    return type(obj).__module__, type(obj).__qualname__


def _envelope(name: str, args: list[Any]) -> dict[str, Any]:
    return {"lc": 2, "type": "constructor", "id": [MARK, name], "args": args}
