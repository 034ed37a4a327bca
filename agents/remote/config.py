"""Which servers are watched: the file that `SIGNOFF_LANGGRAPH_SERVERS` names.

servers:
  - name: prod                             # the graphs go by prod/<graph>
    url: https://agents.example.com
    api_key_env: PROD_LANGGRAPH_KEY        # the name of a variable; the key itself never stands in the file
    assistants: [refund]                   # graph or assistant ids; omitted: all
    metadata: {team: finance}              # only threads with it; omitted: all
    poll_seconds: 5
    webhook_secret_env: PROD_HOOK          # the name of a variable; runs may then call us when they end
    replies: {refund: {approve: "yes", deny: "no"}}   # as `signoff.replies` in langgraph.json
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from agents.dialects.replies import Replies, RuleError, read_replies
from approvals.errors import ConfigError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class ServerEntry(BaseModel):
    """One server. `replies` is as it stands in the file; `Server.replies` is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str
    url: str
    api_key_env: str | None = None
    webhook_secret_env: str | None = None
    assistants: tuple[str, ...] = ()
    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict[str, str | int | float | bool])
    poll_seconds: float = Field(5.0, ge=0.1, le=3600)
    replies: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("write lower-case letters, digits and hyphens, such as prod-eu")
        return name

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise ValueError("is no address; write https://host or http://host:port") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no address; write https://host or http://host:port")
        if parts.username or parts.password or parts.query:
            raise ValueError("must hold no user, password or query; name the key's variable in api_key_env")
        return url.rstrip("/")


class ServerConfig:
    """A server with its key, as it stood in the environment at the start."""

    def __init__(
        self, entry: ServerEntry, key: SecretStr | None, replies: Replies, webhook_secret: SecretStr | None = None
    ) -> None:
        self.webhook_secret = webhook_secret
        self.entry = entry
        self.key = key
        self.replies = replies

    def __repr__(self) -> str:
        return f"ServerConfig({self.entry.name}, {self.entry.url})"


def load_servers(path: Path, environ: Mapping[str, str] = os.environ) -> tuple[ServerConfig, ...]:
    """The servers in the file's order. Raises `ConfigError` listing every finding: place, what is wrong, remedy."""
    try:
        stated = cast("object", yaml.safe_load(path.read_bytes().decode()))
    except (OSError, UnicodeDecodeError) as unread:
        why = getattr(unread, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({why}); correct SIGNOFF_LANGGRAPH_SERVERS or the file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        mark = getattr(broken, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path.name}{line}: not YAML; correct it") from None
    entries = cast("dict[object, object]", stated).get("servers") if isinstance(stated, dict) else None
    others = [key for key in cast("dict[object, object]", stated) if key != "servers"] if entries is not None else []
    if not isinstance(entries, list) or not entries or others:
        raise ConfigError(f"{path.name}: must be `servers:` with a list of entries, each with a name and a url")
    found: list[ServerConfig] = []
    wrong: list[str] = []
    for index, entry in enumerate(cast("list[object]", entries)):
        try:
            server = _read(entry, environ)
        except _WrongEntry as error:
            wrong += [f"{path.name}: servers[{index}].{line}" for line in error.lines]
            continue
        if any(server.entry.name == other.entry.name for other in found):
            again = f"servers[{index}].name: {server.entry.name} stands here a second time; rename it"
            wrong.append(f"{path.name}: {again}")
        found.append(server)
    if wrong:
        raise ConfigError("\n".join(wrong))
    return tuple(found)


class _WrongEntry(Exception):
    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


def _read(stated: object, environ: Mapping[str, str]) -> ServerConfig:
    try:
        entry = ServerEntry.model_validate(stated)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, found['loc'])) or 'it'}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise _WrongEntry(*lines) from None
    key = _secret(entry.api_key_env, "api_key_env", environ)
    hook = _secret(entry.webhook_secret_env, "webhook_secret_env", environ)
    try:
        replies = read_replies({"replies": entry.replies}, tuple(entry.replies), "servers")
    except RuleError as error:
        raise _WrongEntry(f"{'.'.join(error.keys)}: {error}") from None
    return ServerConfig(entry, key, replies, hook)


def _secret(name: str | None, what: str, environ: Mapping[str, str]) -> SecretStr | None:
    if name is None:
        return None
    found = environ.get(name, "").strip()
    if not found:
        raise _WrongEntry(f"{what}: {name} is not set; put the secret into the environment")
    return SecretStr(found)
