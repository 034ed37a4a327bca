"""Policies from a YAML file. Strict: whatever is not understood is refused, every finding with its line and a remedy.

`policies.yaml` in the root of the repository shows the form. The text is read with YAML's safe loader, so that a file
can hold data and nothing else.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from approvals.errors import ConfigError
from approvals.policy import Policy, PolicySet
from approvals.policy_form import MatchForm, PolicyFile, keys_at
from approvals.policy_values import CHANNEL, Loc, kind_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: its line, counted from 1, the key, and *what is wrong; remedy*."""

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


def _place(loc: Loc) -> Loc:
    """Without the tags by which one form is told from another."""
    return tuple(step for step in loc if isinstance(step, int) or not step.startswith("<"))


_BOUNDS: Mapping[str, str] = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}

_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "list_type": "a list, as in [a, b]",
    "bool_type": "true or false",
    "model_type": "a group of keys, as in {key: value}",
    "int_type": "a whole number, as in 2",
    "int_from_float": "a whole number, as in 2",
    "float_type": "a number, as in 1.5",
}


def _say(error: ErrorDetails) -> str:
    kind, at = error["type"], _place(error["loc"])
    if kind == "finding":
        return error["msg"]
    if kind == "missing":
        return "is missing; add it" + (" (it counts where no other policy matches)" if at == ("default",) else "")
    if kind == "extra_forbidden":
        known = keys_at(_place(error["loc"][:-1]))
        near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known here: {', '.join(known)}"
    if kind == "literal_error":
        return "is not a version that is known; write 1"
    if kind in _BOUNDS:
        bound = _BOUNDS[kind].format(**error.get("ctx", {}))
        return f"{error['input']} is not possible; write {bound}"
    if error["input"] is None:
        return 'is empty; add a value (what starts with # or @ needs quotes, as in "#approvals")'
    return f"must be {_WANTED.get(kind, 'something else')}, not {kind_of(error['input'])}"


@dataclass(frozen=True, slots=True)
class _Document:
    """The data of a text, the line of each place in it, and what was named twice."""

    data: Any
    lines: Mapping[Loc, int]
    twice: tuple[Finding, ...]


def _not_yaml(line: int, problem: object, remedy: str) -> Finding:
    return Finding(line, "", f"not YAML ({problem}); {remedy}")


def _read(text: str) -> _Document | Finding:
    plain = "save it as plain UTF-8 text"
    try:
        loader = cast("Any", yaml.SafeLoader(text))
    except yaml.YAMLError as unread:  # a control character: YAML has none
        return _not_yaml(1, str(unread).splitlines()[0], plain)
    try:
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        hint = "put what starts with # or @ in quotes" if "start any token" in str(broken.problem) else "correct it"
        return _not_yaml(line, broken.problem, hint)
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        return _not_yaml(1, type(broken).__name__, plain)
    finally:
        loader.dispose()
    places = list(_walk(node, (), 1))
    twice = [
        Finding(line, _path(at), "stands here a second time; keep one of them") for at, line, again in places if again
    ]
    return _Document(data, {at: line for at, line, again in places if not again}, tuple(twice))


def _line(lines: Mapping[Loc, int], at: Loc) -> int:
    while at not in lines:
        at = at[:-1]
    return lines[at]


def _channelless(form: PolicyFile) -> Iterator[Loc]:
    yield from (("policies", index, "channel") for index, rule in enumerate(form.policies) if not rule.channel)
    if not form.default.channel:
        yield "default", "channel"


def parse(text: str, *, file: str = "policies", fallback_channel: str | None = None) -> PolicySet | tuple[Finding, ...]:
    """The policies in a text, each marked with `file` and the text's hash as `source`; or every mistake, by line.

    A policy without `channel` gets `fallback_channel`.
    """
    read = _read(text)
    if isinstance(read, Finding):
        return (read,)
    findings = list(read.twice)
    form: PolicyFile | None = None
    try:
        form = PolicyFile.model_validate({} if read.data is None else read.data)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False):
            at: Loc = _place(error["loc"])
            findings.append(Finding(_line(read.lines, at), _path(at), _say(error)))
    if form is not None and not fallback_channel:
        what = 'is missing; add it, as in channel: "#approvals", or set SIGNOFF_CHANNEL'
        findings += [Finding(_line(read.lines, at), _path(at), what) for at in _channelless(form)]
    if findings or form is None:
        return tuple(sorted(findings, key=lambda finding: finding.line))
    version = digest(text)[:12]
    source = f"{file}@{version}"
    rules = tuple(rule.named(source, fallback_channel) for rule in form.policies)
    return PolicySet(rules, form.default.policy("default", MatchForm(), source, fallback_channel), version)


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal: its beginning is the `version` of what was read from it."""
    return hashlib.sha256(text.encode()).hexdigest()


def listed(findings: Iterable[Finding], file: str) -> str:
    """Findings for a terminal, one per line, as `policies.yaml:LINE: policies[0].remind[1]: what is wrong; remedy`."""
    return "\n".join(
        f"{file}:{found.line}: {found.where}: {found.what}" if found.where else f"{file}:{found.line}: {found.what}"
        for found in findings
    )


def text_of(path: Path) -> str:
    """The text of a policy file. Raises `ConfigError` where there is none."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as unread:
        why = getattr(unread, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({why}); correct SIGNOFF_POLICIES or the file") from None


def load(path: Path, *, fallback_channel: str | None = None) -> PolicySet:
    """The policies in a file, as `parse` reads them. Raises `ConfigError` with every finding, one per line."""
    found = parse(text_of(path), file=path.name, fallback_channel=fallback_channel)
    if not isinstance(found, PolicySet):
        raise ConfigError(listed(found, path.name))
    return found


def without_file(channel: str) -> PolicySet:
    """No file: that channel is asked, its full members decide, and what nobody answers is denied after 24 hours."""
    if not CHANNEL.fullmatch(channel):
        raise ConfigError(f"SIGNOFF_CHANNEL {channel!r} is not a channel: write #name, or its id (C0123)")
    return PolicySet((), Policy(name="default", channel=channel, source="settings"))


def written_out(channel: str) -> str:
    """The text that says what `without_file` does: where the first edit starts."""
    return f"""version: 1

# What counts where no policy matches.
default:
  channel: "{channel}"
  expire: {{after: 24h, then: deny}}
"""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    schema = PolicyFile.model_json_schema()
    for rule in ("Rule", "NamedRule"):
        for key in ("expire", "ask_back"):
            schema["$defs"][rule]["properties"][key]["anyOf"][1] = {"const": "never"}
    schema["$defs"]["NamedRule"]["properties"]["decide"]["anyOf"][1] = {"enum": ["approve", "deny"]}
    return schema
