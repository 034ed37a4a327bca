"""No secret in a log line: not as a value, not in a text, not in a traceback, not from another library's logger."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from approvals.redact import MASK, Redactor
from approvals.settings import Settings
from bot import logs

SECRETS = {
    "slack_bot_token": "xoxb-hunter2-1",
    "slack_app_token": "xapp-hunter2-2",
    "slack_signing_secret": "hunter2-3",
    "redis_url": "redis://user:hunter2-4@host/0",
}


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """In both forms, as a command sets them up."""
    logs.configure(request.param, redactor=Redactor(["*password*", "pin"]))
    capsys.readouterr()
    yield capsys
    logs.configure("console")


def test_no_line_holds_one(written: pytest.CaptureFixture[str]) -> None:
    """Whatever is handed to a logger."""
    settings = Settings.model_validate(SECRETS)
    log = structlog.get_logger()
    log.info("started", action="a", settings=settings, url=settings.redis_url.get_secret_value())
    log.info(
        "token xoxb-hunter2-1",
        action="a",
        password="hunter2",
        args={"pin": "hunter2", "deep": [{"Password": "hunter2"}]},
    )
    log.info("sent", action="a", header="Authorization: Bearer hunter2abc", body='{"password": "hunter2"}')
    try:
        raise RuntimeError("cannot reach redis://user:hunter2-4@host/0 with password=hunter2")
    except RuntimeError:
        log.exception("failed", action="a")
        logging.getLogger("some.library").exception("failed with %s", "xapp-hunter2-2")
    logging.getLogger("some.library").warning("posting to https://u:hunter2@hooks.example/x")
    said = written.readouterr().err
    assert said.count(MASK) >= 9 or said.count("\\u2022" * 6) >= 9, said
    assert "hunter2" not in said
    assert "started" in said
    assert "cannot reach redis://user" in said


def test_settings_show_none_of_them() -> None:
    """Neither printed nor dumped."""
    settings = Settings.model_validate(SECRETS)
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in shown
