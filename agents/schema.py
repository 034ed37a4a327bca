"""JSON Schemas of answers: what a person typed becomes a value, and a value is checked before a graph sees it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs, reportMissingModuleSource]  untyped
from jsonschema.exceptions import SchemaError, best_match  # pyright: ignore[reportMissingTypeStubs, reportMissingModuleSource, reportUnknownVariableType]  untyped
from pydantic import JsonValue
from referencing import Registry

Schema = Mapping[str, JsonValue]

YES = frozenset({"yes", "y", "true", "1", "on", "approve", "approved", "accept", "ok"})
NO = frozenset({"no", "n", "false", "0", "off", "deny", "denied", "reject", "rejected"})
MAX_SHOWN = 60
_NOWHERE: Any = cast("Callable[[], Any]", Registry)()
"""Where references to other documents are looked up: nowhere. Nothing is fetched because a schema says so."""


def as_schema(schema: JsonValue) -> Schema | None:
    """The schema if it is an object, with a top `$ref` followed."""
    return resolve(schema, schema) if isinstance(schema, dict) else None


def kind_of(schema: Schema) -> str:
    """`enum`, or JSON Schema's name of the type; empty where several types or none are stated."""
    if isinstance(schema.get("enum"), list):
        return "enum"
    stated = schema.get("type")
    return stated if isinstance(stated, str) else ""


def choices(schema: Schema) -> tuple[JsonValue, ...]:
    """The values of an `enum`."""
    stated = schema.get("enum")
    return tuple(stated) if isinstance(stated, list) else ()


def takes(schema: JsonValue, name: str) -> bool:
    """Whether an object of this schema names such a property, in some branch."""
    stated = as_schema(schema) or {}
    properties = stated.get("properties")
    if isinstance(properties, dict) and name in properties:
        return True
    branches = stated.get("oneOf", stated.get("anyOf"))
    return isinstance(branches, list) and any(takes(dict(resolve(branch, schema)), name) for branch in branches)


def parse(text: str, schema: JsonValue) -> JsonValue:
    """What a person typed, as the stated type. Text that does not fit stays text, for `fault` to name."""
    stated = as_schema(schema)
    if stated is None:
        return text
    kind, word = kind_of(stated), text.strip()
    if kind == "boolean":
        return True if word.lower() in YES else False if word.lower() in NO else text
    if kind == "enum":
        return next((value for value in choices(stated) if str(value).lower() == word.lower()), text)
    if kind == "string":
        return text if fault(text, schema) is None else word
    value = _read_json(word, text)
    if not kind and fault(value, schema) is not None and fault(text, schema) is None:
        return text
    return value


def fault(value: JsonValue, schema: JsonValue) -> tuple[str, str] | None:
    """`(field, what is wrong)`, or `None` if nothing speaks against the value. A field within an object is `a.b`.

    A schema that cannot be used speaks against nothing: LangGraph checks again.
    """
    if not isinstance(schema, dict):
        return None
    validator: Any = cast("Any", Draft202012Validator)(schema, registry=_NOWHERE, format_checker=_formats())
    try:
        errors: Iterable[Any] = list(validator.iter_errors(value))
        found: Any = cast("Any", best_match)(errors)
        return None if found is None else _told(found)
    except Exception:  # noqa: BLE001  what a schema that makes no sense raises is the library's affair
        return None


def schema_fault(schema: JsonValue) -> str:
    """What is wrong with the schema itself; empty if nothing is."""
    if not isinstance(schema, dict):
        return "a schema is an object"
    try:
        cast("Any", Draft202012Validator).check_schema(schema)
    except SchemaError as wrong:
        return str(cast("Any", wrong).message)
    except RecursionError:
        return "it is nested too deeply"
    return ""


def resolve(schema: JsonValue, root: JsonValue) -> Schema:
    """The schema, its local `$ref` followed; empty if that leads nowhere."""
    seen = 0
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str) and seen < 10:
        found: JsonValue = root
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        schema, seen = found, seen + 1
    return schema if isinstance(schema, dict) else {}


def _formats() -> Any:
    return cast("Any", Draft202012Validator).FORMAT_CHECKER


def _read_json(word: str, text: str) -> JsonValue:
    try:
        value = cast("JsonValue", json.loads(word))
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value


def _told(error: Any) -> tuple[str, str]:
    """The error in plain words, with the field that it is about."""
    path = [str(part) for part in error.absolute_path]
    rule, limit = str(error.validator), cast("JsonValue", error.validator_value)
    if rule == "required":
        missing = [str(name) for name in cast("list[object]", limit) if name not in error.instance]
        return ".".join([*path, *missing[:1]]), "is missing"
    if rule == "additionalProperties" and isinstance(error.instance, dict):
        known: Any = error.schema.get("properties", {})
        extra = [str(name) for name in cast("dict[str, object]", error.instance) if name not in known]
        return ".".join([*path, *extra[:1]]), "is not expected"
    return ".".join(path), _WORDS[rule](limit) if rule in _WORDS else f"does not fit: {str(error.message)[:200]}"


def _list(limit: JsonValue) -> str:
    names = limit if isinstance(limit, list) else [limit]
    shown = ", ".join(json.dumps(name)[:MAX_SHOWN] if not isinstance(name, str) else name[:MAX_SHOWN] for name in names)
    return shown[:200]


_WORDS: Mapping[str, Callable[[JsonValue], str]] = {
    "type": lambda limit: "must be " + _list(limit).replace(", ", " or "),
    "enum": lambda limit: "must be one of " + _list(limit),
    "const": lambda limit: f"must be {json.dumps(limit)[:MAX_SHOWN]}",
    "minimum": lambda limit: f"must be at least {limit}",
    "maximum": lambda limit: f"must be at most {limit}",
    "exclusiveMinimum": lambda limit: f"must be more than {limit}",
    "exclusiveMaximum": lambda limit: f"must be less than {limit}",
    "multipleOf": lambda limit: f"must be a multiple of {limit}",
    "minLength": lambda limit: f"must be at least {limit} long",
    "maxLength": lambda limit: f"must be at most {limit} long",
    "minItems": lambda limit: f"needs at least {limit} entries",
    "maxItems": lambda limit: f"takes at most {limit} entries",
    "uniqueItems": lambda _: "holds an entry twice",
    "pattern": lambda limit: f"must match {str(limit)[:MAX_SHOWN]}",
    "format": lambda limit: f"is no {limit}",
    "anyOf": lambda _: "fits none of the allowed forms",
    "oneOf": lambda _: "fits none of the allowed forms",
}
