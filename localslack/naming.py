"""The ids and flags Slack adds to blocks that came without them."""

from __future__ import annotations

import random

from .anatomy import elements_of, every_block
from .triggers import token
from .wire import Json, as_list, as_object, clone


class NameIds:
    """Gives ids to what the app left unnamed, as Slack does, and fills in the text flags Slack answers with."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def next_id(self, length: int = 5) -> str:
        return token(self.rng, length).upper()

    def named(self, blocks: list[Json]) -> list[Json]:
        """A copy of the blocks in which each has a block_id and each interactive element an action_id."""
        out = clone(blocks)
        for block in every_block(out):
            block.setdefault("block_id", token(self.rng, 5))
            for element in elements_of(block):
                if element.get("type") != "image":
                    element.setdefault("action_id", token(self.rng, 5))
            if block.get("type") == "input":
                block.setdefault("optional", False)
                block.setdefault("dispatch_action", False)
            flag_texts(block)
        return out


def flag_texts(value: object) -> None:
    """Fill in `emoji` and `verbatim` in every text object, in place."""
    data = as_object(value)
    if data is not None:
        if data.get("type") == "plain_text" and "text" in data:
            data.setdefault("emoji", True)
        elif data.get("type") == "mrkdwn" and "text" in data:
            data.setdefault("verbatim", False)
        for item in data.values():
            flag_texts(item)
    for item in as_list(value) or []:
        flag_texts(item)
