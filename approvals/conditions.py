"""Conditions of policies, in CEL (the Common Expression Language): text in, then yes, no or "cannot say".

The library is cel-expr-python, Google's own implementation: of the three on PyPI (2026-11) it alone finds unknown
variables, unknown functions and wrong types when the rule is read, with their place; it alone bounds depth (32) and
iterations (10,000 for one evaluation); and it alone is as exact with numbers as the language's definition.

Nothing can interrupt an evaluation, so what goes in is bounded: an expression in length and in macros, the facts in
depth, in number of values, and in text (less of it where a macro looks at them again and again). Regular expressions
are RE2: linear in the text. What is beyond a bound is undecided, never cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs] (its own stubs lie beside it, without a marker)
from pydantic import JsonValue

LONGEST: Final = 2000
"""Characters in an expression."""
MACROS: Final = 4
"""Calls of all, exists, exists_one, map or filter in an expression, nested or side by side."""
DEEPEST: Final = 32
"""Levels of lists and maps in the facts."""
VALUES: Final = 10_000
"""Values in the facts; keys and texts count once more. (`action` and `actions` hold the same action.)"""
TEXT: Final = 2_000_000
"""Characters in all texts of the facts together."""
TEXT_FOR_MACROS: Final = 128_000
"""The same where the expression has a macro."""

VARIABLES: Final = ("action", "actions", "requester", "graph", "node", "urgency", "thread", "title")
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_INT64 = range(-(2**63), 2**63)


class BadCondition(ValueError):
    """No condition. `text` is what was written, `why` says what is wrong, `position` is (line, column), from 1."""

    def __init__(self, text: str, why: str, position: tuple[int, int] | None = None) -> None:
        super().__init__(f"{why} (line {position[0]}, column {position[1]})" if position else why)
        self.text, self.why, self.position = text, why, position


@dataclass(frozen=True, slots=True)
class Undecided:
    """The condition gave neither yes nor no. `why` holds nothing of the facts. It counts as false."""

    why: str

    def __bool__(self) -> bool:
        return False


class _TooMuch(Exception):
    """The facts are beyond a bound, or no JSON. The sentence says which."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression; made by `compile_condition`. Safe to share between threads."""

    text: str
    _program: cel.Expression = field(repr=False, compare=False)

    def holds(self, facts: Mapping[str, JsonValue]) -> bool | Undecided:
        """Whether it is true of the `facts`, which name `VARIABLES`. Never raises.

        An error in the evaluation (a key that is not there, kinds that do not compare) and a result that is no
        boolean are `Undecided`, unless the rest of the expression settles it: `false && ...` is false.
        """
        try:
            given = _Copy(TEXT_FOR_MACROS if _MACRO.search(self.text) else TEXT).map(facts, 0)
            result = self._program.eval(data=given)
        except _TooMuch as beyond:
            return Undecided(str(beyond))
        except RuntimeError as error:
            return Undecided(_why(str(error)))
        if result.type() == cel.Type.BOOL:
            return result.value() is True
        if result.type() == cel.Type.ERROR:
            return Undecided(_why(str(result.value())))
        return Undecided("its result is neither true nor false")


@lru_cache(maxsize=512)
def compile_condition(text: str) -> Condition:
    """The condition that the expression states. Raises `BadCondition`: syntax, unknown names, no truth as a result."""
    if len(text) > LONGEST:
        raise BadCondition(text, f"a condition has at most {LONGEST} characters")
    if len(_MACRO.findall(text)) > MACROS:
        raise BadCondition(text, f"a condition has at most {MACROS} calls of all, exists, exists_one, map or filter")
    if not _is_unicode(text):
        raise BadCondition(text, "the text is no valid Unicode")
    try:
        program = _environment().compile(text)
    except RuntimeError as error:
        raise _bad(text, str(error)) from error
    kind = program.return_type()
    if kind not in (cel.Type.BOOL, cel.Type.DYN):
        raise BadCondition(text, f"a condition gives true or false; this gives {kind.name().lower()}")
    return Condition(text, program)


@cache
def _environment() -> cel.Env:
    """What an expression can name. A map's values are of any kind, so that numbers compare across kinds."""
    record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    kinds = {"action": record, "actions": cel.Type.List(record), "requester": record, "thread": record}
    return cel.NewEnv(variables={name: kinds.get(name, cel.Type.STRING) for name in VARIABLES})


def _bad(text: str, message: str) -> BadCondition:
    """The library's first finding, without its drawing."""
    found = _PLACE.search(message)
    line, column = (int(found[1]), int(found[2])) if found else (-1, -1)
    if not found or line < 1:
        return BadCondition(text, "the expression is too long a chain, or nested too deeply")
    why = found[3].replace(" (in container '')", "").removesuffix(" [INVALID_ARGUMENT]")[:300]
    return BadCondition(text, why, (line, column))


def _why(message: str) -> str:
    """A sentence for the library's status code. The rest of its message may quote the facts, so it is dropped."""
    return {
        "NOT_FOUND": "it looks at something that is not there",
        "UNKNOWN": "it compares or computes with values of kinds that do not go together",
        "INVALID_ARGUMENT": "it computes with a value that has no result there",
        "OUT_OF_RANGE": "it computes a number that is too large",
        "INTERNAL": "it would take too many steps",
    }.get(message.split(":", 1)[0], "it cannot be evaluated")


def _is_unicode(text: str) -> bool:
    """Whether it can be encoded: JSON may carry half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


class _Copy:
    """Copies facts into what the library takes, and counts: it reads lazily, and deep or broken values crash it."""

    def __init__(self, text: int) -> None:
        self.text, self.values = text, VALUES

    def map(self, given: Mapping[str, JsonValue], depth: int) -> dict[str, JsonValue]:
        return {self._string(key): self._value(value, depth + 1) for key, value in given.items()}

    def _value(self, value: JsonValue, depth: int) -> JsonValue:
        self.values -= 1
        if self.values < 0 or depth > DEEPEST:
            raise _TooMuch("what it is asked about has too many values, or is nested too deeply")
        match value:
            case None | bool():
                return value
            case int():
                return value if value in _INT64 else _as_float(value)
            case float():
                return None if math.isnan(value) else value
            case str():
                return self._string(value)
            case Mapping():
                return self.map(value, depth)
            case Sequence():
                return [self._value(item, depth + 1) for item in value]
            case _:  # pyright: ignore[reportUnnecessaryComparison] (the facts come from outside)
                raise _TooMuch("what it is asked about is not JSON")

    def _string(self, text: str) -> str:
        self.values -= 1
        self.text -= len(text)
        if self.text < 0 or self.values < 0:
            raise _TooMuch("what it is asked about is too large")
        if not _is_unicode(text):
            raise _TooMuch("what it is asked about is no valid Unicode")
        return text


def _as_float(value: int) -> float:
    """A number that CEL's integers cannot hold, as near as a float comes: it compares as it should with any literal."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
