"""`signoff explain`: an approval as it was recorded, or the questions of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from agents.dialects import Dialects
from agents.explain import Explained, of_approval, of_graph, of_value
from agents.registry import Registry
from approvals.errors import InputError
from approvals.settings import Settings
from bot.core import open_records


async def explained(settings: Settings, what: str, value: tuple[JsonValue] | None, node: str) -> Sequence[Explained]:
    """A graph needs neither Redis nor Slack; anything that is not one is looked up as an approval.

    `value` is wrapped, since `null` is a value too. Raises `InputError` for what is neither.
    """
    registry = Registry.load(settings.signoff_config)
    dialects = Dialects(replies=registry.replies)
    if what in registry.names():
        if value is not None:
            return [of_value(dialects, value[0], graph=what, node=node)]
        return of_graph(dialects, await registry.graph(what), what)
    async with open_records(settings) as records:
        approval = await records.approvals.get(what)
    if approval is None:
        known = ", ".join(registry.names())
        raise InputError(f"{what} is neither a graph of {settings.signoff_config} ({known}) nor an approval")
    told = of_approval(dialects, approval)
    answers = {kind: records.shown.told(answer, approval) for kind, answer in told.answers.items()}
    hidden = records.shown.approval(approval)
    return [replace(told, answers=answers, value=hidden.payload, title=hidden.title)]
