"""Who is whose manager, from a file: the audience entry `manager:U…` is resolved through it.

A mapping in YAML or JSON: a requester's user id or e-mail address to that of their manager, or to a list of several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import structlog
import yaml

from approvals.errors import ConfigError

Mapped = Mapping[str, tuple[str, ...]]
"""A person to their managers, each an id or an e-mail address in lower case."""

_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

log = structlog.get_logger()


class Managers:
    """The mapping as the file says it now: it is read again whenever the file changes.

    The first reading raises `ConfigError` for a file that is not as it must be; later such a file is logged, and what
    was read before goes on to count until it is mended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = _stamp(path)
        self._mapped = load(path)

    def of(self, *names: str) -> tuple[str, ...]:
        """The managers of a person who goes by these names (an id, an e-mail address); of the first that is there."""
        self._renew()
        return next((self._mapped[name] for name in map(_written, names) if name in self._mapped), ())

    def _renew(self) -> None:
        now = _stamp(self.path)
        if now == self._read:
            return
        self._read = now
        try:
            self._mapped = load(self.path)
        except ConfigError as wrong:
            log.error("managers not read again", action="managers.unread", why=str(wrong))
        else:
            log.info("managers read again", action="managers.read", file=str(self.path), people=len(self._mapped))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _written(name: str) -> str:
    return name.lower() if "@" in name else name


def load(path: Path) -> Mapped:
    """The mapping. Raises `ConfigError` listing every finding, one a line: `managers.yaml:LINE: KEY: what; remedy`."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as unread:
        why = getattr(unread, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({why}); correct SIGNOFF_MANAGERS or the file") from None
    try:
        node = cast("yaml.Node | None", yaml.compose(text, yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise ConfigError(f"{path.name}:{line}: not YAML ({broken.problem}); correct it") from None
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        raise ConfigError(f"{path.name}:1: not YAML ({type(broken).__name__}); save it as plain UTF-8 text") from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path.name}:1: must be a mapping; write lines such as `ana@example.com: cleo@example.com`")
    found: dict[str, tuple[str, ...]] = {}
    wrong: list[str] = []
    for key, value in node.value:
        person = _written(str(key.value)) if isinstance(key, yaml.ScalarNode) else ""
        names = _names(value)
        problem = _problem(person, names, found)
        if problem:
            wrong.append(f"{path.name}:{key.start_mark.line + 1}: {person or 'a key'}: {problem}")
        else:
            found[person] = names
    if wrong:
        raise ConfigError("\n".join(wrong))
    return found


def _names(value: yaml.Node) -> tuple[str, ...]:
    nodes: list[yaml.Node] = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return tuple(_written(str(node.value)) if isinstance(node, yaml.ScalarNode) else "" for node in nodes)


def _problem(person: str, names: tuple[str, ...], before: Mapped) -> str:
    """What is wrong with one entry, and the remedy."""
    if not _known(person):
        return "is no person; write a user id (U0123) or an e-mail address"
    if person in before:
        return "stands here a second time; keep one of them, with a list for several managers"
    if not names:
        return "has no manager; add one, or take the line out"
    if not all(map(_known, names)):
        return "must be a user id (U0123) or an e-mail address, or a list of them"
    if person in names:
        return "is their own manager; name somebody else"
    return ""


def _known(name: str) -> bool:
    return bool(_USER.fullmatch(name) or _EMAIL.fullmatch(name))
