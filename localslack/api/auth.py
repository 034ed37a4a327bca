"""auth.*, apps.*, team.*, bots.*: who the app is and where it connects."""

from __future__ import annotations

from ..wire import Json, SlackError
from .method import Call, method, ok


@method("auth.test", caller="any")
def auth_test(call: Call) -> Json:
    """Who this token is. For an app-level token Slack names only the app."""
    world = call.core.world
    if call.token == world.app.app_token:
        return ok(app_name=world.app.name, app_id=world.app.id)
    return ok(
        url=call.core.base_url,
        team=world.team.name,
        user=world.users[world.app.bot_user].name,
        team_id=world.team.id,
        user_id=world.app.bot_user,
        bot_id=world.app.bot_id,
        **({"enterprise_id": world.team.enterprise_id} if world.team.enterprise_id else {}),
        is_enterprise_install=False,
    )


@method("auth.revoke")
def auth_revoke(call: Call) -> Json:
    if call.text("test") not in ("1", "true") and call.token is not None:
        call.core.dead_tokens[call.token] = "token_revoked"
    return ok(revoked=call.text("test") not in ("1", "true"))


@method("api.test", caller="none")
def api_test(call: Call) -> Json:
    if error := call.text("error"):
        raise SlackError(error, args=call.args)
    return ok(args=call.args)


@method("apps.connections.open", caller="app")
def apps_connections_open(call: Call) -> Json:
    """A WebSocket URL good for one connection."""
    address = call.core.base_url.replace("http://", "ws://", 1)
    return ok(url=f"{address}link?ticket={call.core.wire.new_ticket()}&app_id={call.core.world.app.id}")


@method("team.info", scopes=("team:read",))
def team_info(call: Call) -> Json:
    world = call.core.world
    team: Json = {
        "id": world.team.id,
        "name": world.team.name,
        "domain": world.team.domain,
        "email_domain": "",
        "icon": {},
    }
    if world.team.enterprise_id:
        team |= {"enterprise_id": world.team.enterprise_id, "enterprise_name": world.team.name}
    return ok(team=team)


@method("bots.info", scopes=("users:read",))
def bots_info(call: Call) -> Json:
    wanted = call.text("bot")
    if wanted is None:
        return ok()
    if wanted != call.core.world.app.bot_id:
        raise SlackError("bot_not_found")
    return ok(bot=call.core.world.bot_json())
