"""A typed question for new graphs. It needs nothing of Signoff at run time: it is LangGraph's own `interrupt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model, model_validator

Word = Literal["approve", "edit", "deny", "respond"]
WORDS: tuple[Word, ...] = ("approve", "edit", "deny", "respond")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided. `args` are those to act on: as asked, or as edited.

    `approval` is unique for each question: use it to make a side effect happen once, since LangGraph runs a node again
    from its top. It, `actor` and `decided_at` are empty under a front end that does not tell them.
    """

    type: Word
    args: dict[str, JsonValue]
    reason: str = ""
    text: str = ""
    approval: str = ""
    actor: str = ""
    decided_at: datetime | None = None

    @property
    def approved(self) -> bool:
        """Approved as it was asked, or edited: go on with `args`."""
        return self.type in ("approve", "edit")


class _Said(BaseModel):
    """The resume value, as any front end may send it. LangGraph validates it and keeps the question if it is wrong."""

    model_config = ConfigDict(extra="ignore", title="Answer")

    type: str
    args: dict[str, JsonValue] | None = Field(default=None, description="For edit: all arguments.")
    reason: str = Field(default="", description="For deny: why.")
    text: str = Field(default="", description="For respond: the answer.")
    approval: str = ""
    actor: str = ""
    decided_at: datetime | None = None

    @model_validator(mode="after")
    def _whole(self) -> _Said:
        if self.type == "edit" and self.args is None:
            raise ValueError("an edit needs `args`")
        return self


def ask(
    question: str,
    *,
    action: str = "",
    args: Mapping[str, JsonValue] | None = None,
    allow: Sequence[Word] = ("approve", "deny"),
    context: str = "",
    urgency: Literal["low", "normal", "high", "critical"] = "normal",
    title: str = "",
    summary: str = "",
) -> Answer:
    """Pauses the graph until somebody answers.

    `action` and `args` say what the agent wants to do; `allow` which answers the node can take (`edit` needs `args`);
    `urgency` how much it presses, which a policy may act on. `title` and `summary` are templates for the card, filled
    in with `args`: `Refund ${amount:money} to {customer}`.
    Any front end of LangGraph shows the value and the schema of the answer. Raises `ValueError` for an `allow` that
    makes no sense, before anything pauses.
    """
    shown = dict(args or {})
    words = tuple(word for word in WORDS if word in allow)
    if not words or len(words) != len(set(allow)):
        raise ValueError(f"allow: some of {', '.join(WORDS)}")
    if "edit" in words and not shown:
        raise ValueError("allow: edit needs args")
    value: dict[str, Any] = {"question": question, "reply": "decision", "allow": list(words)}
    value |= {"action": action} if action else {}
    value |= {"args": shown} if shown else {}
    value |= {"context": context} if context else {}
    value |= {"urgency": urgency} if urgency != "normal" else {}
    named = {name: text for name, text in (("title", title), ("summary", summary)) if text}
    value |= {"signoff": named} if named else {}
    kinds: Any = cast("Any", Literal)[words]
    schema: Any = cast("Any", create_model)("Answer", __base__=_Said, type=(kinds, ...))
    said = cast("_Said", interrupt(value, response_schema=schema))
    return Answer(
        type=cast("Word", said.type),
        args=dict(said.args) if said.type == "edit" and said.args is not None else shown,
        reason=said.reason,
        text=said.text,
        approval=said.approval,
        actor=said.actor,
        decided_at=said.decided_at,
    )
