"""Logs go to stderr, one line per event, each with an `action`. stdout belongs to the command's answer."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Literal, TextIO, cast

import structlog

from approvals.redact import MASK, Redactor, heard


def without_secrets(redactor: Redactor) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """What looks like a secret, or was hidden in a record, never reaches a log line, whoever put it into a text."""

    def hide(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        known = tuple(heard)
        for key, value in event.items():
            event[key] = _hidden(redactor, key, value, known)
        return event

    return hide


def _hidden(redactor: Redactor, key: str, value: Any, known: Sequence[str]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if redactor.hides(key, value):
        return MASK
    if isinstance(value, str):
        return redactor.text(value, known)
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {name: _hidden(redactor, str(name), entry, known) for name, entry in entries.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(redactor, key, entry, known) for entry in cast("Iterable[Any]", value)]
    return redactor.text(repr(value), known)  # as it would be written


class _Stderr(io.TextIOBase):
    """stderr as it is when a line is written: tests and tools put another in its place."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(form: Literal["console", "json"], *, level: int = logging.INFO, redactor: Redactor | None = None) -> None:
    """For the whole process, the standard library's loggers included."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    hide = without_secrets(redactor or Redactor())
    if form == "json":
        last: list[Any] = [structlog.processors.format_exc_info, hide, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        last = [structlog.processors.format_exc_info, hide, plain]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_drop_meta, *last]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _drop_meta(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)
