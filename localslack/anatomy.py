"""What is inside blocks: other blocks, interactive elements, options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .wire import Json, as_list, as_object

NESTED = {"carousel": "elements", "container": "child_blocks"}


def every_block(blocks: Iterable[object]) -> Iterator[Json]:
    """The blocks and those inside them (of a carousel or container), outer ones first."""
    for block in map(as_object, blocks):
        if block is not None:
            yield block
            yield from every_block(as_list(block.get(NESTED.get(str(block.get("type")), ""))) or [])


def elements_of(block: object) -> list[Json]:
    """The interactive elements inside a block, in order."""
    data = as_object(block) or {}
    found: list[object] = [data.get("accessory"), data.get("element")]
    if data.get("type") in ("actions", "context_actions"):
        found += as_list(data.get("elements")) or []
    if data.get("type") == "card":
        found += as_list(data.get("actions")) or []
    return [element for element in map(as_object, found) if element is not None]


def options_of(element: Json) -> list[Json]:
    """The options of a select, radio or checkbox element, those in groups included."""
    plain = as_list(element.get("options")) or []
    for group in as_list(element.get("option_groups")) or []:
        plain = plain + (as_list((as_object(group) or {}).get("options")) or [])
    return [option for option in map(as_object, plain) if option is not None]
