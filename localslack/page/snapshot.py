"""The workspace as the page needs it."""

from __future__ import annotations

from dataclasses import asdict

from ..core import Core
from ..entities import User
from ..journal import Entry
from ..views import View
from ..wire import Json

LINES = 300
SHOWN = 300


def snapshot(core: Core) -> Json:
    """Everything on show, for all people at once; the page picks what the chosen person may see."""
    world = core.world
    return {
        "team": {"id": world.team.id, "name": world.team.name},
        "app": {
            "id": world.app.id,
            "name": world.users[world.app.bot_user].real_name,
            "bot_user": world.app.bot_user,
            "commands": world.app.commands,
            "hints": world.app.hints,
            "shortcuts": [asdict(item) for item in world.app.shortcuts],
            "home_tab": world.app.home_tab,
        },
        "users": [
            asdict(user)
            | _status(user, core.clock())
            | {"sees": [channel.id for channel in world.channels.values() if world.sees(user, channel)]}
            for user in world.users.values()
        ],
        "channels": [
            asdict(channel) | {"is_im": channel.is_im, "shared": world.is_ext_shared(channel)}
            for channel in world.channels.values()
        ],
        "usergroups": [asdict(group) for group in world.usergroups.values()],
        "messages": {
            channel: [asdict(message) for message in messages if not message.deleted][-SHOWN:]
            for channel, messages in world.messages.items()
        },
        "choices": {" ".join(key): values for key, values in core.states.items()},
        "modals": {
            user: [_view(view) for view in core.views.stack(user)] for user in world.users if core.views.stack(user)
        },
        "homes": {user: _view(view) for user, view in core.views.homes.items()},
        "problems": [asdict(problem) for problem in core.problems[-50:]],
        "faults": {
            "plans": {name: asdict(plan) for name, plan in core.faults.planned().items()},
            "duplicates": core.faults.duplicates,
            "holds": core.faults.holds,
            "handshakes": core.faults.handshakes,
        },
        "connections": core.wire.connections(),
        "http": core.wire.over_http(),
        "now": core.clock(),
    }


def _status(user: User, now: float) -> Json:
    text, emoji, _ = user.status(now)
    return {"status_text": text, "status_emoji": emoji, "dnd": user.quiet_until(now) > 0}


def _view(view: View) -> Json:
    return asdict(view)


def journal_since(core: Core, number: int) -> tuple[list[Json], int]:
    """Journal lines that are new or were unfinished when last sent, and the number up to which all are finished."""
    entries = [entry for entry in core.journal.entries[-LINES:] if entry.number > number]
    finished = number
    for entry in entries:
        if entry.delivery is not None and not (entry.delivery.ok or entry.delivery.error):
            break
        finished = entry.number
    return [_line(entry) for entry in entries], finished


def _line(entry: Entry) -> Json:
    line: Json = {
        "number": entry.number,
        "at": entry.at,
        "kind": entry.kind,
        "name": entry.name,
        "ok": entry.ok,
        "ms": entry.ms,
    }
    if entry.delivery is None:
        return line | {"args": entry.args, "answer": entry.answer, "status": entry.status}
    sent = entry.delivery
    return line | {
        "args": sent.payload,
        "answer": sent.ack,
        "error": sent.error,
        "ms": sent.ms,
        "user": sent.user,
        "transport": sent.transport,
        "attempt": sent.attempt,
    }
