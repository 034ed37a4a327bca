"""What an approval was asked with, and what the graph was given, as hashes that the audit keeps. Pure.

A hash is the SHA-256 of canonical JSON: names sorted, no spaces, what is beyond ASCII escaped. Of a reply it stands in
hexadecimal digits; of what is shown, which every pending approval has, in base64url without padding, a third shorter.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from approvals.model import Approval
from approvals.tally import proposed


def canonical(value: JsonValue) -> bytes:
    """The one way in which a value is written before it is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: JsonValue) -> str:
    """The hash of a value: of a reply exactly as the graph is given it."""
    return hashlib.sha256(canonical(value)).hexdigest()


def compact(value: JsonValue) -> str:
    """The same in 43 characters."""
    return base64.urlsafe_b64encode(hashlib.sha256(canonical(value)).digest()).rstrip(b"=").decode()


def shown(approval: Approval) -> dict[str, JsonValue]:
    """What the card, and the Review behind it, put before people at the approval's present revision.

    Arguments that somebody's edit proposes stand in `proposed`, beside those that the agent asked with. Made of the
    copy in which secrets are hidden (`approvals.shown`), it is what people saw, and no more; `payload` is the record's
    hash of all that the graph said.
    """
    return {
        "id": approval.id,
        "revision": approval.revision,
        "title": approval.title,
        "description": approval.description,
        "payload": approval.interrupt.payload_hash,
        "actions": [
            {
                "name": action.name,
                "description": action.description,
                "args": dict(action.args),
                "allowed": [kind.value for kind in action.allowed],
                **_proposal(action.args, proposed(approval, index)),
            }
            for index, action in enumerate(approval.actions)
        ],
    }


def _proposal(asked: Mapping[str, JsonValue], edited: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {} if edited is asked else {"proposed": dict(edited)}


def of(approval: Approval) -> str:
    """The hash of what is shown: the `evidence` of the event that a revision begins with."""
    return compact(shown(approval))


def changed(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What an edit changed: by argument `from` and `to`, without the side where there is none."""
    found: dict[str, JsonValue] = {}
    for name in dict.fromkeys((*before, *after)):
        sides: dict[str, JsonValue] = {}
        if name in before:
            sides["from"] = before[name]
        if name in after:
            sides["to"] = after[name]
        if len(sides) < 2 or canonical(sides["from"]) != canonical(sides["to"]):
            found[name] = sides
    return found


def reproduced(approval: Approval, wanted: str) -> dict[str, JsonValue] | None:
    """What was shown, of which only the hash was written down: from the record, as far as it still gives that hash.

    The decisions that came after what was shown are left out, one by one.
    """
    for count in range(len(approval.decisions), -1, -1):
        found = shown(replace(approval, decisions=approval.decisions[:count]))
        if compact(found) == wanted:
            return found
    return None
