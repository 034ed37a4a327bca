"""The Web API methods that we use, typed. slack-sdk's own client is untyped in places; its roughness ends here.

Every method raises `Later` when Slack asks us to wait, `ConfigError` with the remedy when somebody must mend something,
and `SlackRefused` for what is left. Nothing sleeps or retries: what must be repeated is due work.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from approvals.errors import SignoffError
from approvals.metering import Calling, Metering
from bot import slack_errors
from bot.pace import FREE, UPDATES, Pace, posts
from bot.slack_errors import SlackRefused

Blocks = Sequence[Mapping[str, Any]]

TIMEOUT = 15
"""Seconds for one call."""

PAGES = 50
"""How many pages of a list are read at the most, of 200 entries each."""

ROLL = 15
"""How many pages of people are read at the most, of 500 each: Slack allows 20 such calls a minute."""

SEARCHED = 5
"""How many pages of 200 messages are looked through for one that may have been posted."""


_UNKNOWN = ("user_not_found", "user_not_visible")
_REMEDIES_BUT_UNKNOWN = {code: remedy for code, remedy in slack_errors.REMEDIES.items() if code not in _UNKNOWN}


class SlackUnreachable(SignoffError):
    """Slack did not answer; whether it did what was asked is not known."""


class MeteredClient(AsyncWebClient):
    """slack-sdk's client; each call is told to `meter`."""

    meter = Metering()

    async def api_call(self, api_method: str, **how: Any) -> Any:
        """The one door of every method."""
        with self.meter.around(Calling(api_method)) as said:
            try:
                answer = await super().api_call(api_method, **how)
            except SlackApiError as failed:
                said.word = "limited" if slack_errors.limited(failed) else "refused"
                raise
            except (aiohttp.ClientError, TimeoutError):
                said.word = "unreachable"
                raise
            said.word = "ok"
            return answer


def client(
    token: str | None, api_url: str, meter: Metering | None = None, *, timeout: float = TIMEOUT
) -> AsyncWebClient:
    """slack-sdk's client without its default retries: those post twice when a connection drops after the post."""
    made = MeteredClient(token=token, base_url=api_url, timeout=cast("int", timeout), retry_handlers=[])
    made.meter = meter or Metering()
    return made


@asynccontextmanager
async def _asking(what: str, remedies: Mapping[str, str] = slack_errors.REMEDIES) -> AsyncGenerator[None]:
    try:
        yield
    except SlackApiError as failed:
        raise slack_errors.translate(what, failed, remedies) from failed
    except (aiohttp.ClientError, TimeoutError) as away:
        raise SlackUnreachable(f"{what}: Slack did not answer ({type(away).__name__})") from away


class Slack:
    """The methods."""

    def __init__(self, client: AsyncWebClient, pace: Pace = FREE) -> None:
        self.client = client
        self._pace = pace

    async def _ask(self, what: str, call: Awaitable[Any]) -> dict[str, Any]:
        async with _asking(what):
            return cast("dict[str, Any]", (await call).data)

    async def _look(self, method: str, what: str, call: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        """The same for a method that only reads: not asked while Slack wants us to wait for this method."""
        async with self._pace.look(method):
            return await self._ask(what, call())

    async def whoami(self) -> tuple[dict[str, Any], Mapping[str, str]]:
        """auth.test: who the token belongs to, and the response's headers (`x-oauth-scopes` names its scopes)."""
        async with _asking("auth.test"):
            answer = await self.client.auth_test()
            headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
            return cast("dict[str, Any]", answer.data), headers

    async def user(self, user_id: str) -> dict[str, Any] | None:
        """users.info; `None` for somebody whom Slack does not know or show."""
        try:
            async with self._pace.look("users.info"), _asking(f"looking up {user_id}", _REMEDIES_BUT_UNKNOWN):
                answer = await self.client.users_info(user=user_id)
        except SlackRefused as refused:
            if refused.code in _UNKNOWN:
                return None
            raise
        return cast("dict[str, Any]", answer["user"])

    async def users(self) -> list[dict[str, Any]]:
        """users.list: everybody whom the workspace knows, the deactivated too; `ROLL` pages at the most."""
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(ROLL):
            call = partial(self.client.users_list, limit=500, cursor=cursor)
            answer = await self._look("users.list", "listing people", call)
            found += answer["members"]
            cursor = _next(answer)
            if not cursor:
                break
        return found

    async def user_by_email(self, email: str) -> str:
        """users.lookupByEmail: the user id."""
        call = partial(self.client.users_lookupByEmail, email=email)
        answer = await self._look("users.lookupByEmail", f"looking up {email}", call)
        return str(answer["user"]["id"])

    async def groups(self) -> dict[str, str]:
        """usergroups.list: handle to id."""
        answer = await self._look("usergroups.list", "listing user groups", self.client.usergroups_list)
        return {str(group["handle"]): str(group["id"]) for group in answer["usergroups"]}

    async def group_members(self, group: str) -> tuple[str, ...]:
        """usergroups.users.list: user ids."""
        call = partial(self.client.usergroups_users_list, usergroup=group)
        answer = await self._look("usergroups.users.list", f"reading user group {group}", call)
        return tuple(str(user) for user in answer["users"])

    async def channels(self) -> dict[str, str]:
        """users.conversations: name to id of every channel the bot is in."""
        found: dict[str, str] = {}
        cursor = ""
        for _ in range(PAGES):
            kinds = "public_channel,private_channel"
            page = {"types": kinds, "exclude_archived": True, "limit": 200, "cursor": cursor}
            call = partial(self.client.users_conversations, **cast("Any", page))
            answer = await self._look("users.conversations", "listing channels", call)
            found |= {str(channel["name"]): str(channel["id"]) for channel in answer["channels"]}
            cursor = _next(answer)
            if not cursor:
                break
        return found

    async def channel_members(self, channel: str) -> tuple[str, ...]:
        """conversations.members: user ids."""
        found: list[str] = []
        cursor = ""
        for _ in range(PAGES):
            call = partial(self.client.conversations_members, channel=channel, limit=200, cursor=cursor)
            answer = await self._look("conversations.members", f"reading the members of {channel}", call)
            found += [str(user) for user in answer["members"]]
            cursor = _next(answer)
            if not cursor:
                break
        return tuple(found)

    async def direct(self, user_id: str) -> str:
        """conversations.open: the id of the direct-message channel."""
        call = self.client.conversations_open(users=[user_id])
        answer = await self._ask(f"opening a direct message with {user_id}", call)
        return str(answer["channel"]["id"])

    async def post(
        self,
        channel: str,
        text: str,
        blocks: Blocks,
        *,
        metadata: Mapping[str, Any],
        thread_ts: str | None = None,
        broadcast: bool = False,
    ) -> tuple[str, str]:
        """chat.postMessage: channel id and ts. Slack has no idempotency key for it. `broadcast` shows a reply in the
        channel too."""
        ticket = json.dumps([metadata["event_payload"], thread_ts], sort_keys=True)
        async with self._pace.turn(posts(channel), ticket):
            call = self.client.chat_postMessage(
                channel=channel,
                text=text,
                blocks=cast("Any", blocks),
                thread_ts=thread_ts,
                reply_broadcast=(broadcast and thread_ts is not None) or None,
                metadata=cast("Any", metadata),
                unfurl_links=False,
                unfurl_media=False,
            )
            answer = await self._ask(f"posting to {channel}", call)
        return str(answer["channel"]), str(answer["ts"])

    async def post_privately(self, channel: str, user: str, text: str, blocks: Blocks | None) -> None:
        """chat.postEphemeral: to one person, where they are a member."""
        call = self.client.chat_postEphemeral(channel=channel, user=user, text=text, blocks=cast("Any", blocks))
        await self._ask(f"telling {user}", call)

    async def respond(self, url: str, text: str, blocks: Blocks | None, *, replace: bool = False) -> None:
        """A response URL: to whoever acted. slack-sdk's default retry would say it twice."""
        what = "answering in private"
        web = self.client
        sender = AsyncWebhookClient(url, timeout=web.timeout, ssl=web.ssl, proxy=web.proxy, retry_handlers=[])
        said = {"text": text, "response_type": "ephemeral", "replace_original": replace, "unfurl_links": False}
        try:
            answer = await sender.send_dict(said | ({"blocks": list(blocks)} if blocks is not None else {}))
        except (aiohttp.ClientError, TimeoutError, OSError) as away:
            raise SlackUnreachable(f"{what}: Slack did not answer ({type(away).__name__})") from away
        if answer.status_code != 200:
            raise slack_errors.refused_at(what, answer.status_code, answer.headers)

    async def find(
        self,
        channel: str,
        event: str,
        payload: Mapping[str, str],
        *,
        since: float,
        thread_ts: str | None = None,
    ) -> str | None:
        """conversations.history, or conversations.replies in a thread: the ts of the message of ours with exactly this
        metadata, posted after `since` (epoch seconds); `None` if there is none, or if its thread is gone.

        The newest messages are read first, `SEARCHED` pages at the most.
        """
        cursor = ""
        for _ in range(SEARCHED):
            page = {"oldest": f"{since:.6f}", "limit": 200, "include_all_metadata": True, "cursor": cursor}
            if thread_ts is None:
                call = self.client.conversations_history(channel=channel, **cast("Any", page))
            else:
                call = self.client.conversations_replies(channel=channel, ts=thread_ts, **cast("Any", page))
            try:
                answer = await self._ask(f"looking through {channel}", call)
            except SlackRefused as refused:
                if refused.code in slack_errors.GONE:
                    return None
                raise
            for message in answer["messages"]:
                told = message.get("metadata") or {}
                if told.get("event_type") == event and told.get("event_payload") == payload and message.get("bot_id"):
                    return str(message["ts"])
            cursor = _next(answer)
            if not cursor:
                break
        return None

    async def told(
        self, channel: str, ts: str, *, thread_ts: str | None = None
    ) -> tuple[str, Mapping[str, Any]] | None:
        """The type and the payload of the metadata of one message of an app; `None` where it has none, or is gone.

        conversations.history, or conversations.replies in a thread, of just that moment.
        """
        page = {"oldest": ts, "latest": ts, "inclusive": True, "limit": 10, "include_all_metadata": True}
        if thread_ts is None or thread_ts == ts:
            call = self.client.conversations_history(channel=channel, **cast("Any", page))
        else:
            call = self.client.conversations_replies(channel=channel, ts=thread_ts, **cast("Any", page))
        try:
            answer = await self._ask(f"reading a message in {channel}", call)
        except SlackRefused as refused:
            if refused.code in slack_errors.GONE:
                return None
            raise
        found = next((message for message in answer["messages"] if message.get("ts") == ts), {})
        told = found.get("metadata") or {}
        if not found.get("bot_id") or not told.get("event_type"):
            return None
        return str(told["event_type"]), cast("Mapping[str, Any]", told.get("event_payload") or {})

    async def update(self, channel: str, ts: str, text: str, blocks: Blocks) -> bool:
        """chat.update. False if the message is gone."""
        try:
            async with self._pace.turn(UPDATES, f"{channel}/{ts}"):
                call = self.client.chat_update(channel=channel, ts=ts, text=text, blocks=cast("Any", blocks))
                await self._ask(f"redrawing {channel}/{ts}", call)
        except SlackRefused as refused:
            if refused.code in slack_errors.GONE:
                return False
            raise
        return True

    async def permalink(self, channel: str, ts: str) -> str | None:
        """chat.getPermalink: a link that opens the message; `None` if it is gone, or the link is none that can be
        written down."""
        try:
            call = self.client.chat_getPermalink(channel=channel, message_ts=ts)
            link = str((await self._ask(f"linking to {channel}/{ts}", call))["permalink"])
        except SlackRefused as refused:
            if refused.code in slack_errors.GONE:
                return None
            raise
        return link if re.fullmatch(r"https?://[^\s<>|]{1,500}", link) else None

    async def open_connection(self, app_token: str) -> str:
        """apps.connections.open: a Socket Mode URL, good for one use."""
        async with _asking("opening a connection", slack_errors.APP_TOKEN_REMEDIES):
            return str((await self.client.apps_connections_open(app_token=app_token))["url"])

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """views.open: within 3 s of the click. The view's id, by which it can be filled in later."""
        answer = await self._ask("opening a form", self.client.views_open(trigger_id=trigger_id, view=dict(view)))
        return str(answer["view"]["id"])

    async def push_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """views.push: on top of the form that was clicked in, three at the most."""
        answer = await self._ask("opening a form", self.client.views_push(trigger_id=trigger_id, view=dict(view)))
        return str(answer["view"]["id"])

    async def update_view(self, view_id: str, view: Mapping[str, Any], *, hash: str | None = None) -> None:
        """views.update."""
        await self._ask("redrawing a form", self.client.views_update(view_id=view_id, view=dict(view), hash=hash))

    async def publish(self, user: str, view: Mapping[str, Any]) -> None:
        """views.publish: their Home tab."""
        await self._ask(f"drawing the Home of {user}", self.client.views_publish(user_id=user, view=dict(view)))


def _next(answer: Mapping[str, Any]) -> str:
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")
