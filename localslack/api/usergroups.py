"""usergroups.*: the handles that name several people."""

from __future__ import annotations

from ..wire import Json, SlackError, truthy
from .method import Call, method, ok


def _available(call: Call) -> None:
    if not call.core.seed.user_groups_available:
        raise SlackError("plan_upgrade_required")


@method("usergroups.list", scopes=("usergroups:read",))
def usergroups_list(call: Call) -> Json:
    _available(call)
    world = call.core.world
    groups = [world.usergroup_json(group) for group in world.usergroups.values()]
    if truthy(call.args.get("include_users")):
        groups = [group | {"users": list(world.usergroups[group["id"]].members)} for group in groups]
    if not truthy(call.args.get("include_count")):
        for group in groups:
            group.pop("user_count")
    return ok(usergroups=groups)


@method("usergroups.users.list", scopes=("usergroups:read",))
def usergroups_users_list(call: Call) -> Json:
    _available(call)
    group = call.core.world.usergroups.get(call.need("usergroup", "no_such_subteam"))
    if group is None:
        raise SlackError("no_such_subteam")
    return ok(users=list(group.members))
