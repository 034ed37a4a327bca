"""The life of an approval: pure transitions `(approval, input, now) -> Change | Refusal`. No I/O, no clock, no chance.

One name for all of them, by what moves the approval:

- `asking`: the graph asks, asks anew, or no longer asks; cards are posted,
- `deciding`: people say what they think,
- `clocks`: time passes,
- `holding`: somebody holds the clocks, or an admin applies a policy anew,
- `asking_back`: an approver asks something first, and somebody answers,
- `leaving`: somebody who voted has left by the next vote,
- `undoing`: a decision waits a little, and can be taken back,
- `viewing`: somebody reads all of it,
- `cancelling`: whoever asked no longer wants an answer,
- `automatic`: a policy decides at the opening,
- `resuming`: the graph is given the answer,
- `reaching`: the graph runs on a server elsewhere, which may be away.

`transitions` holds the table of what may happen when, and what a change is.
"""

from __future__ import annotations

from approvals.asking import amend, announced, open_, reask, repaired, supersede, told
from approvals.asking_back import answered, ask_back
from approvals.automatic import at_opening
from approvals.cancelling import cancel
from approvals.clocks import escalate, expire, over, overdue, reminded
from approvals.deciding import Attempt, decide, in_bulk, offered, possible, with_reply
from approvals.holding import hold, lapsed, reapply
from approvals.leaving import discounted, without
from approvals.reaching import reached_again, unreached, withheld
from approvals.resuming import complete, give_up, reported, resume, retry, stick, stumble
from approvals.transitions import ALLOWED, Change, Input, ThreadChange, refusal
from approvals.undoing import release, undo
from approvals.viewing import seen, view

__all__ = [
    "ALLOWED",
    "Attempt",
    "Change",
    "Input",
    "ThreadChange",
    "amend",
    "announced",
    "answered",
    "ask_back",
    "at_opening",
    "cancel",
    "complete",
    "decide",
    "discounted",
    "escalate",
    "expire",
    "give_up",
    "hold",
    "in_bulk",
    "lapsed",
    "offered",
    "open_",
    "over",
    "overdue",
    "possible",
    "reached_again",
    "reapply",
    "reask",
    "refusal",
    "release",
    "reminded",
    "repaired",
    "reported",
    "resume",
    "retry",
    "seen",
    "stick",
    "stumble",
    "supersede",
    "told",
    "undo",
    "unreached",
    "view",
    "with_reply",
    "withheld",
    "without",
]
