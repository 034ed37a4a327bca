"""Every element of a message, a form and a Home, worked on the page in a real browser."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack, Seed
from localslack.seed import ShortcutSeed

from . import gallery
from .conftest import at, bolt, connected

HERE = "C0APPROVALS"
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[LocalSlack]:
    seed = Seed.default(
        commands=("/everything", "/other"),
        hints={"/everything": "[now | later]"},
        shortcuts=(ShortcutSeed("start", "Start here"), ShortcutSeed("note", "Take a note", on_message=True)),
    )
    async with LocalSlack(seed, rng=random.Random(7)) as local:
        yield local


@pytest_asyncio.fixture(loop_scope="module")
async def app(slack: LocalSlack) -> AsyncIterator[AsyncApp]:
    """Acknowledges everything, offers options, and opens the forms of the gallery."""
    made = bolt(slack)

    @made.action("another")
    async def another(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=gallery.SECOND)

    @made.action(re.compile(""))
    async def anything(ack: Any) -> None:
        await ack()

    @made.options(re.compile(""))
    async def options(ack: Any, payload: dict[str, Any]) -> None:
        await ack(options=[item for item in gallery.OPTIONS if payload["value"] in item["text"]["text"]])

    @made.command("/everything")
    async def everything(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=gallery.FORM)

    @made.view({"type": "view_submission", "callback_id": "everything"})
    async def sent(ack: Any) -> None:
        await ack()

    @made.view({"type": "view_closed", "callback_id": "everything"})
    async def closed(ack: Any) -> None:
        await ack()

    @made.shortcut(re.compile(""))
    async def shortcut(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=gallery.SECOND)

    @made.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=gallery.START)

    async with connected(slack, made):
        yield made


async def work(inside: Locator, page: Page) -> None:
    """Choose, type and tick in every element of the gallery but buttons."""
    part = lambda name: inside.locator(f"[data-action-id={name}]")  # noqa: E731
    for name, value in {"one": "b", "grouped": "c", "person": "U0BEN", "channel": HERE, "place": "C0GENERAL"}.items():
        await part(name).select_option(value)
    for name, value in {"ones": "a", "persons": "U0CLEO", "channels": HERE, "places": "C0GENERAL"}.items():
        await part(name).locator(f"button[value={value}]").click()
    await part("ones").locator("button[value=c]").click()
    await part("seek").locator("input").fill("Br")
    await part("seek").locator(".result").click()
    for found in ("App", "Che"):
        await part("seeks").locator("input").fill(found)
        await part("seeks").locator(".result").click()
        await expect(part("seeks").locator(".result")).to_have_count(0)
    await part("day").fill("2026-03-04")
    await part("time").fill("09:30")
    await part("moment").fill("2026-03-04T09:30")
    await part("radio").locator("input[value=b]").check()
    await part("boxes").locator("input[value=a]").check()
    await part("boxes").locator("input[value=c]").check()


CHOSEN = {
    "one": "b",
    "grouped": "c",
    "seek": "b",
    "radio": "b",
    "person": "U0BEN",
    "channel": HERE,
    "place": "C0GENERAL",
    "ones": ["a", "c"],
    "seeks": ["a", "c"],
    "boxes": ["a", "c"],
    "persons": ["U0CLEO"],
    "channels": [HERE],
    "places": ["C0GENERAL"],
    "day": "2026-03-04",
    "time": "09:30",
}


def held(entry: dict[str, Any]) -> Any:
    """The value of a state entry or an action, options by their value."""
    value = next(value for key, value in entry.items() if key.startswith("selected_") or key.endswith("value"))
    if isinstance(value, list):
        return [item["value"] if isinstance(item, dict) else item for item in value]
    return value["value"] if isinstance(value, dict) and "value" in value else value


async def test_every_element_of_a_message(slack: LocalSlack, web_for: AsyncWebClient, app: Any, page: Page) -> None:
    """Each choice reaches the app as an action with its value; buttons, menus and confirmation too."""
    await web_for.chat_postMessage(channel=HERE, text="Everything", blocks=gallery.MESSAGE)
    await page.goto(at(slack, "U0ANA"))
    card = page.get_by_test_id("message")
    await work(card, page)
    await card.locator("[data-action-id=plain]").click()
    await card.locator("[data-action-id=sure]").click()
    await page.get_by_test_id("confirm").click()
    await card.locator("[data-action-id=more]").click()
    await page.get_by_role("menuitem", name="Bread").click()
    await card.locator("[data-action-id=feedback] button").first.click()
    for name in ("bin", "in", "deeper"):
        await card.locator(f"[data-action-id={name}]").click()
    expected = {*CHOSEN, "moment", "in", "deeper", "plain", "sure", "more", "feedback", "bin"}

    def last() -> dict[str, Any]:
        return {sent.payload["actions"][0]["action_id"]: sent for sent in slack.deliveries("block_actions") if sent.ok}

    await slack.wait_for(lambda: set(last()) == expected)
    pressed = {name: sent.payload["actions"][0] for name, sent in last().items()}
    assert {name: held(pressed[name]) for name in CHOSEN} == CHOSEN
    assert (pressed["more"]["selected_option"]["value"], pressed["feedback"]["value"]) == ("b", "good")
    assert slack.problems == []
    await page.reload()
    await expect(card.locator("[data-action-id=one]")).to_have_value("b")
    await expect(card.locator("[data-action-id=boxes] input[value=c]")).to_be_checked()
    await expect(card.locator("[data-action-id=seeks] .chip")).to_have_count(2)


async def test_a_choice_on_its_way_outlives_a_redraw(
    slack: LocalSlack, web_for: AsyncWebClient, app: Any, page: Page
) -> None:
    """What was ticked stays ticked while the message changes before Slack has heard of it; the next adds to it."""
    boxes = {**gallery.actions(*gallery.TICKS[1:]), "block_id": "ticks"}
    ts = str((await web_for.chat_postMessage(channel=HERE, text="First", blocks=[boxes]))["ts"])
    pressed: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/page/act", pressed.put)
    await page.goto(at(slack, "U0ANA"))
    card = page.get_by_test_id("message")
    await card.locator("input[value=a]").check()
    said = {"type": "section", "text": gallery.plain("Another text")}
    await web_for.chat_update(channel=HERE, ts=ts, text="Second", blocks=[said, boxes])
    await expect(card).to_contain_text("Another text")
    await expect(card.locator("input[value=a]")).to_be_checked()
    await card.locator("input[value=c]").check()
    for number in (1, 2):
        await (await pressed.get()).continue_()
        await slack.wait_for(lambda: len([s for s in slack.deliveries("block_actions") if s.ok]) == number)  # noqa: B023
    await expect(card.locator("input:checked")).to_have_count(2)
    assert held(slack.deliveries("block_actions")[-1].payload["actions"][0]) == ["a", "c"]
    assert slack.problems == []


async def test_every_input_of_a_form(slack: LocalSlack, app: Any, page: Page) -> None:
    """A command with a hint opens it; a second form lies on top and goes; then all that was entered is sent at once."""
    await page.goto(at(slack, "U0ANA"))
    await page.fill("[data-testid=composer]", "/ev")
    await expect(page.locator(".hints")).to_contain_text("/everything [now | later]")
    await page.locator(".hints button").click()
    await page.press("[data-testid=composer]", "Enter")
    form = page.get_by_test_id("modal")
    await expect(form).to_contain_text("Every input")
    await work(form, page)
    typed = {"line": "one", "lines": "two\nthree", "number": "4.5", "mail": "a@b.cd", "link": "https://e.org"}
    for name, value in {**typed, "rich": "rich"}.items():
        await form.locator(f"[data-action-id={name}]").fill(value)
    await form.locator("[data-action-id=another]").click()
    await expect(form).to_contain_text("The one beneath waits.")
    await page.get_by_test_id("modal-close").click()
    await expect(form).to_contain_text("Every input")
    await expect(form.locator("[data-action-id=lines]")).to_have_value("two\nthree")
    await expect(form.locator("[data-action-id=one]")).to_have_value("b")
    await page.get_by_test_id("modal-submit").click()
    await expect(form).to_have_count(0)
    values = slack.deliveries("view_submission")[0].payload["view"]["state"]["values"]
    entered = {name: held(values[f"{name}_block"][name]) for name in {**CHOSEN, **typed}}
    assert entered == {**CHOSEN, **typed}
    assert values["moment_block"]["moment"]["selected_date_time"] > 0
    assert "rich" in str(values["rich_block"]["rich"]["rich_text_value"])
    assert slack.problems == []


async def test_leaving_a_form(slack: LocalSlack, app: Any, page: Page) -> None:
    """Back closes it and tells the app; what was typed is not sent."""
    await page.goto(at(slack, "U0ANA"))
    await page.fill("[data-testid=composer]", "/everything")
    await page.press("[data-testid=composer]", "Enter")
    await page.get_by_test_id("modal-close").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    await slack.wait_for(lambda: slack.deliveries("view_closed"))
    assert slack.deliveries("view_submission") == []


async def test_shortcuts_of_the_app(slack: LocalSlack, web_for: AsyncWebClient, app: Any, page: Page) -> None:
    """The one for everywhere beside the composer, the one of a message in its menu; both open a form."""
    await web_for.chat_postMessage(channel=HERE, text="Note this")
    await page.goto(at(slack, "U0ANA"))
    await page.get_by_test_id("shortcuts").click()
    await page.get_by_role("menuitem", name="Start here").click()
    await expect(page.get_by_test_id("modal")).to_contain_text("On top")
    await page.get_by_test_id("modal-close").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    await page.get_by_test_id("message").hover()
    await page.get_by_test_id("message-menu").click()
    await page.get_by_role("menuitem", name="Take a note").click()
    await expect(page.get_by_test_id("modal")).to_contain_text("On top")
    kinds = [(sent.type, sent.payload["callback_id"]) for sent in slack.deliveries() if "shortcut" in sent.type]
    assert kinds == [("shortcut", "start")]
    assert slack.deliveries("message_action")[0].payload["message"]["text"] == "Note this"


async def test_a_home_and_what_is_only_for_you(
    slack: LocalSlack, web_for: AsyncWebClient, app: Any, page: Page
) -> None:
    """Buttons, selects and a dispatching input on Home; a button in an ephemeral message and one in a thread."""
    await page.goto(at(slack, "U0ANA", "home"))
    home = page.get_by_test_id("home")
    await home.locator("[data-action-id=refresh]").click()
    await home.locator("[data-action-id=one]").select_option("b")
    await home.locator("[data-action-id=line]").fill("a note")
    await home.locator("[data-action-id=line]").press("Enter")
    await slack.wait_for(lambda: len(slack.deliveries("block_actions")) == 3)
    parent = str((await web_for.chat_postMessage(channel=HERE, text="Parent"))["ts"])
    blocks = [gallery.actions(gallery.button(action_id="quiet"))]
    await web_for.chat_postEphemeral(channel=HERE, user="U0ANA", text="Psst", blocks=blocks)
    blocks = [gallery.actions(gallery.button(action_id="deep"))]
    await web_for.chat_postMessage(channel=HERE, text="Reply", thread_ts=parent, blocks=blocks)
    await page.goto(at(slack, "U0ANA", thread=parent))
    await page.get_by_test_id("ephemeral").locator("[data-action-id=quiet]").click()
    await page.get_by_test_id("thread").locator("[data-action-id=deep]").click()
    await slack.wait_for(lambda: len(slack.deliveries("block_actions")) == 5)
    names = [sent.payload["actions"][0]["action_id"] for sent in slack.deliveries("block_actions")]
    assert names == ["refresh", "one", "line", "quiet", "deep"]
    assert slack.deliveries("block_actions")[2].payload["actions"][0]["value"] == "a note"
    assert slack.problems == []


async def test_every_fault_and_a_line_of_traffic(slack: LocalSlack, app: Any, page: Page) -> None:
    """Each kind of fault can be ordered and taken back; a line of the traffic opens to what went over the wire."""
    await page.goto(at(slack, "U0ANA", inspect="faults"))
    for kind in ("fail", "status", "delay", "drop", "duplicate", "order", "handshake"):
        await page.select_option(".fault-form select[name=kind]", kind)
        await page.click(".fault-form button[type=submit]")
    await expect(page.locator(".planned")).to_contain_text("out of order")
    await expect(page.locator(".planned")).to_contain_text("1 × HTTP 503")
    plan = slack.faults.planned()["chat.postMessage"]
    assert (plan.errors, plan.statuses, plan.drops, plan.delay) == (["internal_error"], [(503, None)], 1, 5.0)
    assert (slack.faults.duplicates, slack.faults.holds, slack.faults.handshakes) == (1, 1, [503])
    await page.get_by_text("Clear all").click()
    await expect(page.locator(".planned")).to_contain_text("Nothing.")
    await slack.slash("U0ANA", HERE, "/everything")
    await page.get_by_role("tab", name="Traffic").click()
    line = page.locator(".line", has_text="/everything").first
    await line.locator("summary").click()
    await expect(line).to_contain_text('"command": "/everything"')
    await page.get_by_role("tab", name="Faults").click()
    opened = len(slack.calls("apps.connections.open"))
    await page.select_option(".fault-form select[name=kind]", "kill")
    await page.click(".fault-form button[type=submit]")
    # The app may be back before anybody sees that it was gone; but it has to ask for another connection.
    await slack.wait_for(lambda: len(slack.calls("apps.connections.open")) > opened)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_all_of_it_fits_a_phone(
    slack: LocalSlack, web_for: AsyncWebClient, app: Any, page: Page, theme: str
) -> None:
    """At 375 pixels neither the message nor the form nor the traffic is wider than the screen, in both themes."""
    await page.set_viewport_size({"width": 375, "height": 740})
    await web_for.chat_postMessage(channel=HERE, text="Everything", blocks=gallery.MESSAGE)
    await page.goto(at(slack, "U0ANA", theme=theme))
    await expect(page.get_by_test_id("message")).to_be_visible()
    wide = (
        "[...document.querySelectorAll('.list, .dialog-body, .inspector-body')].map(n => n.scrollWidth - n.clientWidth)"
    )
    assert set(await page.evaluate(wide)) == {0}
    await page.fill("[data-testid=composer]", "/everything")
    await page.press("[data-testid=composer]", "Enter")
    await expect(page.get_by_test_id("modal")).to_be_visible()
    assert set(await page.evaluate(wide)) == {0}
    await page.get_by_test_id("modal-close").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    await page.goto(at(slack, "U0ANA", theme=theme, inspect="traffic"))
    await page.locator(".line summary").first.click()
    assert set(await page.evaluate(wide)) == {0}
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme


@pytest_asyncio.fixture(loop_scope="module")
async def web_for(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
