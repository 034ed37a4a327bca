"""The process environment. Every variable stands in `.env.example`; secrets never show in a repr or a log."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from approvals.errors import ConfigError
from approvals.redact import NAMES


class Settings(BaseSettings):
    """Read from the environment, upper case. `load` turns mistakes into a `ConfigError` that names the variable."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = Field(None, description="Bot token, xoxb-…, from OAuth & Permissions.")
    slack_app_token: SecretStr | None = Field(
        None, description="App-level token, xapp-…, with connections:write. Needed in socket mode."
    )
    slack_signing_secret: SecretStr | None = Field(
        None, description="Signing secret from Basic Information. Needed in http mode."
    )
    slack_api_url: str = Field("https://slack.com/api/", description="Where Slack is; a local Slack for the desk.")
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="A Redis 8 server; or any other, Valkey too, with the extra `valkey`.",
    )
    signoff_checkpointer: Literal["auto", "redis", "valkey"] = Field(
        "auto", description="Who keeps paused threads: redis needs RedisJSON and RediSearch; auto looks at the server."
    )
    signoff_channel: str | None = Field(
        None, description="Without a policy file: the channel that is asked, C… or #name."
    )
    signoff_policies: Path | None = Field(
        None, description="The policy file, such as policies.yaml. It goes before SIGNOFF_CHANNEL."
    )
    signoff_managers: Path | None = Field(
        None, description="Who is whose manager, a YAML or JSON file: `manager` in a policy is found through it."
    )
    signoff_time_zone: str = Field(
        "UTC", description="The team's time zone, such as Europe/Berlin, for working hours that a policy keeps."
    )
    signoff_environment: str = Field(
        "", max_length=40, description="What this installation is called, such as production: every card says it."
    )
    signoff_config: Path = Field(Path("langgraph.json"), description="The graphs, in the LangGraph CLI's own format.")
    signoff_langgraph_servers: Path | None = Field(
        None, description="Deployments on LangGraph Server that are watched, a YAML file such as servers.yaml."
    )
    signoff_slack_mode: Literal["socket", "http"] = Field("socket", description="How Slack reaches us.")
    signoff_http: bool = Field(False, description="Serve HTTP in socket mode too: the API, health and metrics.")
    signoff_http_host: str = Field("127.0.0.1", description="Where HTTP is served.")
    signoff_http_port: int = Field(8090, ge=0, le=65535, description="Its port; 0 lets the kernel choose.")
    signoff_runners: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Who may use `/approvals run`: user ids, @groups or #channels, separated by commas."
    )
    signoff_admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Who may edit policies and see everything: user ids, e-mails or @groups, separated by commas."
    )
    signoff_redact: Annotated[tuple[str, ...], NoDecode] = Field(
        NAMES, description="Names of arguments whose values are hidden from people; after !, of those that are not."
    )
    signoff_slack_limits: bool = Field(
        True, description="Keep to Slack's published rate limits; false for a Slack that has none."
    )
    signoff_digest_after: int = Field(
        10, ge=0, description="Cards a channel gets within a minute before the rest is collected in one; 0 for no end."
    )
    signoff_digest: time | None = Field(
        None, description="When each person is told once a day what waits for them, such as 09:00; empty for never."
    )
    signoff_callback_secret: SecretStr | None = Field(
        None, description="Signs callbacks: whsec_…, by `signoff callbacks secret`; several, newest first, with commas."
    )
    signoff_callback_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts and networks that may be called back although they are private, separated by commas."
    )
    signoff_namespace: str = Field("signoff", min_length=1, description="Prefix of our keys, for a shared server.")
    signoff_tick_seconds: float = Field(1.0, gt=0, description="How often due work is looked for.")
    signoff_lease_seconds: float = Field(30.0, ge=1, description="How late a dead replica's work is taken over.")
    signoff_attempts: int = Field(5, ge=1, description="How often a graph that raises is tried before it is given up.")
    signoff_graph_seconds: float | None = Field(
        None, gt=0, description="How long one run of a graph may take; without it, as long as it likes."
    )
    signoff_redis_wait_seconds: float = Field(60.0, ge=0, description="How long a start waits for Redis to come up.")
    signoff_shutdown_seconds: float = Field(20.0, ge=0, description="How long a stop waits for what is running.")
    signoff_seal_key: SecretStr | None = Field(
        None,
        description="Signs the seals of the audit: an Ed25519 private key, or the path of its file (PEM or base64).",
    )
    signoff_seal_seconds: float = Field(60.0, gt=0, description="How often what is new in the audit is sealed.")
    signoff_audit_days: float | None = Field(
        None,
        gt=0,
        description="After how many days events leave Redis that `signoff audit archive` has put into a file.",
    )
    signoff_log_format: Literal["console", "json"] = Field("console", description="One line per event, for whom.")

    @field_validator("signoff_time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"{name!r} is no time zone; write a name like Europe/Berlin") from None
        return name

    @field_validator("signoff_digest", mode="before")
    @classmethod
    def _time_of_day(cls, value: object) -> object:
        if isinstance(value, str):
            if not (found := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value.strip())):
                raise ValueError(f"{value!r} is no time of day; write one like 09:00")
            return time(int(found[1]), int(found[2]))
        return value

    @field_validator("signoff_runners", "signoff_admins", "signoff_redact", "signoff_callback_hosts", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


def load(env_file: Path | None = None, **overrides: object) -> Settings:
    """Settings from the environment, then `env_file`. Raises `ConfigError` naming each variable that is wrong."""
    try:
        if env_file is not None and not env_file.is_file():
            raise ConfigError(f"{env_file}: no such file; copy .env.example to {env_file.name} and fill it in")
        return Settings(_env_file=env_file, **overrides)  # pyright: ignore[reportCallIssue, reportArgumentType]
    except OSError as wrong:
        raise ConfigError(f"{env_file} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{env_file} cannot be read: it is not text in UTF-8") from None
    except ValidationError as wrong:
        found = [f"{str(error['loc'][0]).upper()}: {error['msg']}" for error in wrong.errors(include_input=False)]
        raise ConfigError("settings: " + "; ".join(found)) from None


def needed(settings: Settings, *names: str) -> None:
    """Raises `ConfigError` naming those of the settings that are missing."""
    missing = [name.upper() for name in names if getattr(settings, name) is None]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} not set: put it in the environment or in .env (see .env.example); "
            "without a Slack workspace try `signoff demo`"
        )
