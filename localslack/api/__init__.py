"""The Web API: one module per family of methods, all in one table."""

from . import auth, chat, conversations, usergroups, users, views
from .method import METHODS, Call, Method

__all__ = ["METHODS", "Call", "Method", "auth", "chat", "conversations", "usergroups", "users", "views"]
