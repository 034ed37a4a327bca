"""What is shipped to run Signoff with: the image, the compose file, the unit. Read closely: no test starts them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import run
from threading import Thread
from typing import Any

import pytest
import yaml

from approvals.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FILES = ("Dockerfile", "compose.yaml", "docs/signoff.service")
DEFAULTS = Settings.model_validate({})


def text(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_a_setting(name: str) -> None:
    """No file names a variable that nobody reads."""
    known = {field.upper() for field in Settings.model_fields}
    assert set(re.findall(r"\b(?:SIGNOFF|SLACK|REDIS)_[A-Z_]+", text(name))) <= known


# -- the image


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each, with continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", text("Dockerfile"))
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def given(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def ignored(path: str) -> bool:
    """By the rules of `.dockerignore`, of which the last that matches counts."""
    out = False
    for rule in text(".dockerignore").splitlines():
        if rule and not rule.startswith("#"):
            wanted = rule.lstrip("!").rstrip("/")
            if fnmatch(path, wanted):
                out = not rule.startswith("!")
    return out


def test_the_image_holds_what_the_wheel_is_made_of() -> None:
    """What is copied is there, not ignored, and every package that pyproject.toml names."""
    built = [part for rest in given("COPY") if not rest.startswith("--from") for part in shlex.split(rest)[:-1]]
    assert all((ROOT / part).exists() for part in built)
    assert [part for part in built if ignored(part.rstrip("/"))] == []
    assert ignored("tests")
    assert ignored(".env")
    project = tomllib.loads(text("pyproject.toml"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) <= {part.rstrip("/") for part in built}
    assert {project["project"]["readme"], *project["project"]["license-files"], "requirements.lock"} <= set(built)
    (extras,) = re.findall(r'"signoff\[(.*?)\]"', text("Dockerfile"))
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()


def test_what_is_installed_is_what_is_locked() -> None:
    """All comes from the lock, by hash, and nothing is resolved anew: no release of tomorrow breaks an install."""
    installs = [line for line in text("Makefile").splitlines() if "pip install" in line]
    images = [rest for rest in given("RUN") if "pip wheel" in rest and "requirements.lock" in rest]
    assert installs
    assert images
    assert all("--no-deps" in line for line in [*installs, *images])
    assert any("--require-hashes" in line and "requirements.lock" in line for line in installs)


def test_the_image_is_made_with_care() -> None:
    """Two stages of the Python that the lock is for, files checked by hash, not as root, no tools to download with."""
    names = [name for name, _ in instructions()]
    known = {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert set(names) <= known
    (version,) = set(re.findall(r"--python-version (\S+)", text("requirements.lock")))
    assert given("FROM") == [f"python:{version}-slim AS build", f"python:{version}-slim"]
    assert any("--require-hashes" in rest and "requirements.lock" in rest for rest in given("RUN"))
    assert any("--no-index" in rest for rest in given("RUN"))
    assert not re.search(r"\b(curl|wget|apt-get|sudo)\b", text("Dockerfile"))
    assert given("USER") == ["10001"]
    assert names.index("USER") > names.index("FROM", 1)
    assert (json.loads(given("ENTRYPOINT")[0]), json.loads(given("CMD")[0])) == (["signoff"], ["serve"])
    assert given("EXPOSE") == [str(DEFAULTS.signoff_http_port)]


@pytest.fixture
def well() -> Iterator[tuple[int, list[int]]]:
    """A port, and the status that /healthz answers there."""
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0] if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_port, status
    server.shutdown()
    server.server_close()


def test_the_health_check_of_the_image(well: tuple[int, list[int]]) -> None:
    """The very command: it passes where /healthz answers 200, and fails where it answers 503."""
    port, status = well
    command = json.loads(given("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python"
    check = [sys.executable, "-I", *command[1:]]
    env = {**os.environ, "SIGNOFF_HTTP_PORT": str(port)}
    assert run(check, env=env, capture_output=True, check=False, timeout=60).returncode == 0
    status[0] = 503
    assert run(check, env=env, capture_output=True, check=False, timeout=60).returncode != 0


# -- compose


def test_the_compose_file() -> None:
    """Keys that compose knows; a Redis that forgets nothing and is waited for; files that are there; time to stop."""
    compose: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    assert compose.keys() == {"services", "volumes"}
    services = compose["services"]
    known = {"image", "build", "command", "env_file", "environment", "volumes", "ports", "depends_on", "healthcheck"}
    known |= {"restart", "stop_grace_period", "read_only", "tmpfs", "cap_drop", "security_opt"}
    assert all(service.keys() <= known for service in services.values())
    redis, signoff = services["redis"], services["signoff"]
    options = dict(zip(redis["command"][1::2], redis["command"][2::2], strict=True))
    assert (options["--appendonly"], options["--maxmemory-policy"]) == ("yes", "noeviction")
    assert redis["image"] == "redis:8"
    assert redis["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert "ports" not in redis, "nobody but Signoff reaches it"
    assert signoff["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert signoff["environment"]["REDIS_URL"] == "redis://redis:6379/0"
    assert all(port.startswith("127.0.0.1:") for port in signoff["ports"])
    sources = [volume.split(":")[0] for volume in signoff["volumes"]]
    assert all((ROOT / source).exists() for source in sources), sources
    assert {volume.split(":")[0] for volume in redis["volumes"]} == compose["volumes"].keys()
    assert int(signoff["stop_grace_period"].rstrip("s")) > DEFAULTS.signoff_shutdown_seconds
    Settings.model_validate({name.lower(): value for name, value in signoff["environment"].items()})


# -- systemd


def unit() -> ConfigParser:
    """systemd's format, in which a key may stand twice."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    parser.read_string(text("docs/signoff.service"))
    return parser


def test_the_unit() -> None:
    """It serves, comes back, has time to stop, and is shut in."""
    parser = unit()
    assert parser.sections() == ["Unit", "Service", "Install"]
    service = parser["Service"]
    assert service["ExecStart"].endswith("/bin/signoff serve")
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) > DEFAULTS.signoff_shutdown_seconds
    assert (service["DynamicUser"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "yes", "strict")
    assert service["CapabilityBoundingSet"] == ""
    environment = dict(entry.split("=", 1) for entry in service["Environment"].split())
    assert Settings.model_validate({name.lower(): value for name, value in environment.items()}).signoff_http


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing wrong but that Signoff is not installed in /opt."""
    copy = tmp_path / "signoff.service"
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text("docs/signoff.service"), flags=re.MULTILINE))
    checked = run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in checked.stderr.splitlines() if "signoff.service" in line]
    assert ours == []
