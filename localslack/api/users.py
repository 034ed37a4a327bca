"""users.* and dnd.*: people, their presence and their quiet hours."""

from __future__ import annotations

from ..entities import User
from ..wire import Json, SlackError
from .method import Call, method, ok


def _shown(call: Call, user: User) -> Json:
    out = call.core.world.user_json(user)
    if "users:read.email" not in call.core.world.app.scopes:
        out["profile"].pop("email", None)
    return out


@method("users.info", scopes=("users:read",))
def users_info(call: Call) -> Json:
    return ok(user=_shown(call, call.user()))


@method("users.list", scopes=("users:read",))
def users_list(call: Call) -> Json:
    users, more = call.page([user for user in call.core.world.users.values() if not user.stranger])
    return ok(members=[_shown(call, user) for user in users], cache_ts=int(call.core.clock()), **more)


@method("users.lookupByEmail", scopes=("users:read.email",))
def users_lookup_by_email(call: Call) -> Json:
    """Only active members of this workspace are found."""
    email = call.need("email", "users_not_found").lower()
    for user in call.core.world.users.values():
        if user.email and user.email.lower() == email and not user.deactivated and not user.stranger:
            return ok(user=_shown(call, user))
    raise SlackError("users_not_found")


@method("users.getPresence", scopes=("users:read",))
def users_get_presence(call: Call) -> Json:
    return ok(presence="away" if call.user().away else "active")


def _dnd(call: Call, user: User) -> Json:
    now = int(call.core.clock())
    until = user.quiet_until(now)
    return {
        "dnd_enabled": until > 0,
        "next_dnd_start_ts": now - 3600 if until else 1,
        "next_dnd_end_ts": until or 1,
    }


@method("dnd.info", scopes=("dnd:read",))
def dnd_info(call: Call) -> Json:
    user = call.user() if call.text("user") else call.core.world.users[call.core.world.app.bot_user]
    return ok(**_dnd(call, user), snooze_enabled=False)


@method("dnd.teamInfo", scopes=("dnd:read",))
def dnd_team_info(call: Call) -> Json:
    wanted = [item.strip() for item in call.need("users").split(",") if item.strip()]
    if len(wanted) > 50:
        raise SlackError("too_many_users")
    known = call.core.world.users
    return ok(users={user_id: _dnd(call, known[user_id]) for user_id in wanted if user_id in known})
