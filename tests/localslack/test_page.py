"""The page, in a real browser: what people see and press, and what must not happen to them."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack

from .conftest import BUTTONS, at, bolt, connected, modal

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(rng=random.Random(7)) as local:
        yield local


@pytest_asyncio.fixture(loop_scope="module")
async def web(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


async def test_a_press_goes_to_the_app_and_every_page_redraws(
    slack: LocalSlack, web: AsyncWebClient, page: Page, browser: Browser
) -> None:
    """Ana confirms, the app updates the message, and Ben's page shows it without a reload."""
    app = bolt(slack)

    @app.action("no")
    async def no(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=f"No, says <@{body['user']['id']}>"
        )

    async with connected(slack, app):
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])
        await page.goto(at(slack, "U0ANA"))
        other = await browser.new_page()
        await other.goto(at(slack, "U0BEN"))
        card = f'[data-testid=message][data-ts="{ts}"]'
        await expect(other.locator(card)).to_contain_text("Pay Acme?")
        await page.click(f"{card} [data-action-id=no]")
        await page.click("[data-testid=deny]")
        assert slack.deliveries("block_actions") == []
        await page.click(f"{card} [data-action-id=no]")
        await expect(page.get_by_test_id("confirm-dialog")).to_contain_text("It will not be paid.")
        await page.click("[data-testid=confirm]")
        await expect(page.locator(card)).to_contain_text("No, says @ana")
        await expect(other.locator(card)).to_contain_text("No, says @ana")
        await other.close()


async def test_a_redraw_between_press_and_release(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """A message that changes while the mouse is down on its button is drawn anew after the click, which arrives."""
    app = bolt(slack)

    @app.action("yes")
    async def yes(ack: Any) -> None:
        await ack()

    async with connected(slack, app):
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])
        await page.clock.install()
        async with page.expect_websocket() as opened:
            await page.goto(at(slack, "U0ANA"))
        await page.locator("[data-action-id=yes]").hover()
        await page.clock.pause_at(time.time() + 3600)
        await page.mouse.down()
        later = [{**BUTTONS[0], "text": {"type": "mrkdwn", "text": "Pay *twice*?"}}, *BUTTONS[1:]]
        async with (await opened.value).expect_event("framereceived", lambda frame: "Pay *twice*?" in str(frame)):
            await web.chat_update(channel="C0APPROVALS", ts=ts, text="Pay twice?", blocks=later)
        await page.evaluate("fetch('/').then(() => true)")  # what came before this has reached the page too
        await expect(page.get_by_test_id("message")).to_contain_text("Pay Acme?")
        await page.mouse.up()
        await slack.wait_for(lambda: slack.deliveries("block_actions"))
        await page.clock.resume()
        await expect(page.get_by_test_id("message")).to_contain_text("Pay twice?")
    assert slack.problems == []


async def test_a_form_with_inline_errors(slack: LocalSlack, page: Page) -> None:
    """The client's own check, then the app's, then it closes; what was typed stays through an update."""
    app = bolt(slack)

    @app.command("/ask")
    async def ask(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: Any, view: dict[str, Any], client: AsyncWebClient) -> None:
        if view["state"]["values"]["why"]["text"]["value"] == "no":
            return await ack(response_action="errors", errors={"why": "Say more"})
        return await ack()

    async with connected(slack, app):
        await page.goto(at(slack, "U0BEN"))
        await page.fill("[data-testid=composer]", "/ask")
        await page.press("[data-testid=composer]", "Enter")
        await page.fill("[data-testid=modal] [data-block-id=sum][data-action-id=number]", "11")
        await page.click("[data-testid=modal-submit]")
        await expect(page.locator("[data-error-for=why]")).to_have_text("Please complete this required field.")
        await expect(page.locator("[data-error-for=sum]")).to_have_text("Please enter a number of at most 10.")
        assert slack.deliveries("view_submission") == []
        await page.fill("[data-testid=modal] [data-action-id=number]", "10")
        await page.fill("[data-testid=modal] [data-action-id=text]", "no")
        view = slack.modal("U0BEN")
        assert view is not None
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        await web.views_update(view_id=view.id, view=modal(title={"type": "plain_text", "text": "Changed"}))
        await expect(page.get_by_test_id("modal")).to_contain_text("Changed")
        await expect(page.locator("[data-testid=modal] [data-action-id=text]")).to_have_value("no")
        await page.click("[data-testid=modal-submit]")
        await expect(page.locator("[data-error-for=why]")).to_have_text("Say more")
        await page.fill("[data-testid=modal] [data-action-id=text]", "yes")
        await page.click("[data-testid=modal-submit]")
        await expect(page.get_by_test_id("modal")).to_have_count(0)
    values = slack.deliveries("view_submission")[-1].payload["view"]["state"]["values"]
    assert values == {
        "why": {"text": {"type": "plain_text_input", "value": "yes"}},
        "sum": {"number": {"type": "number_input", "value": "10"}},
    }


async def test_text_never_becomes_markup(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """Tags, escaped tags and script links stay text; a broadcast is shown loudly."""
    evil = (
        "<img src=x onerror=alert(1)> &lt;b&gt;&lt;script&gt;alert(2)&lt;/script&gt; "
        "<javascript:alert(3)|click> <!channel>"
    )
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": evil}},
        {"type": "header", "text": {"type": "plain_text", "text": "<u>plain</u> *not bold*"}},
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "<!channel> *x* <b>"}]}
            ],
        },
    ]
    await web.chat_postMessage(channel="C0APPROVALS", text=evil, blocks=blocks)
    await page.goto(at(slack, "U0ANA"))
    message = page.get_by_test_id("message")
    await expect(message).to_contain_text("<script>alert(2)</script>")
    await expect(message).to_contain_text("<u>plain</u> *not bold*")
    await expect(message).to_contain_text("<!channel> *x* <b>")
    assert await message.locator("img, script, u, a").count() == 0
    await expect(message.locator(".mention.loud")).to_have_text("@channel")


MRKDWN = [
    ("*a* _b_ ~c~ `d`", "<b>a</b> <i>b</i> <s>c</s> <code>d</code>"),
    ("2*3*4 a_b_c", "2*3*4 a_b_c"),
    ("`*x*`", "<code>*x*</code>"),
    ("*a <https://example.com|b> c*", "<b>a <a>b</a> c</b>"),
    ("<https://example.com?a=1&amp;b=2>", "<a>https://example.com?a=1&amp;b=2</a>"),
    ("<@U0BEN> <#C0APPROVALS>", "<span>@ben</span> <span>#approvals</span>"),
    ("<#C0LEADS> <!subteam^S0FINANCE>", "<span>private channel</span> <span>@finance</span>"),
    ("&amp;lt; &lt;b&gt;", "&amp;lt; &lt;b&gt;"),
    ("```a\n*b*```", "<pre>a\n*b*</pre>"),
    ("&gt; q\nrest", "<blockquote>q</blockquote>rest"),
    ("<!date^0^{date_num} {time_secs}|then>", "<time>1970-01-01 1:00:00 AM</time>"),
    ("<!date^x^{date}|then>", "then"),
    (":nonsense: 10:30:20", ":nonsense: 10:30:20"),
]


async def test_mrkdwn_reads_as_in_slack(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """Marks only at word edges, code untouched, references by name, entities once, times in the reader's zone."""
    for source, _ in MRKDWN:
        await web.chat_postMessage(channel="C0APPROVALS", text=source)
    await page.goto(at(slack, "U0ANA"))
    texts = page.locator("[data-testid=message] .text")
    await expect(texts).to_have_count(len(MRKDWN))
    strip = "nodes => nodes.map(node => node.innerHTML.replace(/<([a-z]+) [^>]*>/g, '<$1>'))"
    shown: list[str] = await texts.evaluate_all(strip)
    assert shown == [expected for _, expected in MRKDWN]


async def test_an_app_that_does_not_answer(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """The person is told, and the button can be pressed again."""
    await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS)
    await page.goto(at(slack, "U0ANA"))
    await page.click("[data-action-id=yes]")
    await expect(page.get_by_test_id("toast")).to_contain_text("This app did not respond")
    await expect(page.locator("[data-action-id=yes].pending")).to_have_count(0)


async def test_switching_people_and_places(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """Only Ana sees what is for her; private channels are for members; threads open beside; talk is posted."""
    first = await web.chat_postMessage(channel="C0APPROVALS", text="Hello")
    await web.chat_postMessage(channel="C0APPROVALS", text="A reply", thread_ts=str(first["ts"]))
    await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ANA", text="For Ana")
    await page.goto(at(slack, "U0ANA"))
    await expect(page.get_by_test_id("ephemeral")).to_contain_text("For Ana")
    await expect(page.locator("[data-channel=C0LEADS]")).to_have_count(0)
    await page.select_option("[data-testid=user-switch]", "U0CLEO")
    await expect(page.get_by_test_id("ephemeral")).to_have_count(0)
    await expect(page.locator("[data-channel=C0LEADS]")).to_have_count(1)
    await page.click("[data-testid=replies]")
    await expect(page.get_by_test_id("thread")).to_contain_text("A reply")
    await page.fill("[data-testid=thread-composer]", "Mine & <yours> @ben")
    await page.press("[data-testid=thread-composer]", "Enter")
    await expect(page.get_by_test_id("thread")).to_contain_text("Mine & <yours> @ben")
    thread = slack.messages("C0APPROVALS", thread_ts=str(first["ts"]))
    assert thread[-1].text == "Mine &amp; &lt;yours&gt; <@U0BEN>"
    await page.click("[data-channel=C0LEADS]")
    await expect(page.get_by_test_id("messages")).to_contain_text("This is the start of #finance-leads")
    await web.chat_postMessage(channel="C0APPROVALS", text="News")
    await expect(page.locator("[data-channel=C0APPROVALS] .count")).to_have_text("1")


async def test_home_traffic_and_faults(slack: LocalSlack, page: Page) -> None:
    """Opening Home tells the app, which publishes it; the inspector lists both; a fault is ordered by hand."""
    app = bolt(slack)

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Welcome"}}]}
        await client.views_publish(user_id=event["user"], view=view)

    async with connected(slack, app):
        await page.goto(at(slack, "U0ANA", "home", inspect="traffic"))
        await expect(page.get_by_test_id("home")).to_contain_text("Welcome")
        await expect(page.get_by_test_id("inspector")).to_contain_text("views.publish")
        await expect(page.get_by_test_id("inspector")).to_contain_text("app_home_opened")
        await page.click("[data-testid=inspector] [role=tab]:has-text('Faults')")
        await page.click("[data-testid=inspector] button[type=submit]")
        await expect(page.locator(".planned")).to_contain_text("1 × internal_error")
    assert slack.faults.planned()["chat.postMessage"].errors == ["internal_error"]


async def test_it_fits_a_phone(slack: LocalSlack, web: AsyncWebClient, page: Page) -> None:
    """Nothing is wider than 375 pixels, and the menu slides in."""
    await page.set_viewport_size({"width": 375, "height": 740})
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "`" + "x" * 300 + "`"}}, *BUTTONS]
    await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=long)
    await page.goto(at(slack, "U0ANA"))
    await expect(page.get_by_test_id("message")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375
    assert await page.evaluate(
        "document.querySelector('.list').scrollWidth <= document.querySelector('.list').clientWidth"
    )
    await page.click(".burger")
    await expect(page.locator("[data-channel=C0GENERAL]")).to_be_in_viewport()


async def test_other_web_pages_are_kept_out(slack: LocalSlack) -> None:
    """A foreign Origin, or a Host that is not this machine, is refused on every path."""
    body = {"do": "say", "user": "U0ANA", "channel": "C0APPROVALS", "text": "x"}
    async with aiohttp.ClientSession() as session:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            for path in ("page/act", "api/auth.test"):
                async with session.post(slack.page_url + path, json=body, headers=headers) as response:
                    assert response.status == 403
        async with session.get(f"{slack.page_url}static/..%2Fslack.py") as response:
            assert response.status == 404
    assert slack.messages("C0APPROVALS") == []


async def test_a_link_to_a_message_opens_it_for_whoever_is_looking(
    web: AsyncWebClient, slack: LocalSlack, page: Page
) -> None:
    """In the same window, as the same person; a reply's link opens its thread beside it."""
    old = str((await web.chat_postMessage(channel="C0APPROVALS", text="The old one"))["ts"])
    reply = str((await web.chat_postMessage(channel="C0APPROVALS", text="A reply", thread_ts=old))["ts"])
    links = [(await web.chat_getPermalink(channel="C0APPROVALS", message_ts=ts))["permalink"] for ts in (old, reply)]
    text = f"<{links[0]}|There> and <{links[1]}|below>"
    dm = slack.dm("U0BEN")
    await web.chat_postMessage(channel=dm, text=text)
    await page.goto(f"{slack.page_url}#user=U0BEN&channel={dm}")
    await page.get_by_role("link", name="There").click()
    await expect(page.locator(f'.message.pointed[data-ts="{old}"]')).to_be_in_viewport()
    assert "user=U0BEN" in page.url
    await page.goto(f"{slack.page_url}#user=U0BEN&channel={dm}")
    await page.get_by_role("link", name="below").click()
    await expect(page.get_by_test_id("thread")).to_contain_text("A reply")
