"""Logs go to stderr, one line per event, each of ours with an `action`. stdout belongs to the command's answer.

As JSON every line is one object, whoever wrote it: ours, other libraries', warnings of Python, and what nobody caught.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog

from approvals.redact import MASK, Redactor, heard
from bot import tracing


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


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that a terminal obeys; a tab and a new line are none of them."""


class _Stderr(io.TextIOBase):
    """stderr as it is when a line is written: tests and tools put another in its place."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(form: Literal["console", "json"], *, level: int = logging.INFO, redactor: Redactor | None = None) -> None:
    """For the whole process, the standard library's loggers included. In the form `json` also warnings, and exceptions
    that nobody caught."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    hide = without_secrets(redactor or Redactor())
    if form == "json":
        last: list[Any] = [structlog.processors.format_exc_info, hide, as_json]
    else:
        plain = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        last = [structlog.processors.format_exc_info, hide, plain]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(_Stderr())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_drop_meta, *last]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _nothing_else(form == "json")


def as_json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """One line. What JSON has no word for is written as Python would show it."""
    try:
        return json.dumps(_plain(event), default=repr, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as wrong:
        return json.dumps({"event": str(event.get("event")), "action": "log.malformed", "why": str(wrong)})


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in cast("Iterable[Any]", value)]
    return value


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.update(tracing.current())
    return event


class _Handler(logging.StreamHandler[_Stderr]):
    """A line whose arguments do not fit its text is a line as well."""

    def handleError(self, record: logging.LogRecord) -> None:
        failed = sys.exc_info()[1]
        structlog.get_logger().warning(
            "malformed log call", action="log.malformed", logger=record.name, text=str(record.msg), why=str(failed)
        )


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        about = (kind, error, trace)
        structlog.get_logger().critical("uncaught", action="process.uncaught", exc_info=about)


_before: list[Any] = []
"""What stood in the places that `_nothing_else` took."""


def _nothing_else(json_lines: bool) -> None:
    """Takes over, or gives back, what Python writes to stderr by itself."""
    if json_lines and not _before:
        _before.extend((sys.excepthook, threading.excepthook, sys.unraisablehook))
        logging.captureWarnings(True)
        sys.excepthook = _uncaught
        threading.excepthook = lambda caught: _uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
        sys.unraisablehook = lambda caught: _uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
    elif _before and not json_lines:
        sys.excepthook, threading.excepthook, sys.unraisablehook = _before
        logging.captureWarnings(False)
        _before.clear()


def last_words(text: str) -> None:
    """Why a command ends: one paragraph for people, else a line like the others. What it repeats of what was given
    never moves a terminal's cursor, and never stands as a paragraph of its own."""
    if _before:
        structlog.get_logger().error(text, action="process.ended")
    else:
        print(f"signoff: {_one_paragraph(text)}", file=sys.stderr)  # noqa: T201 - the command line's own voice


def _one_paragraph(text: str) -> str:
    plain = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return re.sub(r"\n\s*\n", "\n", plain)


def defect(error: Exception) -> None:
    """The traceback of a defect of ours, in the same way."""
    if _before:
        _uncaught(type(error), error, error.__traceback__)
    else:
        traceback.print_exception(error)


def _drop_meta(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)
