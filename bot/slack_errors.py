"""What to do about an error that Slack answers with. By its code, never by its text.

Sources: the method pages of docs.slack.dev list the codes; `Retry-After` comes with HTTP 429.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from slack_sdk.errors import SlackApiError

from approvals.errors import ConfigError, Later, SignoffError

RATE = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
"""Too much at once: wait."""

GONE = frozenset({"message_not_found", "thread_not_found", "is_inactive", "cant_update_message", "edit_window_closed"})
"""The message is not there any more, or not ours to change."""

REMEDIES: dict[str, str] = {
    "channel_not_found": "invite the bot to the channel, or correct its name in the policy",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or name another in the policy",
    "user_not_found": "correct the user id in the policy",
    "users_not_found": "correct the e-mail address in the policy",
    "user_disabled": "the person is deactivated: name somebody else in the policy",
    "no_such_subteam": "correct the user group in the policy",
    "plan_upgrade_required": "user groups need a paid plan: name users or a channel in the policy",
    "missing_scope": "add the scope and reinstall the app (signoff manifest prints all of them)",
    "invalid_auth": "correct SLACK_BOT_TOKEN",
    "not_authed": "set SLACK_BOT_TOKEN",
    "account_inactive": "the token belongs to a deactivated app or user: reinstall the app",
    "token_revoked": "reinstall the app and set the new SLACK_BOT_TOKEN",
    "token_expired": "reinstall the app and set the new SLACK_BOT_TOKEN",
    "not_allowed_token_type": "SLACK_BOT_TOKEN must be a bot token (xoxb-), SLACK_APP_TOKEN an app-level one (xapp-)",
    "restricted_action": "a workspace setting forbids it: ask a workspace admin",
}
"""What a person must do."""

_RENEW = "make a new app-level token with connections:write under Basic Information, and set SLACK_APP_TOKEN"

APP_TOKEN_REMEDIES: Mapping[str, str] = REMEDIES | {
    "invalid_auth": f"correct SLACK_APP_TOKEN ({_RENEW})",
    "not_authed": _RENEW,
    "account_inactive": _RENEW,
    "token_revoked": _RENEW,
    "token_expired": _RENEW,
    "missing_scope": _RENEW,
}
"""The same where the app-level token is used."""

DEFAULT_PAUSE = 30.0
"""Seconds to wait where Slack does not say."""


class SlackRefused(SignoffError):
    """Slack said no. `code` is its error code."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what}: Slack says {code}")
        self.code = code


def code(failed: SlackApiError) -> str:
    """Slack's error code; `unknown_error` where it sent none (a 5xx with a page instead of JSON)."""
    data = getattr(cast("object", failed.response), "data", None)
    found = cast("Mapping[str, Any]", data).get("error") if isinstance(data, dict) else None
    return found if isinstance(found, str) else "unknown_error"


def limited(failed: SlackApiError) -> bool:
    """Whether Slack asks us to wait."""
    return code(failed) in RATE or getattr(cast("object", failed.response), "status_code", 200) == 429


def _pause(headers: Mapping[str, str]) -> float:
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(said) if said.isdigit() else DEFAULT_PAUSE


def _later(what: str, headers: Mapping[str, str]) -> Later:
    pause = _pause(headers)
    return Later(pause, f"{what}: Slack asks to wait {pause:g} s; start again after that")


def refused_at(what: str, status: int, headers: Mapping[str, str]) -> SignoffError:
    """An HTTP status that is not 200, of a URL that answers with nothing else, as one of ours."""
    return _later(what, headers) if status == 429 else SlackRefused(what, f"http_{status}")


def translate(what: str, failed: SlackApiError, remedies: Mapping[str, str] = REMEDIES) -> SignoffError:
    """Slack's refusal as one of ours."""
    said = code(failed)
    if limited(failed):
        headers = cast("Mapping[str, str]", getattr(cast("object", failed.response), "headers", None) or {})
        return _later(what, headers)
    if said in remedies:
        return ConfigError(f"{what}: Slack says {said}: {remedies[said]}")
    return SlackRefused(what, said)
