"""Every command with anything after it: a status of its own and a sentence, never a traceback, and nothing half done.

The commands are those that the parser knows: one that is added is tried by this as it is.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
import redis as sync
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.settings import Settings
from bot import cli, logs

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD, CALLBACKS = "hunter2", "aHVudGVyMg=="
GOOD = (
    'run refund --thread mine --input {"customer":"8821","amount":340.0}',
    "keys create ci",
    "policy apply good.yaml",
    "audit seal",
    "audit archive --until 9999-12-31 --to archive.gz",
)
ID = "(id)"
IDS: list[str] = []
"""Of the approval that waits."""
SERVES = {("serve",), ("demo",)}
"""They go on until they are stopped: only what they refuse is tried, below."""

GOOD_RULES = b'version: 1\ndefault: {channel: "#approvals"}\n'
REPORTS = {("doctor",), ("audit", "verify"), ("audit", "verify-receipt"), ("policy", "check"), ("policy", "lint")}
"""What is wrong is what they were asked for: it may stand on stdout."""

FILES: Mapping[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "folder/": None,
    "binary": bytes(range(256)),
    "nul.json": b'{"version": 1, "of": "a\x00b"}',
    "huge.json": b'{"version": ' + b"9" * 5000 + b', "signoff_audit": 1e999, "graphs": {"a": 1}}',
    "half.json": b'{"signoff_audit": 1, "of": "\\ud800", "graphs": {"\\ud800": "./a.py:b"}}',
    "deep.json": b"[" * 1200,
    "array.json": b"[1, 2]",
    "broken.json": b'{"graphs": ',
    "broken.yaml": b"version: 1\n\tdefault: [\n",
    "bomb.yaml": b"a: &a [x, x]\nb: &b [*a, *a]\nversion: *b\n? [1, 2]\n: 3\n",
    "good.yaml": GOOD_RULES,
    "two\nlines.yaml": b"version: one\n",
    "broken.gz": b"\x1f\x8b\x08\x00 and no more",
    "archive.gz": None,
    "receipt.json": None,
    "torn.env": b"REDIS_URL\n=\nSIGNOFF_ATTEMPTS='\n",
}
NUMBERS = ["0", "1", "-1", "9" * 19, "9" * 30, "9" * 5000, "1.5", "0x10", "NaN", "\u0663", "\u00b2", "", "one"]
TEXTS = [
    "refund", "question", "nothing", "U0ANA", "AAAAAAAAAAAAAAAA", "t-1", "mine", "0", "9" * 30, "", " ", "-", "é",
    "x" * 3000, "\x1b[31m", "[bold]", "two\nlines", "a\udcffb", "{}", "[]", "null", '{"a": 1}',
    '{"customer": "8821", "amount": 1.0}', "[" * 3000, "1e999", '"\\ud800"', "2026-11-02", "0001-01-01",
    "9999-12-31T23:59:59-23:59", "2026-11-02T09:00", "90d", "99999999999d", "1=" + "0" * 64,
    "9" * 12 + "=" + "f" * 64, "@ana", "redis://x",
]  # fmt: skip


Words = tuple[str, ...]


def leaves(command: Any, path: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command that does something, by its words."""
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from leaves(each, (*path, name))
    if not inner or getattr(command, "invoke_without_command", False):
        yield path, command


PARSER = typer.main.get_command(cli.app)
COMMANDS = dict(leaves(PARSER))


def kind(parameter: Any) -> Any:
    """What a parameter takes: `str`, `int`, `bool`, `Path` or an enumeration."""
    found = parameter.type_descriptor.annotation
    while inner := [each for each in get_args(found) if each is not type(None)]:
        found = inner[0]
    return found


def is_enum(wanted: Any) -> bool:
    """Whether it takes one of a few words."""
    return isinstance(wanted, type) and issubclass(wanted, Enum)


def values(parameter: Any) -> st.SearchStrategy[str]:
    """What may stand there, and what may not."""
    wanted = kind(parameter)
    anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
    files = st.sampled_from(list(FILES))
    if wanted is int:
        return st.one_of(st.sampled_from(["0", "1", "2"]), st.sampled_from(NUMBERS), anything)
    if wanted is Path:
        return st.one_of(
            files, files, st.sampled_from(["-", "", "new", "folder/new", "missing/new", "n" * 300]), anything
        )
    if is_enum(wanted):
        return st.one_of(st.sampled_from([each.value for each in wanted]), st.sampled_from(TEXTS))
    return st.one_of(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.just(ID), files, anything)


@st.composite
def arguments(draw: st.DrawFn, path: Words) -> list[str]:
    """Of a command: what it needs, most of the time; some of what it takes; at times a word too many."""
    words: list[str] = []
    for parameter in COMMANDS[path].params:
        flag, positional = kind(parameter) is bool, parameter.param_type_name == "argument"
        odds = 12 if parameter.required else 2
        if not draw(st.integers(0, odds)):
            continue
        if not parameter.required and not positional and draw(st.booleans()):
            continue
        if not positional:
            words.append(parameter.opts[0])
        if not flag:
            words.append(draw(values(parameter)))
    if not draw(st.integers(0, 9)):
        words.append(draw(st.sampled_from(["--help", "--", "--nothing", "-", "more", "--json"])))
    return words


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


def ran(words: Sequence[str], given: bytes = b"") -> Ran:
    """Runs one command with the streams that a process has: what cannot be encoded fails as it does there."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["signoff", *words], io.TextIOWrapper(io.BytesIO(given), "utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv, sys.stdin = before
        logs.configure("console")
    told = [(stream.flush(), stream.buffer.getvalue().decode())[1] for stream in (out, err)]  # pyright: ignore[reportAttributeAccessIssue]
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, *told)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Iterator[sync.Redis]:
    """An environment of its own with secrets in it, in a folder with bad files and some good ones, over a server that
    asks for a password and on which something of everything is kept."""
    redis: Any = sync.Redis.from_url(server_url)
    redis.flushall()
    redis.execute_command("ACL", "SETUSER", "fuzz", "on", f">{PASSWORD}", "~*", "&*", "+@all")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fuzz"))
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.setenv("REDIS_URL", server_url.replace("://", f"://fuzz:{PASSWORD}@"))
        patch.setenv("SIGNOFF_NAMESPACE", "fuzz")
        patch.setenv("SIGNOFF_CHANNEL", "C0APPROVALS")
        patch.setenv("SIGNOFF_CONFIG", str(ROOT / "langgraph.json"))
        patch.setenv("SIGNOFF_CALLBACK_SECRET", f"whsec_{CALLBACKS}")
        patch.setenv("COLUMNS", "300")
        patch.setattr(cli, "app", PARSER)  # which is made anew at each call, else
        for name, data in FILES.items():
            if data is not None:
                Path(name).write_bytes(data)
            elif name.endswith("/"):
                Path(name).mkdir()
        for command in GOOD:
            done = ran(command.split())
            assert done.status == 0, done
        (approval,) = json.loads(ran(["list", "--json"]).out)
        IDS.append(approval["id"])
        Path("receipt.json").write_text(ran(["receipt", approval["id"]]).out)
        yield redis
    redis.execute_command("ACL", "DELUSER", "fuzz")
    redis.close()


def kept(redis: Any) -> dict[bytes, bytes]:
    """Everything that is kept, byte by byte."""
    keys = sorted(redis.keys("*"))
    return dict(zip(keys, (redis.dump(key) for key in keys), strict=True))


def looks_right(ran: Ran, path: Words, words: Sequence[str]) -> None:
    """A documented status, a sentence where it is no, one document where one was asked for, and no secret."""
    what = (path, words, ran)
    assert ran.status in (0, 1, 2), what
    assert "Traceback" not in ran.err, what
    assert "hunter2" not in ran.out + ran.err, what
    assert CALLBACKS not in ran.out + ran.err, what
    if ran.status and path not in REPORTS:
        said = ran.err.partition("signoff: ")[2] if "signoff: " in ran.err else ran.err
        assert said.strip(), what
        assert "\n\n" not in said.strip(), what
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", said), what
    if "--json" in words and "--help" not in words and ran.out.strip():
        for document in ran.out.splitlines() if path == ("audit",) else [ran.out]:
            json.loads(document)


def tried(redis: Any, path: Words, words: Sequence[str], given: bytes = b"") -> Ran:
    """Runs it and looks. What is refused as it stands there has changed nothing."""
    words = [IDS[0] if word == ID else word for word in words]
    before, files = kept(redis), set(Path().rglob("*"))
    found = ran([*path, *words], given)
    made = set(Path().rglob("*")) - files
    looks_right(found, path, words)
    if found.status == 2 or (found.status and path not in REPORTS):
        assert kept(redis) == before, (path, words, found)
        assert not made, (path, words, found)
    for file in made:
        file.unlink()
    return found


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in SERVES], ids=" ".join)
@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_arguments(ready: sync.Redis, path: Words, data: st.DataObject) -> None:
    """0, 1 or 2; 70 would be a defect of ours."""
    tried(ready, path, data.draw(arguments(path)), data.draw(st.sampled_from([b"", b"{}", b"\xff", GOOD_RULES])))


def _filled(parameter: Any) -> list[str]:
    """Something that a required parameter may be."""
    wanted = kind(parameter)
    usual = {"until": "2026-11-02", "question": "{}", "graph": "refund"}.get(parameter.name, ID)
    value = next(iter(wanted)).value if is_enum(wanted) else usual
    return [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]


def _places() -> dict[str, tuple[Words, list[str], str]]:
    """Where a file may be named: one command for each way to name one, with the rest of what it needs."""
    found: dict[str, tuple[Words, list[str], str]] = {}
    for path, command in sorted(COMMANDS.items(), key=lambda each: len(each[1].params)):
        for parameter in command.params:
            if kind(parameter) is not Path or path in {*SERVES, ("doctor",)}:
                continue
            option = "" if parameter.param_type_name == "argument" else parameter.opts[0]
            rest = [
                word for each in command.params if each.required and each is not parameter for word in _filled(each)
            ]
            shared = option in ("--env-file", "--config")  # read in one place for all commands
            found.setdefault(option if shared else " ".join((*path, option)).strip(), (path, rest, option))
    return found


@pytest.mark.parametrize("place", _places())
def test_any_file(ready: sync.Redis, place: str) -> None:
    """Missing, empty, a folder, binary, broken, too large, too deep: what is refused is named."""
    path, rest, option = _places()[place]
    for name in FILES:
        before = Path(name).read_bytes() if Path(name).is_file() else None
        found = tried(ready, path, [*rest, *([option, name] if option else [name])])
        plain = name.strip("/").partition("\n")[0]
        assert found.status != 2 or plain in found.err + found.out or path in REPORTS, (path, name, found)
        assert before is None or Path(name).read_bytes() == before


REFUSED: Mapping[str, tuple[list[str], bytes, str]] = {
    "input is no text": (["run", "refund", "--input", "-"], b"\xff\xfe", "stdin cannot be read"),
    "policies are no text": (["policy", "check", "-"], b"\xff\xfe", "stdin cannot be read"),
    "settings are no text": (["list", "--env-file", "binary"], b"", "binary cannot be read: it is not text"),
    "a name that is too long": (["list", "--env-file", "n" * 300], b"", "cannot be read: File name too long"),
    "bytes that are no text": (["show", "caf\udce9"], b"", r"b'caf\xe9' is not text in UTF-8"),
    "an escape sequence": (["show", "\x1b[2Jgone"], b"", r"there is no approval \x1b[2Jgone"),
    "paragraphs": (["show", "one\n\n \ntwo"], b"", "there is no approval one\ntwo"),
    "a port beyond all": (["demo", "--port", "70000"], b"", "--port"),
    "a port that is none": (["demo", "--port", "http"], b"", "--port"),
    "data in a file": (["demo", "--port", "0", "--data", "binary"], b"", "--data binary"),
    "data below a file": (["demo", "--port", "0", "--data", "binary/x"], b"", "--data binary/x"),
    "a word too many for the demo": (["demo", "more"], b"", "more"),
    "an option that serving has not": (["serve", "--port", "1"], b"", "--port"),
    "serving without its settings": (["serve", "--env-file", "gone"], b"", "gone: no such file"),
    "serving what is no graph file": (["serve", "--config", "array.json"], b"", "array.json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_found(ready: sync.Redis, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, in one paragraph, before anything is started."""

    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr("localslack.LocalSlack.start", started)
    monkeypatch.setattr("approvals.store.embedded.EmbeddedServer.start", started)
    words, given, said = REFUSED[name]
    found = tried(ready, (words[0],), words[1:], given)
    assert found.status in (1, 2)
    assert found.out == ""
    assert said in found.err


URLS = (
    "redis://:hun/ter2@127.0.0.1:1/0",
    "redis://:hunter2#x@127.0.0.1:1/0",
    "redis://u:hunter2@127.0.0.1:hunter2/0",
    "redis://:hunter2@127.0.0.1:1/0?hunter2=1",
    "redis+sentinel://:hun/ter2@127.0.0.1:1/master",
    "hunter2",
)


@pytest.mark.parametrize("url", URLS)
def test_a_server_that_is_misspelt_is_named_without_its_password(
    ready: sync.Redis, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slash or a hash in a password makes a part of it a port."""
    monkeypatch.setenv("REDIS_URL", url)
    for path in (("list",), ("serve",), ("policy", "history")):
        found = tried(ready, path, [])
        assert found.status == 2
        assert "REDIS_URL cannot be read" in found.err
        assert re.search("hun|ter2", found.err) is None


def test_callbacks_are_all_sent_again_or_none(ready: sync.Redis) -> None:
    """One id that is no good, and nothing is done for the others either."""
    found = tried(ready, ("callbacks", "replay"), [ID, "AAAAAAAAAAAAAAAA"])
    assert found.status == 1
    assert IDS[0] in found.err
