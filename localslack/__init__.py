"""A Slack for your desk and for your tests: strict, local, and without an account.

It speaks the parts of Slack's Web API, Socket Mode, signed HTTP, interactivity and Block Kit that a Bolt app uses, and
refuses what Slack refuses. An app reaches it by its base URL alone; nothing in the app or the SDK is patched.
"""

from .clock import VirtualClock
from .entities import Channel, Message, User, Usergroup
from .faults import Faults
from .journal import Delivery, Entry, Misstep
from .seed import AppSeed, ChannelSeed, GroupSeed, Seed, TeamSeed, UserSeed
from .slack import LocalSlack
from .threaded import ThreadedSlack
from .validate import Problem, check_blocks, check_view
from .views import View
from .wire import NotPossible
from .world import World

__all__ = [
    "AppSeed",
    "Channel",
    "ChannelSeed",
    "Delivery",
    "Entry",
    "Faults",
    "GroupSeed",
    "LocalSlack",
    "Message",
    "Misstep",
    "NotPossible",
    "Problem",
    "Seed",
    "TeamSeed",
    "ThreadedSlack",
    "User",
    "UserSeed",
    "Usergroup",
    "View",
    "VirtualClock",
    "World",
    "check_blocks",
    "check_view",
]
