"""What a request over HTTP says of how its question is asked. It narrows the policy, and never widens it. Pure.

The rule, in one place:

- **Who.** Of those whom the policy asks first, only those are asked who are (or belong to) the request's `approver`.
  Whether they are is looked up at the click, like everything else. A step of the policy that comes later asks whom the
  policy says, who may break the glass may, and so may the API keys that the policy names.
- **How many.** The policy says. Where it wants several, one person cannot be named alone; where it wants groups, nobody
  can; and no typed answer can be asked for, since that is one person's.
- **How long.** The shorter of the two counts. What a shortened time ends with is a denial: whatever the policy says of
  silence, it says of its own time. So does a time that runs outside of working hours because the request says so.
- **How.** It can ask for one more confirmation, and not drop one.

All else is the policy's alone. What a policy decides by itself is decided as it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from approvals.entries import API, both
from approvals.policy import Expiry, OnExpiry, Policy
from approvals.refusals import Reason, Refusal

_CONSENT = (OnExpiry.APPROVE, OnExpiry.RESPOND)
"""What silence may be taken for, that a request must not bring on earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Kept with the thread and with its approval. `approver` is a user id, an e-mail address or a group; `within` is in
    seconds. `critical`: it says that it cannot wait for working hours. `key` is the id of the API key that asked, and
    `name` its name then. `callback` is the URL to be told of the end, empty for none. `digest` is the hash of the
    request, to know it again."""

    approver: str | None = None
    within: float | None = None
    confirm: bool = False
    critical: bool = False
    key: str = ""
    name: str = ""
    callback: str = ""
    digest: str = ""


def several(policy: Policy) -> bool:
    """Whether more than one person must agree, to a yes or to a no."""
    return policy.quorum.approve > 1 or policy.quorum.deny > 1 or bool(policy.groups)


def several_of(policy: Policy) -> int:
    """How many must agree at the most."""
    return max(policy.quorum.approve, policy.quorum.deny)


def is_group(entry: str) -> bool:
    """Whether an entry stands for several people: a user group or a channel."""
    return entry[:1] in "@#" or (entry[:1] in "SCG" and entry.isalnum() and entry.isupper())


def first_asked(policy: Policy) -> tuple[str, ...]:
    """The entries that a policy asks first, without those of groups that must each approve."""
    return policy.who or (policy.channel,)


def narrowed(policy: Policy, terms: Terms | None) -> Policy:
    """The policy as this request is asked under it. What cannot be narrowed stays as it is."""
    if terms is None:
        return policy
    ends, within = policy.expire, terms.within
    if within is not None and (ends is None or within < ends.after):
        policy = replace(policy, expire=Expiry(after=within, then=OnExpiry.DENY))
    elif ends is not None and ends.then in _CONSENT and terms.critical and policy.hours and policy.urgency is None:
        policy = replace(policy, expire=Expiry(after=ends.after, then=OnExpiry.DENY))
    if terms.approver is not None and unfit(policy, terms, typed=False) is None:
        asked = [entry for entry in first_asked(policy) if not entry.startswith(API)]
        keys = [entry for entry in policy.who if entry.startswith(API)]
        only = terms.approver if terms.approver in asked else both(terms.approver, asked)
        policy = replace(policy, who=(only, *keys) if asked else policy.who)
    return replace(policy, confirm=policy.confirm or terms.confirm)


def unfit(policy: Policy, terms: Terms, *, typed: bool) -> Refusal | None:
    """Why a question cannot be asked on these terms under this policy; `typed`: its answer is typed."""
    if policy.decide is not None or not several(policy):
        return None
    if typed:
        why = (
            f"the policy {policy.name} wants several people to agree; a typed answer is one person's: ask for approval"
        )
        return Refusal(Reason.NOT_POSSIBLE, why, "response_type")
    if terms.approver is None:
        return None
    if policy.groups:
        why = f"the policy {policy.name} says which groups must each approve: leave the approver out"
        return Refusal(Reason.NOT_POSSIBLE, why, "approver")
    if not is_group(terms.approver):
        why = f"the policy {policy.name} wants {several_of(policy)} people to agree: name a group, or leave it out"
        return Refusal(Reason.NOT_POSSIBLE, why, "approver")
    return None
