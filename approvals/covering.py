"""For whom somebody acts who covers for people, and who is asked where some are away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from approvals import eligibility
from approvals.away import Away
from approvals.model import Actor, Approval
from approvals.tally import tally


def chosen(approval: Approval, candidates: Sequence[Actor]) -> Actor | None:
    """The one for whom a cover acts, of several: the first whose seat makes the decision possible.

    A seat that has voted already comes after the others: a vote from there would only replace the one that stands.
    Where none makes it possible, the first says why.
    """
    able = [actor for actor in candidates if eligibility.refusal(approval, actor) is None]
    return next((actor for actor in able if not voted(approval, actor)), next(iter([*able, *candidates]), None))


def voted(approval: Approval, actor: Actor) -> bool:
    """Whether the seat has a vote on everything that is still open."""
    still = [count for count in tally(approval) if count.verdict is None]
    seats = [{vote.actor.seat for vote in (*count.approvals, *count.denials)} for count in still]
    return bool(seats) and all(actor.ref.seat in those for those in seats)


def stand_ins(approval: Approval, asked: frozenset[str], absent: Sequence[Away]) -> dict[str, str]:
    """Who is asked in an absent person's place: the one who covers, with that person.

    `asked` are all whom the audience names, by user id. Nobody is asked in another's place who is asked anyway, and
    nobody for what they, or the absent person, requested.
    """
    found: dict[str, str] = {}
    own = None if approval.policy.self_approval else approval.requester
    for away in absent:
        if away.cover is None or away.user_id not in asked or away.cover in asked or own in (away.cover, away.user_id):
            continue
        found.setdefault(away.cover, away.user_id)
    return found


def voters(approval: Approval) -> frozenset[str]:
    """Who has a vote on everything that is still open, and for whom they gave it: nothing is left to ask of them."""
    still = [count for count in tally(approval) if count.verdict is None]
    said = [
        frozenset(name for vote in (*count.approvals, *count.denials) for name in (vote.actor.id, vote.actor.seat))
        for count in still
    ]
    return frozenset(name for name in said[0] if all(name in those for those in said)) if said else frozenset()


def there(people: Iterable[str], absent: Mapping[str, Away]) -> tuple[str, ...]:
    """Who is called by name of these people: for somebody absent the one who covers, or nobody."""
    found = [absent[person].cover if person in absent else person for person in people]
    return tuple(dict.fromkeys(person for person in found if person is not None))
