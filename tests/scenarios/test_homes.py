"""The Home tab follows what happens: for whoever opened it, at most once in five seconds, by whichever replica."""

from __future__ import annotations

from collections.abc import Callable

from approvals.due import DueKind
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text
from tests.scenarios.play import settled


async def home(desk: Desk, user: str, wanted: Callable[[str], bool]) -> str:
    """What their Home says, once it says that."""

    def look() -> str | None:
        view = desk.slack.home(user)
        said = all_text(view.blocks) if view is not None else ""
        return said if wanted(said) else None

    return await desk.until(look)


async def turn(desk: Desk) -> None:
    """The clockwork once, and all that follows."""
    await desk.runtime.ticker.turn()
    await settled(desk)


async def test_an_open_home_follows_what_happens(house: House) -> None:
    """What is asked comes up, what is decided goes to the end, for the one who asked too; nobody opened it again."""
    desk = await house.desk()
    await desk.slack.open_home(ANA)
    await desk.slack.open_home(CLEO)
    await home(desk, ANA, lambda text: "Nothing is waiting" in text)
    card = await desk.ask(requester=CLEO)
    await home(desk, ANA, lambda text: "8821" in text.split("Recently")[0])
    assert "Asked by you" in await home(desk, CLEO, lambda text: "8821" in text)
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "deny")).ok
    assert (await desk.slack.submit(BEN, (await desk.modal(BEN)).id, {"reason": "No."})).ok
    await home(desk, CLEO, lambda text: "Recently decided" in text and "Denied" in text)
    assert "Nothing is waiting" in await home(desk, ANA, lambda text: "8821" not in text)


async def test_many_changes_are_drawn_as_one(house: House, clock: VirtualClock) -> None:
    """Coalesced on the list of due work: one drawing, five seconds after the last; then none, and none after days."""
    desk = await house.desk(clock=clock)
    await desk.slack.open_home(ANA)
    await home(desk, ANA, lambda text: "Nothing is waiting" in text)
    await settled(desk)
    before = len(desk.slack.calls("views.publish"))
    for _ in range(4):
        await desk.ask()
    await settled(desk)
    await turn(desk)
    assert len(desk.slack.calls("views.publish")) == before
    assert DueKind.HOME in await desk.core.records.store.due_at(ANA)
    clock.turn(seconds=6)
    await turn(desk)
    await home(desk, ANA, lambda text: "8821" in text)
    assert len(desk.slack.calls("views.publish")) == before + 1
    clock.turn(seconds=6)
    await turn(desk)
    assert len(desk.slack.calls("views.publish")) == before + 1
    clock.turn(days=4)
    await desk.ask()
    await settled(desk)
    await turn(desk)
    assert len(desk.slack.calls("views.publish")) == before + 1, "whoever looked days ago looks no more"


async def test_an_admin_sees_the_policies_and_how_things_run(house: House) -> None:
    """With a button to the editor; nobody else has it."""
    desk = await house.desk(signoff_admins="@finance")
    await desk.slack.open_home(CLEO)
    assert "For admins" not in await home(desk, CLEO, bool)
    await desk.slack.open_home(ANA)
    said = await home(desk, ANA, lambda text: "For admins" in text)
    assert "version 1, 1 policy" in said
    assert "Redis answers" in said
    view = desk.slack.home(ANA)
    assert view is not None
    assert (await desk.slack.click_view(ANA, view.id, "admin:open")).ok
    await desk.until(lambda: True if "refunds" in all_text((desk.slack.modal(ANA) or view).blocks) else None)
