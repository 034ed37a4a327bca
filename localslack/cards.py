"""The rules of the blocks that hold other blocks or look like a card; part of the table in `rules.py`.

Which surfaces they may stand on and what a container may hold is not documented: messages only, and nothing nested
twice.
"""

from __future__ import annotations

from .schema import MESSAGE, Arr, Bool, One, Shape, Str, Text

_IMAGE = One("element", ("image",))
_CARD = Shape(
    {
        "icon": _IMAGE,
        "hero_image": _IMAGE,
        "title": Text(150),
        "subtitle": Text(150),
        "body": Text(200),
        "actions": Arr(One("element", ("button",)), 25),
    },
    surfaces=frozenset({MESSAGE}),
    any_of=("hero_image", "title", "actions", "body"),
)
_CAROUSEL = Shape({"elements": Arr(One("block", ("card",)), 10)}, ("elements",), frozenset({MESSAGE}))
IN_CONTAINER = ("section", "header", "divider", "context", "actions", "image", "rich_text", "table", "card")
_CONTAINER = Shape(
    {
        "icon": _IMAGE,
        "title": Text(150, plain=True),
        "rich_text_title": One("block", ("rich_text",)),
        "subtitle": Text(150),
        "child_blocks": Arr(One("block", IN_CONTAINER), 10),
        "width": Str(values=("narrow", "standard", "wide", "full")),
        "is_collapsible": Bool(),
        "default_collapsed": Bool(),
        "has_header_divider": Bool(),
    },
    ("child_blocks",),
    frozenset({MESSAGE}),
    any_of=("title", "rich_text_title"),
)

CARDS: dict[str, Shape] = {"card": _CARD, "carousel": _CAROUSEL, "container": _CONTAINER}
