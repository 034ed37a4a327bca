"""Which inputs a JSON Schema needs: a list of fields, or one field of JSON where a form cannot say it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from pydantic import JsonValue

from agents.schema import Schema, resolve

MAX_FIELDS = 45
MAX_CHOICES = 100
MAX_WEIGHT = 30_000
"""Characters of labels, hints and first values in one form."""


class Kind(StrEnum):
    """What kind of input."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    LINES = "lines"
    DATE = "date"
    MOMENT = "moment"
    JSON = "json"


class _Nothing:
    """No default is stated: `null` would be one."""


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `path` leads to its place in the answer; an empty one is the answer itself. `inside` is set where the
    object around it must be there, be it empty; `needed` where that object, if it is there, must have it.
    """

    path: tuple[str, ...]
    kind: Kind
    schema: Schema
    required: bool
    nullable: bool = False
    within: str = ""
    inside: bool = False
    needed: bool = False
    choices: tuple[JsonValue, ...] = ()
    default: JsonValue | _Nothing = NOTHING

    @property
    def name(self) -> str:
        """The path as a refusal spells it."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """For people: the stated title, or the name."""
        stated = self.schema.get("title")
        own = stated if isinstance(stated, str) and stated.strip() else (self.path[-1] if self.path else "Your answer")
        own = own.replace("_", " ")
        own = own[:1].upper() + own[1:]
        return f"{self.within}: {own}" if self.within else own


def plan(schema: JsonValue) -> tuple[Field, ...]:
    """The inputs, in the order of the schema."""
    if not isinstance(schema, dict):
        return (Field((), Kind.TEXT, {}, required=True),)
    stated, nullable = _plain(schema, schema)
    whole = Field((), Kind.JSON, stated, required=True, default=_default(stated))
    if stated.get("type") != "object":
        kind, choices = _kind(stated, schema)
        fields = (Field((), kind, stated, required=True, nullable=nullable, choices=choices, default=_default(stated)),)
        return fields if _fits(fields) else (whole,)
    fields = tuple(_members(stated, schema, (), required=True, within=""))
    return fields if fields and _closed(stated) and _fits(fields) else (whole,)


def _members(stated: Schema, root: JsonValue, path: tuple[str, ...], *, required: bool, within: str) -> list[Field]:
    properties = stated.get("properties")
    needed = stated.get("required")
    names = {str(name) for name in needed} if isinstance(needed, list) else set[str]()
    found: list[Field] = []
    for name, entry in (properties if isinstance(properties, dict) else {}).items():
        inner, nullable = _plain(entry, root)
        must = required and name in names
        flat = inner.get("type") == "object" and not path and not nullable and _closed(inner)
        inside = _members(inner, root, (name,), required=must, within=_named(name, inner)) if flat else []
        if inside and isinstance(_default(inner), _Nothing):
            found += inside
            continue
        kind, choices = _kind(inner, root)
        found.append(
            Field(
                (*path, name),
                kind,
                inner,
                required=must,
                nullable=nullable,
                within=within,
                inside=bool(path) and required,
                needed=name in names,
                choices=choices,
                default=_default(inner),
            )
        )
    return found


def _named(name: str, stated: Schema) -> str:
    title = stated.get("title")
    return (title if isinstance(title, str) and title.strip() else name.replace("_", " "))[:60]


def _closed(stated: Schema) -> bool:
    """An object that consists of its stated properties; anything beside them needs JSON."""
    odd = ("oneOf", "anyOf", "allOf", "if", "not", "patternProperties", "propertyNames", "dependentSchemas", "const")
    extra = stated.get("additionalProperties")
    return bool(stated.get("properties")) and not isinstance(extra, dict) and not any(key in stated for key in odd)


def _plain(schema: JsonValue, root: JsonValue) -> tuple[Schema, bool]:
    """The schema without references and single `allOf`, and whether `null` is one of its values."""
    stated = _merged(schema, root)
    for union in ("anyOf", "oneOf"):
        branches = stated.get(union)
        if not isinstance(branches, list):
            continue
        resolved = [_merged(branch, root) for branch in branches]
        real = [branch for branch in resolved if branch.get("type") != "null"]
        if len(real) == 1:
            rest = {key: value for key, value in stated.items() if key != union}
            return {**real[0], **rest}, len(real) < len(resolved)
    kinds = stated.get("type")
    if isinstance(kinds, list):
        real_kinds = [kind for kind in kinds if kind != "null"]
        if len(real_kinds) == 1:
            return {**stated, "type": real_kinds[0]}, len(real_kinds) < len(kinds)
    return stated, False


def _merged(schema: JsonValue, root: JsonValue) -> Schema:
    own = dict(schema) if isinstance(schema, dict) else {}
    stated = dict(resolve(schema, root))
    if "$ref" in own:
        stated = {**stated, **{key: value for key, value in own.items() if key != "$ref"}}
    parts = stated.get("allOf")
    if isinstance(parts, list) and len(parts) == 1:
        rest = {key: value for key, value in stated.items() if key != "allOf"}
        return {**resolve(parts[0], root), **rest}
    return stated


def _kind(stated: Schema, root: JsonValue) -> tuple[Kind, tuple[JsonValue, ...]]:
    if any(key in stated for key in ("oneOf", "anyOf", "allOf", "not", "if", "$ref")):
        return Kind.JSON, ()
    if choices := _choices(stated):
        return Kind.CHOICE, choices
    if "const" in stated or isinstance(stated.get("enum"), list):
        return Kind.JSON, ()
    match stated.get("type"):
        case "string":
            special = {"date": Kind.DATE, "date-time": Kind.MOMENT}
            return special.get(str(stated.get("format")), Kind.TEXT), ()
        case "integer":
            return Kind.INTEGER, ()
        case "number":
            return Kind.NUMBER, ()
        case "boolean":
            return Kind.BOOLEAN, ()
        case "array":
            items = _plain(stated.get("items"), root)[0]
            if choices := _choices(items):
                return Kind.CHOICES, choices
            plain = items.get("type") == "string" and not {"format", "const", "enum"} & set(items)
            return (Kind.LINES if plain else Kind.JSON), ()
        case _:
            return Kind.JSON, ()


def _choices(stated: Schema) -> tuple[JsonValue, ...]:
    """The values of an `enum`, where they fit a list and are told apart by how they read."""
    found = stated.get("enum")
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_CHOICES:
        return ()
    if any(isinstance(value, list | dict) or value is None for value in found):
        return ()
    read = {str(value).strip()[:75] for value in found}
    return tuple(found) if len(read) == len(found) and "" not in read else ()


def _default(stated: Schema) -> JsonValue | _Nothing:
    return stated.get("default", NOTHING)


def _fits(fields: tuple[Field, ...]) -> bool:
    weight = sum(len(field.label) + len(str(field.schema.get("description", ""))[:400]) for field in fields)
    weight += sum(30 + 2 * len(str(value)) for field in fields for value in field.choices)
    weight += sum(len(str(field.default)) for field in fields if not isinstance(field.default, _Nothing))
    return len(fields) <= MAX_FIELDS and weight <= MAX_WEIGHT


def placed(fields: tuple[Field, ...], values: list[tuple[Field, Any]]) -> dict[str, JsonValue]:
    """The object of these values, each at its place."""
    found: dict[str, JsonValue] = {}
    given = {field.path: value for field, value in values}
    for field in fields:
        at: dict[str, Any] = found
        for name in field.path[:-1] if field.inside or field.path in given else ():
            at = at.setdefault(name, {})
        if field.path in given:
            at[field.path[-1]] = given[field.path]
    for field in fields:
        at = path_of(found, field.path[:-1])
        if field.needed and at is not NOTHING and field.path not in given:
            if field.nullable:
                at[field.path[-1]] = None
            elif field.kind in (Kind.TEXT, Kind.CHOICES, Kind.LINES):
                at[field.path[-1]] = "" if field.kind is Kind.TEXT else []
    return found


def path_of(value: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What stands at the path, or `NOTHING`."""
    at: Any = value
    for name in path:
        if not isinstance(at, Mapping) or name not in at:
            return NOTHING
        at = cast("Mapping[str, Any]", at)[name]
    return at
