"""A receipt for people: the lines that go into a ticket. Pure."""

from __future__ import annotations

import json
from typing import Any

NOT_SEALED = {
    "all": "",
    "some": "Some of its events are not sealed yet; the next seal covers them.",
    "none": "Not sealed yet: nothing answers for these events so far.",
}


def text(document: dict[str, Any]) -> str:
    """Who, when, on what, with what authority; then the hashes by which it is checked."""
    told = document["summary"]
    lines = [f"Receipt of approval {document['approval_id']}, made {document['made_at']}"]
    asked = told["asked"]
    if asked:
        behalf = f", on behalf of {asked['requester']}" if asked.get("requester") else ""
        lines.append(f"Asked      {asked['at']} by agent {asked.get('graph')}{behalf}, thread {asked['thread_id']}")
        lines.append(f"Policy     {_policy(asked)}")
    if document["shown"]:
        lines.append(f"What       {_line(document['shown'].get('title'))}")
        lines += [f"           {_action(action)}" for action in document["shown"].get("actions", [])]
    lines += [f"Shown      revision {each['revision']}, evidence {each['evidence']}" for each in told["shown"]]
    lines += [f"Told       {each['at']} {', '.join(map(str, each.get('messages', [])))}" for each in told["told"]]
    lines += [f"Decided    {_decision(each)}" for each in told["decisions"]]
    if how := told["resolution"]:
        lines.append(f"Resolved   {how['at']} {how.get('resolution')} by {_who(how['actor'])}, policy {_policy(how)}")
    if given := told["given"]:
        lines.append(
            f"Given      {given['at']} SHA-256 {given['sha256']}, at checkpoint {given.get('checkpoint', '-')}"
        )
    if done := told["carried_out"]:
        lines.append(f"Went on    {done['at']}, at checkpoint {done.get('checkpoint', '-')}")
    lines += [_seal(seal) for seal in document["seals"]]
    lines += [f"Key        {key}" for key in document["keys"]]
    lines += [f"Note       {NOT_SEALED[document['sealed']]}"] if NOT_SEALED[document["sealed"]] else []
    return "\n".join(lines)


def _line(value: object) -> str:
    return " ".join(str(value).split())[:300]


def _policy(found: dict[str, Any]) -> str:
    source = f" ({found['policy_source']})" if found.get("policy_source") else ""
    return f"{_line(found.get('policy'))}{source}"


def _who(actor: dict[str, Any]) -> str:
    behalf = f" for {actor['behalf']}" if actor.get("behalf") else ""
    return f"{actor.get('id')}{behalf} ({actor.get('source')})"


def _action(action: dict[str, Any]) -> str:
    args = json.dumps(action.get("proposed", action.get("args")), ensure_ascii=False)
    return _line(f"{action.get('name')} {args}")


def _decision(said: dict[str, Any]) -> str:
    alone = ", alone (glass broken)" if said.get("alone") else ""
    reason = f": {_line(said['reason'])}" if said.get("reason") else ""
    changed = f"; changed {_line(json.dumps(said['changed'], ensure_ascii=False))}" if said.get("changed") else ""
    seen = f", having seen revision {said['revision']}" if said.get("revision") else ""
    return f"{said['at']} {said.get('decision')} by {_who(said['actor'])}{alone}{seen}{reason}{changed}"


def _seal(seal: dict[str, Any]) -> str:
    signed = ", signed" if seal.get("sig") else ""
    return f"Seal       {seal['n']} of {seal['at']}, SHA-256 {seal['hash']}{signed}"
