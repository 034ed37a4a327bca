"""What the commands share: their options, their settings, and how they end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from approvals.errors import InputError, SignoffError
from approvals.redact import Redactor
from approvals.settings import Settings, load
from bot import logs

EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", help="Settings beside the environment. Default: .env if it is there."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The graphs, in the LangGraph CLI's format. Default: langgraph.json.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


class Refused(SignoffError):
    """An expected no: exit status 1."""


def settings_of(env_file: Path | None, config: Path | None = None) -> Settings:
    """The settings of a command, with the log set up as they say."""
    beside = Path(".env")
    settings = load(env_file or (beside if beside.is_file() else None))
    logs.configure(settings.signoff_log_format, redactor=Redactor(settings.signoff_redact))
    return settings if config is None else settings.model_copy(update={"signoff_config": config})


def stdin_text() -> str:
    """What was piped in. Raises `InputError` for what is no text."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise InputError("stdin cannot be read: it is not text in UTF-8") from None


def run_until_done(work: Coroutine[Any, Any, None]) -> None:
    """Runs a command's work."""
    asyncio.run(work)
