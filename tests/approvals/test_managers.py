"""The file that says who is whose manager: what is read, what is refused, and that it is read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from approvals.errors import ConfigError
from approvals.managers import Managers, load


def written(folder: Path, text: str, name: str = "managers.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["", "# nobody yet\n", "{}"])
def test_an_empty_file_names_nobody(tmp_path: Path, text: str) -> None:
    """Nor is it an error: people are added later."""
    assert load(written(tmp_path, text)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "U0ANA: U0CLEO\nBen@Example.com: [cleo@example.com, U0DAN]\n",
        '{"U0ANA": "U0CLEO", "ben@example.com": ["Cleo@example.com", "U0DAN"]}',
    ],
)
def test_people_stand_by_id_or_address_in_yaml_or_json(tmp_path: Path, text: str) -> None:
    """Addresses are compared without case."""
    managers = Managers(written(tmp_path, text))
    assert managers.of("U0ANA", "ana@example.com") == ("U0CLEO",)
    assert managers.of("U0BEN", "BEN@example.com") == ("cleo@example.com", "U0DAN")
    assert managers.of("U0EVE") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- U0ANA\n", "managers.yaml:1: must be a mapping"),
        ("U0ANA: U0CLEO\nana: U0CLEO\n", "managers.yaml:2: ana: is no person"),
        ("U0ANA: Cleo\n", "managers.yaml:1: U0ANA: must be a user id"),
        ("U0ANA:\n", "managers.yaml:1: U0ANA: must be a user id"),
        ("U0ANA: {a: b}\n", "managers.yaml:1: U0ANA: must be a user id"),
        ("U0ANA: []\n", "managers.yaml:1: U0ANA: has no manager"),
        ("U0ANA: U0ANA\n", "managers.yaml:1: U0ANA: is their own manager"),
        ("a@b.cd: U0X1\n\nA@b.cd: U0Y1\n", "managers.yaml:3: a@b.cd: stands here a second time"),
        ("[U0ANA]: U0CLEO\n", "managers.yaml:1: a key: is no person"),
        ("U0ANA: U0CLEO\n  x\n:", "managers.yaml:"),
        ("U0ANA: [[[", "not YAML"),
        ("\x00", "not YAML"),
    ],
)
def test_what_is_wrong_names_the_line_and_the_person(tmp_path: Path, text: str, said: str) -> None:
    """Each finding with what to do."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_refused_with_the_setting(tmp_path: Path) -> None:
    """At the start, not when somebody first asks."""
    with pytest.raises(ConfigError, match="SIGNOFF_MANAGERS"):
        Managers(tmp_path / "nowhere.yaml")


def test_every_finding_is_listed(tmp_path: Path) -> None:
    """Not only the first."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, "x: U0A1\nU0ANA: y\n"))
    assert len(str(caught.value).splitlines()) == 2


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A broken one is not taken: what was known goes on to count until it is mended."""
    path = written(tmp_path, "U0ANA: U0CLEO\n")
    managers = Managers(path)

    def now(text: str, at: int) -> tuple[str, ...]:
        written(tmp_path, text)
        os.utime(path, (at, at))
        return managers.of("U0ANA")

    assert now("U0ANA: U0DAN1\n", 1_000_000_000) == ("U0DAN1",)
    assert now("U0ANA: [\n", 1_000_000_001) == ("U0DAN1",)
    assert now("U0ANA: U0EVE1\n", 1_000_000_002) == ("U0EVE1",)
    path.unlink()
    assert managers.of("U0ANA") == ("U0EVE1",)
