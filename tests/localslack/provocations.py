"""What makes the local Slack answer with each of its errors. One entry per error code."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp

from localslack import LocalSlack

from .conftest import BUTTONS, refusal
from .payloads import asked

HERE = "C0APPROVALS"
LONG = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2600}} for _ in range(4)]
VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [BUTTONS[0]]}
FORM = {**VIEW, "submit": {"type": "plain_text", "text": "S"}, "blocks": [asked({"type": "plain_text_input"})]}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


class Wrong:
    """Does things wrongly; every method returns the error code of the answer."""

    def __init__(self, slack: LocalSlack, web: Any, clock: Any) -> None:
        self.slack, self.web, self.clock = slack, web, clock

    async def call(self, method: str, token: str | None = None, **args: Any) -> str:
        more = {"headers": {"Authorization": f"Bearer {token}"}} if token is not None else {}
        answer = await refusal(self.web.api_call(method, json=args, **more))
        return str(answer["error"])

    async def post(self, **args: Any) -> str:
        return await self.call("chat.postMessage", **{"channel": HERE, "text": "x", **args})

    async def posted(self) -> str:
        return str((await self.web.chat_postMessage(channel=HERE, text="x", blocks=BUTTONS))["ts"])

    async def trigger(self) -> str:
        return str((await self.slack.slash("U0ANA", HERE, "/x")).trigger_id)

    async def opened(self, **more: Any) -> str:
        answer = await self.web.views_open(trigger_id=await self.trigger(), view={**VIEW, **more})
        return str(answer["view"]["id"])

    async def to_url(self, body: Any, *, uses: int = 1, key: str | None = None, wait: float = 0) -> str:
        """POST to a response URL, `uses` times; the last answer counts."""
        url = (await self.slack.click("U0ANA", HERE, await self.posted(), "yes")).response_url
        self.clock.forward(wait)
        url = str(url) if key is None else f"{str(url).rsplit('/', 1)[0]}/{key}"
        answer = ""
        async with aiohttp.ClientSession() as session:
            for _ in range(uses):
                async with session.post(url, data=body if isinstance(body, str) else json.dumps(body)) as response:
                    answer = await response.text()
        return str(json.loads(answer)["error"])

    async def twice(self, method: str, **args: Any) -> str:
        await self.web.api_call(method, json=args)
        return await self.call(method, **args)

    async def spent(self) -> str:
        trigger = await self.trigger()
        return await self.twice("views.open", trigger_id=trigger, view=VIEW)

    async def late(self) -> str:
        trigger = await self.trigger()
        self.clock.forward(3.1)
        return await self.call("views.open", trigger_id=trigger, view=VIEW)

    async def fourth_push(self) -> str:
        await self.opened()
        for _ in range(2):
            await self.web.views_push(trigger_id=await self.trigger(), view=VIEW)
        return await self.call("views.push", trigger_id=await self.trigger(), view=VIEW)

    async def changed_app(self, method: str, args: dict[str, Any], **app: Any) -> str:
        self.slack.world.app = replace(self.slack.world.app, **app)
        return await self.call(method, **args)

    async def archived(self) -> str:
        self.slack.world.channels[HERE].archived = True
        return await self.post()

    async def stranger(self) -> str:
        self.slack.world.channels[HERE].members.remove("U0XIA")
        return await self.call("conversations.open", users="U0XIA")

    async def dead(self, revoked: bool) -> str:
        if revoked:
            await self.slack.uninstall()
        else:
            self.slack.expire_token()
        return await self.call("auth.test")

    async def theirs(self, method: str) -> str:
        await self.slack.say("U0ANA", HERE, "mine")
        ts = self.slack.messages(HERE)[0].ts
        return await self.call(method, channel=HERE, ts=ts, text="x")

    async def conflict(self) -> str:
        return await self.call("views.update", view_id=await self.opened(), view=VIEW, hash="1.2")

    async def same_external_id(self) -> str:
        await self.opened(external_id="e")
        return await self.call("views.open", trigger_id=await self.trigger(), view={**VIEW, "external_id": "e"})

    async def huge(self) -> str:
        big = [{"type": "section", "fields": [{"type": "plain_text", "text": "x" * 2000}] * 10} for _ in range(15)]
        return await self.call("views.open", trigger_id=await self.trigger(), view={**VIEW, "blocks": big})

    async def no_groups(self) -> str:
        self.slack.world.seed = replace(self.slack.world.seed, user_groups_available=False)
        self.slack._core.seed = self.slack.world.seed
        return await self.call("usergroups.list")

    async def limited(self) -> str:
        self.slack._core.limits.on = True
        for _ in range(5):
            await self.posted()
        return await self.post()

    async def anonymous(self) -> str:
        async with aiohttp.ClientSession() as session, session.post(f"{self.slack.api_url}auth.test") as response:
            return str((await response.json())["error"])


Provoke = Callable[[Wrong], Awaitable[str]]
EMPTY = {"event_type": "x", "event_payload": {}}
FAT = {"event_type": "x", "event_payload": {"x": "y" * 16_001}}
PROVOKED: dict[str, Provoke] = {
    "already_reacted": lambda x: _reacted(x),
    "bot_not_found": lambda x: x.call("bots.info", bot="B0NOBODY"),
    "cannot_dm_bot": lambda x: x.post(channel="U0BOT"),
    "cant_delete_message": lambda x: x.theirs("chat.delete"),
    "cant_update_message": lambda x: x.theirs("chat.update"),
    "channel_not_found": lambda x: x.post(channel="C0NONE"),
    "duplicate_external_id": lambda x: x.same_external_id(),
    "exchanged_trigger_id": lambda x: x.spent(),
    "expired_trigger_id": lambda x: x.late(),
    "expired_url": lambda x: x.to_url({"text": "x"}, wait=1801),
    "hash_conflict": lambda x: x.conflict(),
    "invalid_arguments": lambda x: x.call("views.update", view=VIEW),
    "invalid_attachments": lambda x: x.post(attachments=["x"]),
    "invalid_auth": lambda x: x.call("auth.test", token="xoxb-nobody"),
    "invalid_blocks": lambda x: x.post(blocks=[{"type": "shiny"}]),
    "invalid_blocks_format": lambda x: x.post(blocks="[{"),
    "invalid_cursor": lambda x: x.call("users.list", cursor="nonsense"),
    "invalid_limit": lambda x: x.call("users.list", limit=0),
    "invalid_metadata_format": lambda x: x.post(metadata="{"),
    "invalid_metadata_schema": lambda x: x.post(metadata={"event_type": "x"}),
    "invalid_name": lambda x: _react(x, ""),
    "invalid_payload": lambda x: x.to_url("{"),
    "invalid_response_type": lambda x: x.to_url({"text": "x", "response_type": "loud"}),
    "invalid_trigger_id": lambda x: x.call("views.open", trigger_id="1.2.x", view=VIEW),
    "invalid_ts_oldest": lambda x: x.call("conversations.history", channel=HERE, oldest="yesterday"),
    "invalid_types": lambda x: x.call("conversations.list", types="village"),
    "invalid_url": lambda x: x.to_url({"text": "x"}, key="nobody"),
    "is_archived": lambda x: x.archived(),
    "markdown_text_conflict": lambda x: x.post(markdown_text="y"),
    "message_not_found": lambda x: x.call("chat.update", channel=HERE, ts="1.000001", text="x"),
    "metadata_too_large": lambda x: x.post(metadata=FAT),
    "method_not_supported_for_channel_type": lambda x: x.call("conversations.open", channel=HERE),
    "missing_scope": lambda x: x.changed_app("users.info", {"user": "U0ANA"}, scopes=("chat:write",)),
    "mpim_not_supported_here": lambda x: x.call("conversations.open", users="U0ANA,U0BEN"),
    "msg_blocks_too_long": lambda x: x.post(blocks=LONG),
    "msg_too_long": lambda x: _long_update(x),
    "no_item_specified": lambda x: x.call("reactions.add", channel=HERE, name="eyes"),
    "no_such_subteam": lambda x: x.call("usergroups.users.list", usergroup="S0NONE"),
    "no_text": lambda x: x.post(text=""),
    "not_allowed_token_type": lambda x: x.call("users.list", token=x.slack.app_token),
    "not_authed": lambda x: x.anonymous(),
    "not_enabled": lambda x: x.changed_app("views.publish", {"user_id": "U0ANA", "view": HOME}, home_tab=False),
    "not_found": lambda x: x.call("views.update", view_id="V0NONE", view=VIEW),
    "not_in_channel": lambda x: x.post(channel="C0GENERAL"),
    "plan_upgrade_required": lambda x: x.no_groups(),
    "push_limit_reached": lambda x: x.fourth_push(),
    "ratelimited": lambda x: x.limited(),
    "thread_not_found": lambda x: x.post(thread_ts="1.000001"),
    "token_expired": lambda x: x.dead(revoked=False),
    "token_revoked": lambda x: x.dead(revoked=True),
    "too_many_attachments": lambda x: x.post(attachments=[{"text": "x"}] * 101),
    "too_many_users": lambda x: x.call("dnd.teamInfo", users=",".join(["U0ANA"] * 51)),
    "unknown_method": lambda x: x.call("chat.teleport"),
    "used_url": lambda x: x.to_url({"text": "x"}, uses=6),
    "user_disabled": lambda x: x.call("conversations.open", users="U0DEE"),
    "user_not_found": lambda x: x.call("users.info", user="U0NONE"),
    "user_not_in_channel": lambda x: x.call("chat.postEphemeral", channel="C0LEADS", user="U0ANA", text="x"),
    "user_not_visible": lambda x: x.stranger(),
    "users_list_not_supplied": lambda x: x.call("conversations.open"),
    "users_not_found": lambda x: x.call("users.lookupByEmail", email="who@example.com"),
    "view_too_large": lambda x: x.huge(),
}


async def _react(x: Wrong, name: str) -> str:
    return await x.call("reactions.add", channel=HERE, timestamp=await x.posted(), name=name)


async def _reacted(x: Wrong) -> str:
    return await x.twice("reactions.add", channel=HERE, timestamp=await x.posted(), name="eyes")


async def _long_update(x: Wrong) -> str:
    return await x.call("chat.update", channel=HERE, ts=await x.posted(), text="x" * 4001)
