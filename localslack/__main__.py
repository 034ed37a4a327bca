"""`python -m localslack`: a workspace in the browser, for any app that can be pointed at another base URL."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from .seed import Seed
from .slack import LocalSlack

SOCKET_SECONDS = 18_060.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localslack", description="A local Slack with a page to click in.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8420, help="port of the page and the API (default: 8420; 0: any)")
    parser.add_argument("--seed", type=Path, help="YAML or JSON file that describes the workspace")
    parser.add_argument(
        "--manifest", type=Path, help="the app's manifest (YAML or JSON): name, scopes, commands, events"
    )
    parser.add_argument("--state", type=Path, help="keep messages in this file from one run to the next")
    parser.add_argument("--request-url", help="deliver by signed HTTP to this URL instead of over Socket Mode")
    parser.add_argument("--no-rate-limits", action="store_true", help="never answer 429")
    return parser.parse_args()


async def _run(args: argparse.Namespace) -> None:
    seed = Seed.from_file(args.seed) if args.seed else Seed.default()
    if args.manifest:
        seed = seed.with_manifest_file(args.manifest)
    slack = LocalSlack(
        seed,
        request_url=args.request_url,
        state_file=args.state,
        rate_limits=not args.no_rate_limits,
        socket_seconds=SOCKET_SECONDS,
    )
    await slack.start(args.host, args.port)
    sys.stdout.write(
        f"Local Slack: {slack.page_url}\n\n"
        f"SLACK_API_URL={slack.api_url}\n"
        f"SLACK_BOT_TOKEN={slack.bot_token}\n"
        f"SLACK_APP_TOKEN={slack.app_token}\n"
        f"SLACK_SIGNING_SECRET={slack.signing_secret}\n\n"
        "Ctrl-C stops it.\n"
    )
    sys.stdout.flush()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        await stop.wait()
    finally:
        await slack.stop()


def main() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(_arguments()))


if __name__ == "__main__":
    main()
