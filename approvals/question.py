"""What an approver asked back, and what was answered. Plain values, kept in the record; times are aware, in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MAX_QUESTIONS = 5
"""Questions about one approval: it is for deciding, not for talking."""

MAX_WORDS = 1000
"""Characters of a question, and of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, numbered from 1. `by` and `answered_by` are user ids.

    `to` are those it was put to, as a policy writes people; empty: everybody who may decide.
    """

    number: int
    text: str
    by: str
    at: datetime
    to: tuple[str, ...] = ()
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Nobody has answered it."""
        return self.answered_at is None


def numbered(questions: Sequence[Question], number: int) -> Question | None:
    """The question of that number."""
    return next((question for question in questions if question.number == number), None)
