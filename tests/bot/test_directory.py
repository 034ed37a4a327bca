"""Who an audience entry stands for, asked of the local Slack: managers, and whom nobody can decide with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from approvals.errors import ConfigError
from approvals.managers import Managers
from bot import slack as web
from bot.directory import FEW, Directory
from bot.slack import Slack
from localslack import GroupSeed, LocalSlack, Seed, UserSeed
from tests.conftest import VirtualClock

MANY = tuple(UserSeed(f"U1N{number}", f"n{number}", guest=number % 2 == 0) for number in range(FEW + 10))
MANAGERS = """
U0ANA: [nobody@example.com, cleo@example.com, U0GUS]
ben@example.com: U0ANA
U0CLEO: U0GUS
U0NEW: nobody@example.com
"""


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    seed = Seed.default()
    groups = (*seed.usergroups, GroupSeed("S0MANY", "many", tuple(user.id for user in MANY)))
    all_of_them = Seed(seed.team, seed.app, (*seed.users, *MANY), seed.channels, groups)
    async with LocalSlack(all_of_them) as running:
        yield running
        assert running.problems == []


def directory(slack: LocalSlack, clock: VirtualClock, managers: Managers | None = None) -> Directory:
    return Directory(Slack(web.client(slack.bot_token, slack.api_url)), clock=clock, managers=managers)


@pytest.fixture
def managed(slack: LocalSlack, clock: VirtualClock, tmp_path: Path) -> Directory:
    """With a file of managers."""
    path = tmp_path / "managers.yaml"
    path.write_text(MANAGERS)
    return directory(slack, clock, Managers(path))


async def test_a_manager_is_found_by_id_or_by_address(managed: Directory) -> None:
    """Of the requester whose id the entry names; only those of them who can decide are people. One whom Slack does not
    know leaves the others."""
    assert await managed.members("manager:U0ANA") == ("U0CLEO", "U0GUS")
    assert await managed.people("manager:U0ANA") == ("U0CLEO",)
    assert await managed.people("manager:U0BEN") == ("U0ANA",)


async def test_a_manager_decides(managed: Directory) -> None:
    """Whoever the file names is in the audience, nobody else; where nobody is named, nobody is."""
    assert (await managed.actor("U0CLEO", None, ("manager:U0ANA",))).audiences == {"manager:U0ANA"}
    assert (await managed.actor("U0BEN", None, ("manager:U0ANA",))).audiences == frozenset()
    assert (await managed.actor("U0CLEO", None, ("manager:U0DEE", "manager:U0NEW"))).audiences == frozenset()


async def test_who_has_no_manager_is_said_with_the_place_to_add_one(managed: Directory) -> None:
    """The person by id and address, and the file."""
    with pytest.raises(ConfigError, match=r"manager:U0DEE names nobody: .*managers\.yaml has no manager for U0DEE"):
        await managed.members("manager:U0DEE")
    with pytest.raises(ConfigError, match=r"U0XIA or xia@partner\.example"):
        await managed.members("manager:U0XIA")


async def test_without_a_file_the_setting_is_named(slack: LocalSlack, clock: VirtualClock) -> None:
    """The remedy is to set it."""
    with pytest.raises(ConfigError, match="SIGNOFF_MANAGERS"):
        await directory(slack, clock).members("manager:U0ANA")


@pytest.mark.parametrize("entry", ["U0GUS", "U0DEE", "U0XIA", "U0BOT", "U0NOBODY", "manager:U0CLEO"])
async def test_an_entry_with_nobody_who_can_decide_names_nobody(managed: Directory, entry: str) -> None:
    """Guests, the deactivated, strangers, bots and unknown people count nowhere, alone or as somebody's manager."""
    with pytest.raises(ConfigError, match="names nobody who can decide"):
        await managed.people(entry)


async def test_a_channel_is_its_full_members(managed: Directory) -> None:
    """Not the guest, the stranger and the bot who are in it."""
    assert await managed.people("#approvals") == ("U0ANA", "U0BEN", "U0CLEO")


async def test_many_people_cost_few_calls(managed: Directory, slack: LocalSlack, clock: VirtualClock) -> None:
    """A large group is looked up in the list of everybody, once a minute."""
    half = tuple(user.id for user in MANY if not user.guest)
    assert await managed.people("@many") == half
    assert await managed.people("@many") == half
    assert len(slack.calls("users.list")) == 1
    assert slack.calls("users.info") == []
    slack.world.users[half[0]].deactivated = True
    clock.turn(seconds=61)
    assert await managed.people("@many") == half[1:]
