"""The answers that graphs expect, as `langgraph.json` states them: `signoff.replies`, by graph, then by action or node.

    "signoff": {"replies": {"mailer": {
        "gate": {"approve": "yes", "deny": "no"},
        "delete_course": {"approve": {"confirmed": true, "operator": "$actor"}, "deny": {"confirmed": false}},
        "*": "bool"}}}

A rule is the name of a shape (`agents.dialects.shapes.HINTS`) or an object. Its keys `approve`, `edit`, `deny` and
`respond` spell the answer, and only what is spelled is offered; text that is a placeholder stands for a value, and
`"$end"` ends the thread instead of resuming it. `args` says what can be edited: a list of the payload's keys, or an
object of names and first values. `schema` is the JSON Schema of the answer where the graph states none.

`signoff.titles` states, by the same names, what a card is called (`agents.naming`).

The LangGraph CLI reads none of this (`langgraph validate` warns of an unknown key, every other command ignores it).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue

from agents.dialects.shapes import HINTS, PLACEHOLDERS
from agents.naming import TemplateError, Templates, Titles, check
from agents.schema import schema_fault
from approvals.model import DecisionType

KINDS = tuple(kind.value for kind in DecisionType)
KEYS = (*KINDS, "reply", "args", "schema")
_PLACEHOLDER = re.compile(r"\$([a-z_]*)(?:\.(.*))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """One stated answer. `where` names the place in the file. `reply` is a shape, or empty where `spelled` counts."""

    where: str
    reply: str = ""
    spelled: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    keys: tuple[str, ...] | None = None
    defaults: Mapping[str, JsonValue] | None = None
    schema: JsonValue = None


@dataclass(frozen=True, slots=True)
class Replies:
    """All rules: graph → name → rule; and the templates of titles."""

    rules: Mapping[str, Mapping[str, Rule]] = field(default_factory=dict[str, Mapping[str, Rule]])
    titles: Titles = field(default_factory=Titles)

    def rule(self, graph: str, *names: str) -> Rule | None:
        """The rule of the first of these names (an action, a node) that has one, else the graph's `*`."""
        found = self.rules.get(graph, {})
        return next((found[name] for name in (*names, "*") if name and name in found), None)


class RuleError(ValueError):
    """What is wrong with a rule; `keys` lead to the place below `signoff`."""

    def __init__(self, keys: tuple[str, ...], text: str) -> None:
        super().__init__(text)
        self.keys = keys


def read_replies(stated: object, graphs: tuple[str, ...], where: str = "") -> Replies:
    """The object under `signoff` in the file. Raises `RuleError`."""
    if stated is None:
        return Replies()
    top = _object(stated, ())
    _known(top, ("replies", "titles"), ())
    found: dict[str, Mapping[str, Rule]] = {}
    for graph, entry in _object(top.get("replies", {}), ("replies",)).items():
        if graph not in graphs:
            raise RuleError(("replies", graph), f"there is no graph “{graph}”{_meant(graph, graphs)}")
        path = ("replies", graph)
        if isinstance(entry, dict) and not set(cast("dict[str, object]", entry)) & set(KEYS):
            rules = cast("dict[str, object]", entry)
            found[graph] = {name: _rule(rule, (*path, name), where) for name, rule in rules.items()}
        else:
            found[graph] = {"*": _rule(cast("object", entry), path, where)}
    return Replies(found, _titles(top.get("titles", {}), graphs, where))


def _titles(stated: object, graphs: tuple[str, ...], where: str) -> Titles:
    """`titles`, by graph, then by action or node: a template, or an object with `title` and `summary`."""
    found: dict[str, Mapping[str, Templates]] = {}
    for graph, entry in _object(stated, ("titles",)).items():
        path = ("titles", graph)
        if graph not in graphs:
            raise RuleError(path, f"there is no graph “{graph}”{_meant(graph, graphs)}")
        whole = isinstance(entry, str) or (
            isinstance(entry, dict) and set(cast("dict[str, object]", entry)) <= {"title", "summary"}
        )
        if whole:
            found[graph] = {"*": _templates(cast("object", entry), path, where)}
        else:
            found[graph] = {
                name: _templates(one, (*path, name), where)
                for name, one in _object(cast("object", entry), path).items()
            }
    return Titles(found)


def _templates(stated: object, keys: tuple[str, ...], where: str) -> Templates:
    place = ".".join((where, *keys)) if where else ".".join(keys)
    entries: dict[str, object] = {"title": stated} if isinstance(stated, str) else _object(stated, keys)
    _known(entries, ("title", "summary"), keys)
    said = dict[str, str]()
    for key, template in entries.items():
        try:
            said[key] = check(template)
        except TemplateError as wrong:
            raise RuleError(keys if isinstance(stated, str) else (*keys, key), str(wrong)) from wrong
    if not said:
        raise RuleError(keys, 'says nothing: write a title, such as "Refund ${amount:money} to {customer}"')
    return Templates(place, **said)


def spelled_rule(stated: object, where: str) -> Rule | None:
    """A rule that an interrupt value carries in its own `reply`; `None` for what is no rule."""
    try:
        return _rule(stated, (), where)
    except RuleError:
        return None


def _rule(stated: object, keys: tuple[str, ...], where: str) -> Rule:
    place = ".".join((where, *keys)) if where else ".".join(keys)
    if isinstance(stated, str):
        return Rule(place, _shape(stated, keys))
    rule = _object(stated, keys)
    _known(rule, KEYS, keys)
    reply = _shape(rule["reply"], (*keys, "reply")) if "reply" in rule else ""
    spelled = {kind: cast("JsonValue", rule[kind]) for kind in KINDS if kind in rule}
    for kind, template in spelled.items():
        _placeholders(template, (*keys, kind))
    if reply and spelled:
        raise RuleError((*keys, "reply"), "name a shape, or spell the answers; not both")
    schema = cast("JsonValue", rule.get("schema"))
    if schema is not None and (wrong := schema_fault(schema)):
        raise RuleError((*keys, "schema"), f"is no JSON Schema: {wrong}")
    if not (reply or spelled or schema is not None):
        raise RuleError(keys, f"says nothing of the answer: write a shape ({', '.join(HINTS)}), or an object with some "
                        f"of {', '.join(KEYS)}")  # fmt: skip
    names, defaults = _args(rule.get("args"), (*keys, "args"))
    return Rule(place, reply, spelled, names, defaults, schema)


def _shape(stated: object, keys: tuple[str, ...]) -> str:
    if not isinstance(stated, str) or stated not in HINTS:
        meant = _meant(stated, tuple(HINTS)) if isinstance(stated, str) else f" (there is: {', '.join(HINTS)})"
        raise RuleError(keys, f"“{stated}” is no shape{meant}; an answer of your own is spelled in an object, such as "
                        '{"approve": "yes", "deny": "no"}')  # fmt: skip
    return stated


def _args(stated: object, keys: tuple[str, ...]) -> tuple[tuple[str, ...] | None, Mapping[str, JsonValue] | None]:
    if stated is None:
        return None, None
    if isinstance(stated, list) and all(isinstance(name, str) for name in cast("list[object]", stated)):
        return tuple(cast("list[str]", stated)), None
    if isinstance(stated, dict):
        return None, cast("dict[str, JsonValue]", stated)
    raise RuleError(keys, "must be a list of the payload's keys, or an object of names and first values")


def _placeholders(template: JsonValue, keys: tuple[str, ...]) -> None:
    if isinstance(template, dict):
        for entry in template.values():
            _placeholders(entry, keys)
    elif isinstance(template, list):
        for entry in template:
            _placeholders(entry, keys)
    elif isinstance(template, str) and template.startswith("$") and not template.startswith("$$"):
        matched = _PLACEHOLDER.match(template)
        if matched is None or matched[1] not in PLACEHOLDERS:
            known = ", ".join(f"${name}" for name in PLACEHOLDERS)
            raise RuleError(keys, f"“{template}” is no placeholder (there is: {known}); write $$ for a text with $")


def _object(stated: object, keys: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(stated, dict):
        raise RuleError(keys, "must be an object")
    return cast("dict[str, object]", stated)


def _known(stated: Mapping[str, object], known: tuple[str, ...], keys: tuple[str, ...]) -> None:
    for key in stated:
        if key not in known:
            raise RuleError((*keys, key), f"is not known{_meant(key, known)}")


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean “{close[0]}”?)" if close else f" (there is: {', '.join(known)})"
