"""Why a question is asked under another revision."""

from __future__ import annotations

from enum import StrEnum


class Revised(StrEnum):
    """What made clicks on what was shown before stale: the graph asked something else, refused the answer, somebody
    edited it, took a decision back, or put it under the policies that count now."""

    QUESTION = "question"
    ANSWER = "answer"
    EDIT = "edit"
    UNDO = "undo"
    POLICY = "policy"
