"""How a Bolt app keeps up with clicks: `python bench/localslack_clicks.py [--rate 200] [--seconds 3]`.

Presses a button at a steady rate over two Socket Mode connections of one AsyncApp, and prints what was delivered, what
was lost, and the time to the acknowledgement. Both ends run in this process, so the times hold the app's share too.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import Counter
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from localslack import Delivery, LocalSlack

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
PLACE = "C0APPROVALS"


async def clicks(slack: LocalSlack, ts: str, rate: int, seconds: float) -> list[Delivery]:
    """Press at a steady rate, without waiting for what was pressed before."""
    pressed: list[asyncio.Task[Delivery]] = []
    started = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        pressed.append(asyncio.create_task(slack.click("U0ANA", PLACE, ts, "go")))
    return await asyncio.gather(*pressed)


async def run(rate: int, seconds: float, sockets: int) -> bool:
    async with LocalSlack() as slack:
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=slack.signing_secret)
        seen: Counter[str] = Counter()

        @app.action("go")
        async def go(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            seen[body["trigger_id"]] += 1

        handlers = [AsyncSocketModeHandler(app, slack.app_token) for _ in range(sockets)]
        for handler in handlers:
            await handler.connect_async()
        await slack.wait_for(lambda: slack.connections >= sockets)
        posted = await client.chat_postMessage(
            channel=PLACE, text="Go", blocks=[{"type": "actions", "elements": [BUTTON]}]
        )
        started = time.perf_counter()
        sent = await clicks(slack, str(posted["ts"]), rate, seconds)
        took = time.perf_counter() - started
        for handler in handlers:
            await handler.close_async()
    return report(sent, seen, took, sockets)


def report(sent: list[Delivery], seen: Counter[str], took: float, sockets: int) -> bool:
    times = sorted(delivery.ms for delivery in sent)
    cuts = statistics.quantiles(times, n=100)
    lost = sum(not delivery.ok for delivery in sent)
    twice = sum(count > 1 for count in seen.values())
    print(f"{len(sent)} clicks in {took:.2f} s ({len(sent) / took:.0f} a second) over {sockets} connections")
    print(f"acknowledged {len(sent) - lost}, lost {lost}, received twice {twice}, seen by the app {len(seen)}")
    print(f"time to ack: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, max {times[-1]:.1f} ms")
    return not lost and not twice and len(seen) == len(sent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="clicks a second")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=2)
    args = parser.parse_args()
    if not asyncio.run(run(args.rate, args.seconds, args.connections)):
        raise SystemExit("clicks were lost or doubled")


if __name__ == "__main__":
    main()
