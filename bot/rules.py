"""What a start makes of its policy file."""

from __future__ import annotations

import structlog

from approvals import policies
from approvals.book import PolicyBook
from approvals.errors import ConfigError
from approvals.refusals import Refusal
from approvals.settings import Settings

log = structlog.get_logger()


async def apply_file(book: PolicyBook, settings: Settings) -> None:
    """What a start does: the policy file counts if it is another than the one that was last applied.

    Raises `ConfigError` with every finding.
    """
    if (path := settings.signoff_policies) is None:
        return
    done = await book.apply(policies.text_of(path), path.name)
    if isinstance(done, Refusal):
        raise ConfigError(policies.listed(done.findings, path.name))
    if done is not None and done.new:
        log.info("policies published", action="policies.published", version=done.version.number, file=str(path))
