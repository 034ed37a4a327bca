"""Who can see and do what: the checks that Slack's client makes simply by not showing things."""

from __future__ import annotations

from .core import Core
from .entities import Channel, Message, User
from .views import View
from .wire import NotPossible


class Sight:
    """Finds what a person names, or says with `NotPossible` why they could not have named it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def user(self, user_id: str) -> User:
        user = self._core.world.users.get(user_id)
        if user is None or user.bot:
            raise NotPossible(f"nobody here is {user_id}")
        if user.deactivated:
            raise NotPossible(f"{user.name} is deactivated and cannot do anything")
        return user

    def channel(self, user: User, channel_id: str) -> Channel:
        channel = self._core.world.channels.get(channel_id)
        if channel is None or not self._core.world.sees(user, channel):
            raise NotPossible(f"{user.name} sees no channel {channel_id}")
        return channel

    def view(self, user: User, view_id: str) -> View:
        view = self._core.views.by_id(view_id)
        if view is None or view.user != user.id:
            raise NotPossible(f"{user.name} has no view {view_id} open")
        if view.type == "modal" and self._core.views.top(user.id) is not view:
            raise NotPossible(f"view {view_id} is beneath another one")
        return view

    def visible(self, user: User, channel_id: str, ts: str) -> Message:
        channel = self.channel(user, channel_id)
        message = self._core.world.find(channel.id, ts)
        if message is None or message.ephemeral_to not in (None, user.id):
            raise NotPossible(f"{user.name} sees no message {ts} in {channel_id}")
        return message
