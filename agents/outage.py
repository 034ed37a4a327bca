"""A server that is away, told from every other failure: nothing is known of a thread then, least of all that it is
empty."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from redis.exceptions import ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from approvals.errors import SignoffError

PASSING = (
    RedisConnectionError,
    RedisTimeoutError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)
"""What a server answers that will be itself again."""


class CheckpointerDown(SignoffError):
    """Redis cannot be read or written at present. Nothing is known of the thread: try again later."""


@contextmanager
def connection_errors() -> Generator[None]:
    """Raises `CheckpointerDown` for a server that is away, also where a library wrapped its error."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, PASSING):
                raise CheckpointerDown(f"Redis: {cause}") from error
            cause = cause.__cause__ or cause.__context__
        raise
