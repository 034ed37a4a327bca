"""Policies from a YAML file. Strict: whatever is not understood is refused, every finding with its line and a remedy.

`policies.yaml` in the root of the repository shows the form. The text is read with YAML's safe loader, so that a file
can hold data and nothing else.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from approvals.errors import ConfigError
from approvals.policy import Policy, PolicySet
from approvals.policy_form import CHANNEL, Loc, MatchForm, PolicyFile, keys_at, kind_of


@dataclass(frozen=True, slots=True)
class _Finding:
    line: int
    where: str
    what: str


def _walk(node: yaml.Node | None, at: Loc, line: int) -> Iterator[tuple[Loc, int, bool]]:
    """Each place with its line, and whether it was named before."""
    yield at, line, False
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here = key.start_mark.line + 1
            if name in seen:
                yield (*at, name), here, True
            seen.add(name)
            yield from _walk(value, (*at, name), here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*at, index), item.start_mark.line + 1)


def _path(at: Loc) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at).lstrip(".") or "the file"


_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "list_type": "a list, as in [a, b]",
    "bool_type": "true or false",
    "model_type": "a group of keys, as in {key: value}",
}


def _say(error: ErrorDetails) -> str:
    kind, at = error["type"], error["loc"]
    if kind == "finding":
        return error["msg"]
    if kind == "missing":
        return "is missing; add it" + (" (it counts where no other policy matches)" if at == ("default",) else "")
    if kind == "extra_forbidden":
        known = keys_at(at[:-1])
        near = difflib.get_close_matches(str(at[-1]), known, 1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known here: {', '.join(known)}"
    if kind == "literal_error":
        return "is not a version that is known; write 1"
    if error["input"] is None:
        return 'is empty; add a value (what starts with # or @ needs quotes, as in "#approvals")'
    return f"must be {_WANTED.get(kind, 'something else')}, not {kind_of(error['input'])}"


def _parse(text: str, file: str) -> tuple[Any, dict[Loc, int], list[_Finding]]:
    try:
        loader = cast("Any", yaml.SafeLoader(text))
    except yaml.YAMLError as unread:  # a control character: YAML has none
        what = str(unread).splitlines()[0]
        raise ConfigError(f"{file}:1: not YAML ({what}); save it as plain UTF-8 text") from None
    try:
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        hint = "put what starts with # or @ in quotes" if "start any token" in str(broken.problem) else "correct it"
        raise ConfigError(f"{file}:{line}: not YAML ({broken.problem}); {hint}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        raise ConfigError(f"{file}:1: not YAML ({type(broken).__name__}); save it as plain UTF-8 text") from None
    finally:
        loader.dispose()
    places = list(_walk(node, (), 1))
    twice = [
        _Finding(line, _path(at), "stands here a second time; keep one of them") for at, line, again in places if again
    ]
    return data, {at: line for at, line, again in places if not again}, twice


def _line(lines: Mapping[Loc, int], at: Loc) -> int:
    while at not in lines:
        at = at[:-1]
    return lines[at]


def _channelless(form: PolicyFile) -> Iterator[Loc]:
    yield from (("policies", index, "channel") for index, rule in enumerate(form.policies) if not rule.channel)
    if not form.default.channel:
        yield "default", "channel"


def load(path: Path, *, fallback_channel: str | None = None) -> PolicySet:
    """The policies in the file, each marked with its name and hash as `source`.

    A policy without `channel` gets `fallback_channel`. Raises `ConfigError` listing every finding, one per line, as
    `policies.yaml:LINE: policies[0].remind[1]: what is wrong; remedy`.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as unread:
        why = getattr(unread, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({why}); correct SIGNOFF_POLICIES or the file") from None
    data, lines, findings = _parse(text, path.name)
    form: PolicyFile | None = None
    try:
        form = PolicyFile.model_validate({} if data is None else data)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False):
            at: Loc = error["loc"]
            findings.append(_Finding(_line(lines, at), _path(at), _say(error)))
    if form is not None and not fallback_channel:
        what = 'is missing; add it, as in channel: "#approvals", or set SIGNOFF_CHANNEL'
        findings += [_Finding(_line(lines, at), _path(at), what) for at in _channelless(form)]
    if findings or form is None:
        findings.sort(key=lambda finding: finding.line)
        raise ConfigError("\n".join(f"{path.name}:{found.line}: {found.where}: {found.what}" for found in findings))
    version = hashlib.sha256(raw).hexdigest()[:12]
    source = f"{path.name}@{version}"
    rules = tuple(rule.policy(rule.name, rule.match, source, fallback_channel) for rule in form.policies)
    return PolicySet(rules, form.default.policy("default", MatchForm(), source, fallback_channel), version)


def without_file(channel: str) -> PolicySet:
    """No file: that channel is asked, its full members decide, and what nobody answers is denied after 24 hours."""
    if not CHANNEL.fullmatch(channel):
        raise ConfigError(f"SIGNOFF_CHANNEL {channel!r} is not a channel: write #name, or its id (C0123)")
    return PolicySet((), Policy(name="default", channel=channel, source="settings"))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    schema = PolicyFile.model_json_schema()
    for rule in ("Rule", "NamedRule"):
        schema["$defs"][rule]["properties"]["expire"]["anyOf"][1] = {"const": "never"}
    return schema
