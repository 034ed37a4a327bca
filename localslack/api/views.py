"""views.*: modals and Homes."""

from __future__ import annotations

from ..views import View, refuse_bad_view
from ..wire import Json, SlackError, parsed
from .method import Call, method, ok


def _answer(call: Call, view: View) -> Json:
    call.core.changes.touch()
    return ok(view=call.core.views.as_json(view, values=False))


@method("views.open")
def views_open(call: Call) -> Json:
    """A new modal for the person who caused the trigger. A refused view does not spend the trigger."""
    trigger = call.core.triggers.check(call.args.get("trigger_id"))
    view = call.core.views.open(
        trigger.user, refuse_bad_view(parsed(call.args.get("view")), kind="modal"), trigger.channel
    )
    call.core.triggers.spend(trigger)
    return _answer(call, view)


@method("views.push")
def views_push(call: Call) -> Json:
    """One more modal on top; three at most."""
    trigger = call.core.triggers.check(call.args.get("trigger_id"))
    view = call.core.views.push(trigger.user, refuse_bad_view(parsed(call.args.get("view")), kind="modal"))
    call.core.triggers.spend(trigger)
    return _answer(call, view)


@method("views.update")
def views_update(call: Call) -> Json:
    """New content for an open view, found by `view_id` or `external_id`.

    What was typed stays in inputs of the same ids.
    """
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if (view_id is None) == (external_id is None):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] give view_id or external_id"]})
    views = call.core.views
    view = views.by_id(view_id) if view_id else views.by_external_id(external_id or "")
    if view is None:
        raise SlackError("not_found")
    data = refuse_bad_view(parsed(call.args.get("view")), kind=view.type)
    return _answer(call, views.update(view, data, call.text("hash")))


@method("views.publish")
def views_publish(call: Call) -> Json:
    """The Home of one person."""
    if not call.core.world.app.home_tab:
        raise SlackError("not_enabled")
    user = call.core.world.users.get(call.need("user_id"))
    if user is None or user.bot or user.deactivated:
        raise SlackError(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] no such user [json-pointer:/user_id]"]}
        )
    data = refuse_bad_view(parsed(call.args.get("view")), kind="home")
    return _answer(call, call.core.views.publish(user.id, data, call.text("hash")))
