"""`langgraph.json`, the LangGraph CLI's own file: which graphs there are, and what they need around them.

Read here: `dependencies` (local folders become importable), `env` (a file or an object, never overriding what is set),
`graphs`, and `signoff`, a key of ours (`agents.dialects.replies`). Other keys are the CLI's and stay unread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from dotenv import dotenv_values

from agents.dialects.replies import Replies, RuleError, read_replies
from approvals.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GraphEntry:
    """One graph: `source` is a file or a module, `attribute` a name in it, `line` where it stands in the file."""

    name: str
    source: str
    attribute: str
    description: str
    line: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The file, understood. `paths` are the local dependencies, absolute."""

    path: Path
    graphs: Mapping[str, GraphEntry]
    paths: tuple[Path, ...]
    env: Mapping[str, str]
    replies: Replies = field(default_factory=Replies)

    def error(self, entry: GraphEntry, text: str) -> ConfigError:
        """An error about one graph, with the place to look at."""
        return ConfigError(f"{self.path}:{entry.line}: graphs.{entry.name}: {text}")


def read_manifest(path: Path) -> Manifest:
    """Reads the file. Raises `ConfigError` naming file, line, key and remedy."""
    text = _text(path)
    stated = _object(path, text)
    graphs = _graphs(path, text, stated)
    paths, env = _paths(path, text, stated), _env(path, text, stated)
    return Manifest(path, graphs, paths, env, _replies(path, text, stated, tuple(graphs)))


def _replies(path: Path, text: str, stated: Mapping[str, object], graphs: tuple[str, ...]) -> Replies:
    try:
        return read_replies(stated.get("signoff"), graphs, f"{path.name}: signoff")
    except RuleError as wrong:
        keys = ("signoff", *wrong.keys)
        raise ConfigError(f"{path}:{_line(text, *keys)}: {'.'.join(keys)}: {wrong}") from wrong


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Name your graphs in it: {_EXAMPLE}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error


_EXAMPLE = '{"dependencies": ["."], "graphs": {"name": "./file.py:graph"}}'


def _object(path: Path, text: str) -> dict[str, object]:
    try:
        stated: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: not JSON: {error.msg} (column {error.colno})") from error
    except RecursionError:
        raise ConfigError(f"{path}:1: not usable: it is nested too deeply. Write it like {_EXAMPLE}") from None
    except ValueError as error:
        raise ConfigError(f"{path}:1: not usable: a number in it is too long ({error})") from error
    if not isinstance(stated, dict):
        raise ConfigError(f"{path}:1: must be a JSON object, such as {_EXAMPLE}")
    found = cast("dict[str, object]", stated)
    for key, value in found.items():
        if _odd([key, value]):
            where = f"{path}:{_line(text, key)}: {_shown(key)}:"
            raise ConfigError(f"{where} holds a NUL or half of a character, which no name can: remove it")
    return found


_ODD = re.compile("[\x00\ud800-\udfff]")
"""NUL, and half of a character: what `\\ud800` in a file becomes."""


def _odd(value: object) -> bool:
    """Whether such a character stands in any text of it."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return any(_odd(name) or _odd(entry) for name, entry in entries.items())
    if isinstance(value, list):
        return any(_odd(entry) for entry in cast("list[object]", value))
    return isinstance(value, str) and _ODD.search(value) is not None


def _shown(name: str) -> str:
    """A name from the file, as a message can show it."""
    return _ODD.sub("�", name)[:60]


def _line(text: str, *keys: str) -> int:
    """The line on which the last of the nested keys stands, as far as plain search can tell."""
    at = 0
    for key in keys:
        found = re.compile(re.escape(json.dumps(key)) + r"\s*:").search(text, at)
        if found is None:
            break
        at = found.end()
    return text.count("\n", 0, at) + 1


def _graphs(path: Path, text: str, stated: Mapping[str, object]) -> dict[str, GraphEntry]:
    graphs = stated.get("graphs")
    if not isinstance(graphs, dict) or not graphs:
        raise ConfigError(f"{path}:{_line(text, 'graphs')}: graphs: must name at least one graph, such as {_EXAMPLE}")
    return {name: _graph(path, text, name, entry) for name, entry in cast("dict[str, object]", graphs).items()}


def _graph(path: Path, text: str, name: str, entry: object) -> GraphEntry:
    line = _line(text, "graphs", name)
    where = f"{path}:{line}: graphs.{name}:"
    found = cast("dict[str, object]", entry) if isinstance(entry, dict) else {"path": entry}
    spec, description = found.get("path"), found.get("description", "")
    if not isinstance(spec, str):
        raise ConfigError(f'{where} must be "./file.py:attribute", "module:attribute", or an object with such a `path`')
    source, colon, attribute = spec.rpartition(":")
    if not colon or not source or not attribute.isidentifier():
        raise ConfigError(f'{where} “{spec}” names no attribute: write "./file.py:graph" or "module:graph"')
    return GraphEntry(name, source, attribute, description if isinstance(description, str) else "", line)


def _paths(path: Path, text: str, stated: Mapping[str, object]) -> tuple[Path, ...]:
    listed = stated.get("dependencies", [])
    where = f"{path}:{_line(text, 'dependencies')}: dependencies:"
    if not isinstance(listed, list):
        raise ConfigError(f'{where} must be a list, such as ["."]')
    found: list[Path] = []
    for entry in cast("list[object]", listed):
        if not isinstance(entry, str):
            raise ConfigError(f"{where} every entry is a text")
        if entry.startswith("."):  # anything else is a package that the user's environment already has
            folder = (path.parent / entry).resolve()
            if not folder.is_dir():
                raise ConfigError(f"{where} “{entry}” is not a folder beside {path.name}")
            found.append(folder)
    return tuple(found)


def _env(path: Path, text: str, stated: Mapping[str, object]) -> dict[str, str]:
    env = stated.get("env")
    where = f"{path}:{_line(text, 'env')}: env:"
    if env is None or env == "":
        return {}
    if isinstance(env, str):
        file = path.parent / env
        if not file.is_file():
            raise ConfigError(f"{where} “{env}” is not a file beside {path.name}")
        return {key: value for key, value in dotenv_values(file, interpolate=False).items() if value is not None}
    if isinstance(env, dict):
        stated_env = {str(key): str(value) for key, value in cast("dict[object, object]", env).items()}
        if wrong := [key for key in stated_env if not key or "=" in key]:
            raise ConfigError(f"{where} “{wrong[0][:60]}” is no name of a variable: give it one without “=”")
        return stated_env
    raise ConfigError(f"{where} must be a file name or an object of texts")
