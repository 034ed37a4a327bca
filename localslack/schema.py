"""The small language the Block Kit rules are written in.

A rule says what one value must look like; `rules.py` is the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MESSAGE, MODAL, HOME = "message", "modal", "home"
EVERYWHERE = frozenset({MESSAGE, MODAL, HOME})
VIEWS = frozenset({MODAL, HOME})


@dataclass(frozen=True)
class Str:
    """Text of `min` to `max` characters, optionally one of `values` or matching `pattern`."""

    max: int | None = None
    min: int = 1
    values: tuple[str, ...] = ()
    pattern: str | None = None


@dataclass(frozen=True)
class Bool:
    """true or false."""


@dataclass(frozen=True)
class Int:
    """A whole number within bounds."""

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True)
class Text:
    """A text object with `min` to `max` characters. `plain`: only plain_text is taken here."""

    max: int = 3000
    plain: bool = False
    min: int = 1


@dataclass(frozen=True)
class Obj:
    """An object of a named shape in `OBJECTS`."""

    name: str


@dataclass(frozen=True)
class One:
    """An object told apart by its `type`, which must be one of these keys of the group."""

    group: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Arr:
    """An array of `min` to `max` values."""

    of: Rule
    max: int | None = None
    min: int = 1


@dataclass(frozen=True)
class Free:
    """Any JSON value: the rule is not known well enough to refuse anything."""


Rule = Str | Bool | Int | Text | Obj | One | Arr | Free


@dataclass(frozen=True)
class Shape:
    """The fields of an object.

    `type` is implied for members of a group. `one_of`: exactly one of these fields; `any_of`: at least one.
    """

    fields: dict[str, Rule]
    required: tuple[str, ...] = ()
    surfaces: frozenset[str] = EVERYWHERE
    one_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    notes: str = ""
    nullable: frozenset[str] = field(default_factory=frozenset[str])
