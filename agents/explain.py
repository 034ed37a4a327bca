"""Which dialect and which answer an interrupt gets, and why: from its value, from the record, or from a node's source.

The source is only read to be helpful: what is sent never depends on it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from langgraph.types import Interrupt
from pydantic import JsonValue, PydanticSchemaGenerationError, TypeAdapter

from agents.dialects import Dialects
from agents.graphs import Graph, subgraphs
from agents.helper import ask
from approvals.model import ActorRef, Approval, Decision, DecisionType, Reply, Source
from approvals.policy import Policy
from approvals.refusals import Refusal

UNKNOWN = "…"
"""Stands for what is only known when the graph runs."""

_AT = datetime(2000, 1, 1, tzinfo=UTC)
_WHO = ActorRef("U0APPROVER", Source.SLACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One question. `answers` is what the graph is resumed with, by decision, or why it cannot be; `uses` what the code
    does with the answer; `doubts` what does not go together. `titled` says where the `title` comes from."""

    node: str
    dialect: str
    reply: str
    why: str
    answers: Mapping[str, JsonValue]
    value: JsonValue = None
    title: str = ""
    titled: str = ""
    uses: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def of_approval(dialects: Dialects, approval: Approval) -> Explained:
    """What the graph of this approval would be resumed with."""
    return Explained(
        node=approval.interrupt.node,
        dialect=approval.dialect,
        reply=approval.reply_shape,
        why=approval.why,
        answers=_answers(dialects, approval),
        value=approval.payload,
        title=approval.title,
        titled=approval.titling.why if approval.titling else "",
    )


def of_value(dialects: Dialects, value: object, *, graph: str, node: str = "", schema: Any = None) -> Explained:
    """What such an interrupt would be taken for."""
    draft = dialects.read(Interrupt(value=value, id="0" * 32, response_schema=schema), graph=graph, node=node)
    approval = Approval(
        id="A0",
        thread_id="t",
        graph=graph,
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        actions=draft.actions,
        policy=Policy(name="p", channel="#c"),
        opened_at=_AT,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        template=draft.template,
        titling=draft.titling,
        why=draft.why,
    )
    return of_approval(dialects, approval)


def of_graph(dialects: Dialects, graph: Graph, name: str) -> list[Explained]:
    """Every question that can be found: the breakpoints, and each `interrupt(...)` in the source of a node."""
    found: list[Explained] = []
    for word, stops in (("before", graph.interrupt_before_nodes), ("after", graph.interrupt_after_nodes)):
        for node in [stops] if isinstance(stops, str) else stops:
            why = f"a static breakpoint {word} the node: the graph goes on, or ends here"
            said: dict[str, JsonValue] = {"approve": "(goes on)", "deny": "(ends the thread)"}
            found.append(Explained(node=node, dialect="breakpoint", reply="continue", why=why, answers=said))
    for node, spec in cast("Mapping[str, Any]", graph.nodes).items():
        for function in _functions(getattr(spec, "bound", None)):
            for call, uses in _calls(function):
                found.append(_explained(dialects, call, uses, name, node, function.__globals__))
    for node, inner in subgraphs(graph).items():
        found += [replace(each, node=f"{node} › {each.node}") for each in of_graph(dialects, inner, name)]
    return found


def _explained(
    dialects: Dialects, call: ast.Call, uses: _Uses, graph: str, node: str, names: Mapping[str, Any]
) -> Explained:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if _called(call) == "ask":
        default: list[JsonValue] = ["approve", "deny"]
        allow = _literal(keywords["allow"]) if "allow" in keywords else default
        stated: dict[str, JsonValue] = {"question": UNKNOWN, "reply": "decision", "allow": allow}
        shown = stated | ({"args": {UNKNOWN: UNKNOWN}} if "args" in keywords else {})
        return replace(of_value(dialects, shown, graph=graph, node=node), why="asked by Signoff's typed helper")
    schema = _schema(keywords.get("response_schema"), names)
    value = _literal(call.args[0]) if call.args else UNKNOWN
    if value == UNKNOWN and schema is None:
        why = "the value is only known when the graph asks: give one with --value"
        return Explained(node=node, dialect="?", reply="?", why=why, answers={}, value=value, uses=uses.told())
    explained = of_value(dialects, value, graph=graph, node=node, schema=schema)
    checked = schema is not None or explained.dialect != "plain"
    return replace(explained, uses=uses.told(), doubts=() if checked else tuple(_doubts(explained, uses)))


def _schema(node: ast.AST | None, names: Mapping[str, Any]) -> Any:
    """The stated schema, where it is the name of a class or a dict of the module."""
    found = names.get(node.id) if isinstance(node, ast.Name) else None
    if found is None or isinstance(found, dict):
        return cast("Any", found)
    try:
        return cast("Any", TypeAdapter(found)).json_schema()
    except PydanticSchemaGenerationError:
        return None


def _answers(dialects: Dialects, approval: Approval) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for kind in DecisionType:
        if any(kind not in action.allowed for action in approval.actions):
            continue
        decisions = tuple(
            Decision(type=kind, actor=_WHO, at=_AT, action=index, args=dict(action.args), text=UNKNOWN, reason=UNKNOWN)
            for index, action in enumerate(approval.actions)
        )
        reply = dialects.compose(replace(approval, decisions=decisions))
        if isinstance(reply, Refusal):
            found[kind.value] = f"({reply.detail})" if kind is not DecisionType.RESPOND else "(typed into a form)"
        else:
            found[kind.value] = _spelled(reply)
    return found


def _spelled(reply: Reply) -> JsonValue:
    return "(ends the thread)" if reply.ends else reply.value


# -- the source of a node


@dataclass(slots=True)
class _Uses:
    """What is done with the answer: compared with words, asked for keys, taken for true or false."""

    words: list[str]
    keys: list[str]
    truth: bool = False

    def told(self) -> tuple[str, ...]:
        words = [f"compares the answer with {word!r}" for word in dict.fromkeys(self.words)]
        keys = [f"reads {key!r} of the answer" for key in dict.fromkeys(self.keys)]
        return (*words, *keys, *(["takes the answer for true or false"] if self.truth else []))


def _functions(bound: Any) -> Iterator[Any]:
    """The functions behind a node: its own, and those of the tools of a `ToolNode`."""
    tools: Any = getattr(bound, "tools_by_name", None)
    holders = list(cast("Mapping[str, Any]", tools).values()) if isinstance(tools, Mapping) else [bound]
    for holder in holders:
        seen = [getattr(holder, name, None) for name in ("func", "afunc", "coroutine")]
        yield from {id(function): function for function in seen if inspect.isfunction(function)}.values()


def _calls(function: Any) -> Iterator[tuple[ast.Call, _Uses]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    names = dict(_assigned(tree))
    for call in [node for node in ast.walk(tree) if _asks(node)]:
        assert isinstance(call, ast.Call)
        if _called(call) == "ask" and function.__globals__.get("ask") is not ask:
            continue
        known = {name for name, assigned in names.items() if assigned is call}
        yield call, _uses(tree, call, known)


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in ("interrupt", "ask")


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _assigned(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(value, ast.Call):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _uses(tree: ast.AST, call: ast.AST, names: set[str]) -> _Uses:
    found = _Uses([], [])

    def is_answer(node: ast.AST | None) -> bool:
        return node is call or (isinstance(node, ast.Name) and node.id in names)

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and is_answer(node.left):
            found.words += [word for other in node.comparators for word in _texts(other)]
        if isinstance(node, ast.Subscript) and is_answer(node.value):
            found.keys += _texts(node.slice)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found.keys += _texts(node.args[0]) if is_answer(node.func.value) and node.args else []
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            test = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
            found.truth = found.truth or is_answer(test)
    return found


def _texts(node: ast.AST) -> list[str]:
    entries = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return [e.value for e in entries if isinstance(e, ast.Constant) and isinstance(e.value, str)]


def _literal(node: ast.AST) -> JsonValue:
    """The value as far as it stands in the source; `…` for the rest."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return node.value
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {k.value: _literal(v) for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)}
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(entry) for entry in node.elts]
    if isinstance(node, ast.JoinedStr):
        return "".join(str(_literal(part)) if isinstance(part, ast.Constant) else UNKNOWN for part in node.values)
    return UNKNOWN


def _doubts(explained: Explained, uses: _Uses) -> Iterator[str]:
    given = [answer for kind, answer in explained.answers.items() if kind != "respond"]
    for word in dict.fromkeys(uses.words):
        if given and word not in given:
            yield f"the code waits for the text {word!r}, which is never sent"
    objects = [answer for answer in given if isinstance(answer, dict)]
    for key in dict.fromkeys(uses.keys):
        if given and not any(key in answer for answer in objects):
            yield f"the code reads {key!r}, which no answer has"
    if uses.truth and isinstance(explained.answers.get("deny"), dict | str):
        yield "the code takes the answer for true or false, and the answer of a denial counts as true"
