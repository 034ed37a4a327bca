"""What all tests share: one embedded server for the whole run, a clean database for each test, and a clock to turn."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from approvals.store.embedded import EmbeddedServer
from approvals.store.redis import RedisStore, connect
from bot import logs

logs.configure("console")
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its workers, and what is printed would be cut there


# How long an example takes says nothing here: these machines are noisy. In CI the same examples are tried each time.
settings.register_profile(
    "signoff",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("signoff")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--screenshots FOLDER`: the browser tests write what they see there."""
    parser.addoption("--screenshots", default=None, help="write pictures of the page into this folder")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a worker captured goes to the others as UTF-8, which has no half of a surrogate pair; some tests log one."""
    report = yield
    report.sections = [(name, _encodable(text)) for name, text in report.sections]
    if report.failed and _encodable(report.longreprtext) != report.longreprtext:
        report.longrepr = _encodable(report.longreprtext)
    return report


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


class VirtualClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> datetime:
        """Forward by so many `seconds`, `minutes`, `hours`, `days`."""
        self.now += timedelta(**by)
        for until, waked in self._sleepers:
            if until <= self.now and not waked.done():
                waked.set_result(None)
        self._sleepers = [(until, waked) for until, waked in self._sleepers if not waked.done()]
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Until it was turned so far."""
        waked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + timedelta(seconds=seconds), waked))
        await waked


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The real server, with its modules; started once."""
    folder: Path = tmp_path_factory.mktemp("server")
    with EmbeddedServer(folder, persist=False) as running:
        yield running


@pytest.fixture(scope="session")
def server_url(server: EmbeddedServer) -> str:
    """`REDIS_URL` of the shared server."""
    return os.environ.get("TEST_REDIS_URL", server.url)


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The same without modules, as managed servers are; started once, if any test asks for it."""
    with EmbeddedServer(tmp_path_factory.mktemp("plain"), persist=False, modules=False) as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`both_servers`: the test runs on a server with the modules, and on one without."""
    if "saver_kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_servers"):
        metafunc.parametrize("saver_kind", ["redis", "valkey"])


@pytest.fixture
def saver_kind() -> str:
    """Which saver the server leads to: `redis` with the modules, `valkey` without."""
    return "redis"


@pytest.fixture
def any_server_url(request: pytest.FixtureRequest, saver_kind: str, server_url: str) -> str:
    """`REDIS_URL` of the shared server of that kind."""
    if saver_kind == "redis":
        return server_url
    plain: EmbeddedServer = request.getfixturevalue("plain_server")
    return os.environ.get("TEST_PLAIN_REDIS_URL", plain.url)


@pytest.fixture
async def redis_url(any_server_url: str) -> str:
    """The shared server, emptied before the test. (Its search indexes go too: whoever needs them makes them anew.)"""
    redis = connect(any_server_url)
    await redis.flushall()
    await redis.aclose()
    await redis.connection_pool.aclose()
    return any_server_url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The server itself, to look behind the store."""
    client = connect(redis_url)
    yield client
    await client.aclose()
    await client.connection_pool.aclose()


@pytest.fixture
async def store(redis_url: str, clock: VirtualClock) -> AsyncIterator[RedisStore]:
    """The real store on an empty server, by the virtual clock, with claim tokens that count up."""
    numbers = itertools.count(1)
    opened = RedisStore(connect(redis_url), clock=clock, token=lambda: f"t{next(numbers)}")
    yield opened
    await opened.close()
