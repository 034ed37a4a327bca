"""Who may know of an approval at all? Pure: the facts come with the viewer, taken at the moment they look."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.model import Approval, Standing
from approvals.places import whose


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks, with Slack's facts about them as of now.

    `belongs` holds those audience entries and channel ids, of the ones asked about, that they were found to belong to;
    of the audience those too that somebody belongs to for whom they cover.
    """

    id: str
    standing: Standing = Standing.MEMBER
    belongs: frozenset[str] = frozenset()
    admin: bool = False


def card_channels(approval: Approval) -> frozenset[str]:
    """The channels in which cards stand, or are about to: as the policy writes them, and by their ids."""
    return frozenset(message.channel for message in approval.messages) | frozenset(approval.places)


def questions(approval: Approval) -> frozenset[str]:
    """What has to be known of a viewer: the entries and channels that make the approval theirs to see."""
    return card_channels(approval) | frozenset(approval.named)


def visible(approval: Approval, viewer: Viewer) -> bool:
    """Whether the viewer may see it.

    Whoever is where a card stands sees it anyway, a guest too. Beyond that, full members of the workspace only: who may
    decide at the present level or break the glass, the requester, who got a card as a direct message, and admins.
    """
    if not viewer.belongs.isdisjoint(card_channels(approval)):
        return True
    if viewer.standing is not Standing.MEMBER:
        return False
    direct = any(whose(message.place) == viewer.id for message in approval.messages)
    asked = not viewer.belongs.isdisjoint(approval.named)
    return viewer.admin or asked or direct or viewer.id == approval.requester
