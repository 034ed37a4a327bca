"""What becomes of an acknowledgement that carries a body: forms, commands, suggestions, and what arrives at a response
URL.
"""

from __future__ import annotations

from .core import Core
from .entities import Channel, Message, User
from .journal import Delivery
from .rules import MESSAGE_TEXT_BUDGET
from .schema import MESSAGE
from .triggers import ResponseUrl
from .validate import check_blocks, text_length
from .views import View, refuse_bad_view
from .wire import Json, SlackError, as_list, as_object, parsed, truthy


class Answers:
    """Applies answers; what Slack would show the person as an error becomes `bad_ack` on the delivery and a misstep."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def to_submission(self, view: View, delivery: Delivery) -> None:
        """Empty closes the modal; `errors`, `update`, `push` and `clear` do what they say."""
        ack = delivery.ack or {}
        action = ack.get("response_action")
        views = self._core.views
        try:
            if action is None and not ack:
                views.close(view)
            elif action == "clear":
                views.close(view, whole_stack=True)
            elif action == "errors":
                view.errors = _form_errors(view, ack)
                delivery.errors = dict(view.errors)
            elif action == "update":
                views.update(view, refuse_bad_view(ack.get("view"), kind="modal"), None)
            elif action == "push":
                views.push(view.user, refuse_bad_view(ack.get("view"), kind="modal"))
            else:
                raise SlackError("invalid_response_action")
        except SlackError as error:
            self._refused(delivery, "view_submission", error)
        self._core.changes.touch()

    def to_command(self, user: User, channel: Channel, delivery: Delivery) -> None:
        """A body becomes a message: only for the person who typed, unless `response_type` is `in_channel`."""
        if not delivery.ack:
            return
        try:
            _post(self._core, ResponseUrl("", channel.id, user.id, 0), delivery.ack)
        except SlackError as error:
            self._refused(delivery, "slash_commands", error)

    def to_suggestion(self, delivery: Delivery) -> list[Json]:
        ack = delivery.ack or {}
        options = [option for option in map(as_object, as_list(ack.get("options")) or []) if option is not None]
        for group in as_list(ack.get("option_groups")) or []:
            options += as_list((as_object(group) or {}).get("options")) or []
        element = {"type": "static_select", "action_id": "x", "options": options}
        problems = check_blocks([{"type": "actions", "elements": [element]}], MESSAGE) if options else []
        if problems:
            self._refused(
                delivery, "block_suggestion", SlackError("invalid_options", messages=list(map(str, problems)))
            )
            return []
        return options

    def _refused(self, delivery: Delivery, what: str, error: SlackError) -> None:
        delivery.ok, delivery.error = False, "bad_ack"
        self._core.misstep("bad_ack", f"{what}: {error.code} {error.extra}")


def _form_errors(view: View, ack: Json) -> dict[str, str]:
    errors = as_object(ack.get("errors"))
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not errors or not all(isinstance(text, str) and text for text in errors.values()):
        raise SlackError("invalid_errors", detail="errors must map block_id to text")
    if unknown := set(errors) - inputs:
        raise SlackError("invalid_errors", detail=f"no input block {sorted(unknown)} in the view")
    return {block: str(text) for block, text in errors.items()}


def checked_blocks(args: Json) -> Json:
    """The arguments with `blocks` and `attachments` as arrays, or the refusal Slack gives for bad ones."""
    args = dict(args)
    for name in ("blocks", "attachments"):
        if name in args and args[name] is not None:
            value = as_list(parsed(args[name]))
            if value is None:
                raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_attachments")
            args[name] = value
    blocks = as_list(args.get("blocks")) or []
    if problems := check_blocks(blocks, MESSAGE):
        raise SlackError(
            "invalid_blocks",
            errors=[p.message for p in problems],
            response_metadata={"messages": list(map(str, problems))},
        )
    if text_length(blocks) > MESSAGE_TEXT_BUDGET:
        raise SlackError("msg_blocks_too_long")
    attachments = as_list(args.get("attachments")) or []
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    for attachment in map(as_object, attachments):
        if attachment is None:
            raise SlackError("invalid_attachments")
        if problems := check_blocks(attachment.get("blocks", []), MESSAGE, "/attachments/blocks"):
            raise SlackError("invalid_blocks", response_metadata={"messages": list(map(str, problems))})
    return args


def to_response_url(core: Core, url: ResponseUrl, body: Json) -> None:
    """What a POST to a response URL does: add, replace or delete. Refusals are `SlackError`s."""
    original = core.world.find(url.channel, url.message_ts) if url.message_ts else None
    if truthy(body.get("delete_original")):
        if original is None:
            raise SlackError("message_not_found")
        core.remove(original)
        return
    if truthy(body.get("replace_original")) and url.message_ts is not None:
        if original is None:
            raise SlackError("message_not_found")
        _replace(core, original, body)
        return
    _post(core, url, body)


def _replace(core: Core, original: Message, body: Json) -> None:
    args = checked_blocks(body)
    if not args.get("text") and not args.get("blocks") and not args.get("attachments"):
        raise SlackError("no_text")
    original.text = str(args.get("text") or "")
    original.blocks = core.name_ids.named(as_list(args.get("blocks")) or [])
    original.attachments = as_list(args.get("attachments")) or []
    original.revision += 1
    core.changes.touch()


def _post(core: Core, url: ResponseUrl, body: Json) -> None:
    args = checked_blocks(body)
    if not args.get("text") and not args.get("blocks") and not args.get("attachments"):
        raise SlackError("no_text")
    kind = args.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_response_type")
    core.post_as_bot(
        url.channel, str(args.get("text") or ""), args, ephemeral_to=url.user if kind == "ephemeral" else None
    )
