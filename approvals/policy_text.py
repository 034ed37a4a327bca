"""The text of the policies, cut at its policies: one is replaced, moved, added or switched off, and every other line
stays as somebody wrote it, comments too. Pure; nothing is dumped anew. What comes out has not been checked yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.yaml_marks import Item, Mapping, Scalar, Value, read

INDENT = 2

NEW = -2
"""The place of a policy that is not there yet."""


@dataclass(frozen=True, slots=True)
class Block:
    """One policy, as lines that stand by themselves. `name` is empty for the default, and where it has none."""

    name: str
    text: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines `first` to before `last` are one policy; its content begins at `column` of line `content`."""

    first: int
    content: int
    last: int
    dash: int
    column: int
    value: Value


class PolicyText:
    """One text, cut up. Raises `ValueError` for a text that is not well-formed YAML with a mapping in it."""

    def __init__(self, text: str) -> None:
        top = read(text)
        if not isinstance(top, Mapping):
            raise ValueError("the policies are no mapping")
        self.text = text
        self._lines = text.splitlines()
        self._top = top
        policies = top.get("policies")
        self._items: Sequence[Value] = policies.items if isinstance(policies, Item) else ()
        self._flow = isinstance(policies, Item) and policies.flow
        self._parts = [] if self._flow else self._cut()

    def unrolled(self) -> PolicyText:
        """The same policies below each other, where they stand in one line as [{…}, {…}]."""
        policies = self._top.get("policies")
        if not (self._flow and isinstance(policies, Item)):
            return self
        sources = [self.text[item.start.index : item.end.index].splitlines() for item in policies.items]
        rows = ["\n".join([f"  - {lines[0]}", *(" " * 6 + line.strip() for line in lines[1:])]) for lines in sources]
        return PolicyText(
            f"{self.text[: policies.start.index].rstrip()}\n" + "\n".join(rows) + self.text[policies.end.index :]
        )

    # -- cutting

    def _cut(self) -> list[_Part]:
        if not self._items:
            return []
        dashes = [self._dash(item) for item in self._items]
        ends = [*(self._lead(line, column) for line, column in dashes[1:]), self._end_of_policies()]
        return [
            _Part(self._lead(line, column), item.start.line, self._trimmed(end), column, item.start.column, item)
            for item, (line, column), end in zip(self._items, dashes, ends, strict=True)
        ]

    def _dash(self, item: Value) -> tuple[int, int]:
        """Line and column of the dash that an item stands behind, on its own line or on one above."""
        line, before = item.start.line, self._lines[item.start.line][: item.start.column]
        while not before.lstrip().startswith("-"):
            line -= 1
            before = self._lines[line]
        return line, before.index("-")

    def _comment(self, line: int, column: int) -> bool:
        text = self._lines[line]
        return text.lstrip().startswith("#") and len(text) - len(text.lstrip()) <= column

    def _lead(self, line: int, column: int) -> int:
        """The first of the comment lines right above, if they are not set deeper."""
        while line > 0 and self._comment(line - 1, column):
            line -= 1
        return line

    def _end_of_policies(self) -> int:
        """The line on which whatever follows the policies begins, its comments among it."""
        policies = self._top.get("policies")
        later = [key.start.line for key, _ in self._top.pairs if policies and key.start.line > policies.start.line]
        if not later:
            return len(self._lines)
        return self._lead(min(later), 0)

    def _trimmed(self, end: int) -> int:
        """Without the empty lines before, which stay where they are."""
        while end > 0 and not self._lines[end - 1].strip():
            end -= 1
        return end

    # -- reading

    @property
    def blocks(self) -> list[Block]:
        """The policies, in order."""
        if self._flow:
            return self.unrolled().blocks
        return [
            Block(_scalar(part.value, "name"), self._block(part), _scalar(part.value, "enabled") != "false")
            for part in self._parts
        ]

    def _block(self, part: _Part) -> str:
        dash, _ = self._dash(part.value)
        lead = [_dedented(line, part.dash) for line in self._lines[part.first : dash]]
        body = _beside(self._lines[part.content + 1 : part.last], part.column)
        return "\n".join([*lead, self._lines[part.content][part.column :], *body]) + "\n"

    @property
    def default(self) -> Block:
        """What counts where no policy matches."""
        value = self._top.get("default")
        if value is None:
            return Block("", "")
        lines = self._lines[value.start.line : self._end_of_default()]
        first = lines[0][value.start.column :]
        return Block("", "\n".join([first, *_beside(lines[1:], value.start.column)]) + "\n")

    def _end_of_default(self) -> int:
        value = self._top.get("default")
        later = [key.start.line for key, _ in self._top.pairs if value and key.start.line > value.start.line]
        return self._trimmed(self._lead(min(later), 0) if later else len(self._lines))

    def line_of(self, index: int | None) -> int:
        """The line, counted from 1, on which a block begins once it was put there: a policy's, the default's (`None`),
        or that of a new one (`NEW`)."""
        if index is None:
            return next(key.start.line for key, _ in self._top.pairs if key.value == "default") + 2
        if index != NEW:
            return self._parts[index].first + 1
        return self._parts[-1].last + 1 if self._parts else self._before_default() + 2

    # -- writing

    def with_block(self, index: int | None, block: str) -> str:
        """The same text with other lines for one policy (`None`: the default)."""
        text = self.unrolled()
        if index is None:
            key = next(key for key, _ in text._top.pairs if key.value == "default")
            head = text._lines[key.start.line][: key.end.column]
            rows = [f"{head}:", *(_indented(line, INDENT) for line in block.strip("\n").splitlines())]
            return text._spliced(key.start.line, text._end_of_default(), rows)
        part = text._parts[index]
        return text._spliced(part.first, part.last, _rows(block, part.dash, part.column - part.dash))

    def without(self, index: int) -> str:
        """One policy less. The last one takes the key with it: an empty list would be a mistake."""
        if self._flow:
            return self.unrolled().without(index)
        part = self._parts[index]
        if len(self._parts) > 1:
            end = self._parts[index + 1].first if index + 1 < len(self._parts) else part.last
            return self._spliced(part.first, end, [])
        key = next(key for key, _ in self._top.pairs if key.value == "policies")
        return self._spliced(self._lead(key.start.line, 0), part.last, [])

    def with_new(self, block: str) -> str:
        """One more policy, after the others."""
        text = self.unrolled()
        if text._parts:
            last = text._parts[-1]
            return text._spliced(last.last, last.last, _rows(block, last.dash))
        at = text._before_default()
        return text._spliced(at, at, ["policies:", *_rows(block, INDENT), ""])

    def _before_default(self) -> int:
        at = next((key.start.line for key, _ in self._top.pairs if key.value == "default"), len(self._lines))
        return self._lead(at, 0)

    def moved(self, index: int, by: int) -> str:
        """One policy up (-1) or down (1); unchanged where there is no further."""
        text, other = self.unrolled(), index + by
        if not 0 <= other < len(text._parts):
            return text.text
        upper, lower = text._parts[min(index, other)], text._parts[max(index, other)]
        rows = [
            *text._lines[lower.first : lower.last],
            *text._lines[upper.last : lower.first],
            *text._lines[upper.first : upper.last],
        ]
        return text._spliced(upper.first, lower.last, rows)

    def switched(self, index: int, *, on: bool) -> str:
        """One policy on or off. Raises `ValueError` where it is no mapping of its own (an alias)."""
        text = self.unrolled()
        value = text._parts[index].value
        if not isinstance(value, Mapping):
            raise ValueError("this policy stands elsewhere in the text")
        known, name = value.get("enabled"), value.get("name")
        if known is not None:
            line = known.start.line
            if on and not value.flow and line != value.start.line and text._lines[line].strip() == "enabled: false":
                return text._spliced(line, line + 1, [])
            word = "true" if on else "false"
            return text.text[: known.start.index] + word + text.text[known.end.index :]
        if on or name is None:
            return text.text
        if value.flow:
            return f"{text.text[: name.end.index]}, enabled: false{text.text[name.end.index :]}"
        after = name.end.line + 1
        return text._spliced(after, after, [" " * value.start.column + "enabled: false"])

    def _spliced(self, first: int, last: int, rows: Sequence[str]) -> str:
        return "\n".join([*self._lines[:first], *rows, *self._lines[last:]]) + "\n"


def _rows(block: str, dash: int, width: int = INDENT) -> list[str]:
    """A block as an item: its comments above, then the dash, and its content `width` columns further."""
    lines = block.strip("\n").splitlines()
    lead = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), len(lines))
    body = [_indented(line, dash + width) for line in lines[lead:]]
    if body:
        body[0] = f"{' ' * dash}-{' ' * (width - 1)}{lines[lead]}"
    return [*(_indented(line, dash) for line in lines[:lead]), *body]


def _indented(line: str, by: int) -> str:
    return " " * by + line if line.strip() else ""


def _beside(lines: Sequence[str], column: int) -> list[str]:
    """Lines that go on from one that begins at that column, without what all of them are set in by. (Behind an anchor
    they may be set in less than it.)"""
    own = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return [_dedented(line, min([column, *own])) for line in lines]


def _dedented(line: str, by: int) -> str:
    """Without so many spaces at its beginning, or as many of them as there are."""
    own = len(line) - len(line.lstrip(" "))
    return line[min(by, own) :]


def _scalar(value: Value, key: str) -> str:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found.value if isinstance(found, Scalar) else ""


def named(text: PolicyText, name: str) -> int | None:
    """Where the policy of that name stands."""
    return next((index for index, block in enumerate(text.blocks) if block.name == name), None)
