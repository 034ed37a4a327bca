"""What a start makes of its policy file."""

from __future__ import annotations

from pathlib import Path

import structlog

from approvals import policies
from approvals.book import PolicyBook, Replaced
from approvals.errors import ConfigError
from approvals.refusals import Refusal
from approvals.settings import Settings

log = structlog.get_logger()


async def apply_file(book: PolicyBook, settings: Settings) -> None:
    """What a start does: the policy file counts if its text never did before.

    Raises `ConfigError` with every finding.
    """
    if (path := settings.signoff_policies) is None:
        return
    done = await book.apply(policies.text_of(path), path.name)
    if isinstance(done, Replaced):
        log.warning(
            "policy file is behind",
            action="policies.replaced",
            file=str(path),
            says_version=done.earlier,
            counts_version=done.now,
            remedy=replaced(path, done),
        )
        return
    if isinstance(done, Refusal):
        raise ConfigError(policies.listed(done.findings, path.name))
    if done is not None and done.new:
        log.info("policies published", action="policies.published", version=done.version.number, file=str(path))


def replaced(path: Path, found: Replaced) -> str:
    """What somebody does who meant to go back; nothing, where a replica is just behind."""
    return (
        f"version {found.now} counts on; to go back on purpose: signoff policy apply {path}, "
        f"or signoff policy rollback {found.earlier}"
    )
