"""Where things stand in a YAML text. Read from the parser's events, so that an alias stands where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml


@dataclass(frozen=True, slots=True)
class Mark:
    """Offset, line and column, each counted from 0."""

    index: int
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Anything, from its first character to behind its last; an alias if it is nothing else."""

    start: Mark
    end: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar(Value):
    """A single value, as text."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Value):
    """A list. `flow`: written as [a, b]."""

    items: tuple[Value, ...]
    flow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping(Value):
    """A group of keys. `flow`: written as {a: b}."""

    pairs: tuple[tuple[Scalar, Value], ...]
    flow: bool

    def get(self, key: str) -> Value | None:
        """The value of a key."""
        return next((value for name, value in self.pairs if name.value == key), None)


def read(text: str) -> Value:
    """The document. Raises `ValueError` where there is none, or where a key is more than a word."""
    try:
        events = iter(cast("list[yaml.Event]", list(cast("Any", yaml).parse(text, Loader=yaml.SafeLoader))))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                return _value(next(events), events)
    except yaml.YAMLError as broken:
        raise ValueError(str(broken)) from None
    raise ValueError("there is nothing in the text")


def _mark(found: Any) -> Mark:
    return Mark(found.index, found.line, found.column)


def _value(event: yaml.Event, events: Iterator[yaml.Event]) -> Value:
    first: Any = event
    start, end = _mark(first.start_mark), _mark(first.end_mark)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(start=start, end=end, value=cast("str", first.value))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Value] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events))
        return Item(
            start=start, end=_mark(cast("Any", event).end_mark), items=tuple(items), flow=bool(first.flow_style)
        )
    if isinstance(event, yaml.MappingStartEvent):
        pairs: list[tuple[Scalar, Value]] = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = _value(event, events)
            if not isinstance(key, Scalar):
                raise ValueError("a key is more than a word")
            pairs.append((key, _value(next(events), events)))
        end = _mark(cast("Any", event).end_mark)
        return Mapping(start=start, end=end, pairs=tuple(pairs), flow=bool(first.flow_style))
    return Value(start=start, end=end)
