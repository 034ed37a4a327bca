"""SIGNOFF_LOG_FORMAT=json: every line on stderr is one JSON object, whoever wrote it."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from bot import cli, logs


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was written since the start, each line parsed as strict JSON."""
    logs.configure("json")
    capsys.readouterr()

    def strict(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    yield lambda: [json.loads(line, parse_constant=strict) for line in capsys.readouterr().err.splitlines()]
    logs.configure("console")


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines\u2028",
        float("nan"),
        {("a", 1): float("inf")},
        "\ud800",
        b"\xff",
        object(),
        [{1: {2: {3}}}],
        Path("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_logged(lines: Callable[[], list[dict[str, Any]]], value: object) -> None:
    """Ours, and another library's."""
    structlog.get_logger().info("ours", action="a", value=value)
    logging.getLogger("theirs").warning("theirs %s", value)
    ours, theirs = lines()
    assert (ours["event"], ours["action"], ours["level"]) == ("ours", "a", "info")
    assert theirs["event"].startswith("theirs ")
    assert ours["timestamp"].endswith("Z")


def test_tracebacks(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Within their line, of both kinds of loggers, uvicorn's among them."""
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        structlog.get_logger().exception("ours", action="a")
        logging.getLogger("uvicorn.error").exception("theirs")
    found = lines()
    assert len(found) == 2
    assert all("RuntimeError: first\nsecond" in line["exception"] for line in found)


def test_a_log_call_that_does_not_fit(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Arguments that do not go with the text: said in a line, where the standard library prints a traceback."""
    record = logging.LogRecord("theirs", logging.WARNING, "x.py", 1, "%d apples", ("no",), None)
    for handler in logging.getLogger().handlers:  # pytest's own, which stand beside ours, would raise
        if type(handler).__module__ == logs.__name__:
            handler.handle(record)
    (line,) = lines()
    assert line["action"] == "log.malformed"
    assert line["text"] == "%d apples"


def test_warnings_and_what_nobody_caught(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Python's own warnings, a thread that dies, an exception that ends the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("lost"), None)
    warned, died, ended = lines()
    assert "DeprecationWarning: old" in warned["event"]
    assert died["action"] == ended["action"] == "process.uncaught"
    assert "ZeroDivisionError" in died["exception"]
    assert "ValueError: lost" in ended["exception"]


def test_a_line_within_a_span_names_its_trace(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """So that one leads to the other; outside of one nothing is named."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    with tracer.start_as_current_span("s") as span:
        structlog.get_logger().info("within", action="a")
        logging.getLogger("theirs").warning("within")
    structlog.get_logger().info("without", action="a")
    *within, without = lines()
    assert [line["trace_id"] for line in within] == [f"{span.get_span_context().trace_id:032x}"] * 2
    assert "trace_id" not in without


def test_a_command_that_ends_with_a_mistake(
    lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its last words are a line like the others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGNOFF_LOG_FORMAT", "json")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(sys, "argv", ["signoff", "list"])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    *_, last = lines()
    assert last["action"] == "process.ended"
    assert "REDIS_URL" in last["event"]
