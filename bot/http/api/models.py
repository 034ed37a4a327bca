"""Requests and answers of the API. The fields and words are those that hosted services of this kind published.

Fields that we do not know are left unread, since code written for such a service may send them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

Status = Literal["pending", "approved", "denied", "modified", "expired", "escalated", "scheduled"]
Urgency = Literal["low", "medium", "high", "critical"]


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _whole(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL")
    return text


def _web(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(ord(letter) <= 32 for letter in url):
        raise ValueError("is no http or https address")
    return url


def _distinct(texts: list[str]) -> list[str]:
    if len({text.strip()[:75] for text in texts}) != len(texts):
        raise ValueError("holds an entry twice")
    return texts


def _named_once(fields: list[TextField]) -> list[TextField]:
    if len({field.name for field in fields}) != len(fields):
        raise ValueError("holds a name twice")
    return fields


Line = Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_said), AfterValidator(_whole)]
Label = Annotated[str, Field(max_length=300), AfterValidator(_whole)]
Long = Annotated[str, Field(max_length=20_000), AfterValidator(_whole)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_web)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class ApproveDeny(_Request):
    """A yes or a no: the same as no `response_type`."""

    type: Literal["approve_deny"]


class Choose(_Request):
    """One of several. `response_data` is `{"chosen": …}`."""

    type: Literal["choose"]
    choices: Annotated[list[Line], Field(min_length=1, max_length=100), AfterValidator(_distinct)]
    label: Label = "Select an option"


class TextField(_Request):
    """One text."""

    name: Line
    label: Label = ""
    required: bool = False
    placeholder: Label = ""


class TextInput(_Request):
    """One or more texts. `response_data` has them by name."""

    type: Literal["text_input"]
    fields: Annotated[list[TextField], Field(min_length=1, max_length=40), AfterValidator(_named_once)]


class NumberInput(_Request):
    """A number. `response_data` is `{"value": …}`."""

    type: Literal["number_input"]
    label: Label = "Enter a value"
    min: Number | None = None
    max: Number | None = None
    placeholder: Label = ""


class Confirm(_Request):
    """A yes that is asked for twice. `response_data` is `{"confirmed": true}`."""

    type: Literal["confirm"]


class Schedule(_Request):
    """When: `execute_at`, and the status `scheduled`. Where `allow_immediate`, it can be approved for now."""

    type: Literal["schedule"]
    label: Label = "When should this run?"
    allow_immediate: bool = True


ResponseType = Annotated[
    ApproveDeny | Choose | TextInput | NumberInput | Confirm | Schedule, Field(discriminator="type")
]


class CreateDecision(_Request):
    """What is asked."""

    action: Annotated[str, Field(min_length=1, max_length=3000), AfterValidator(_said), AfterValidator(_whole)] = Field(
        description="What is to happen, in a sentence.", examples=["Send 10,000 marketing emails"]
    )
    approver: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Who of those whom the policy asks: an e-mail address, a Slack id, or an @group. Null: all."
    )
    context: Long | None = Field(None, description="What the approver should know.")
    urgency: Urgency = "medium"
    timeout_minutes: Annotated[int, Field(ge=1, le=525_600)] | None = Field(
        60, description="The policy's time counts where it is shorter. Null: the policy's time."
    )
    channel: str = Field("email", description="Not heeded: it is asked in Slack.")
    options: Annotated[list[Line], Field(max_length=100), AfterValidator(_distinct)] | None = Field(
        None, description="The same as a `response_type` of `choose`."
    )
    callback_url: Url | None = None
    response_type: ResponseType | None = None
    context_images: Annotated[list[Url], Field(max_length=5)] | None = None
    enforce: bool = False
    args: Annotated[dict[str, JsonValue], Field(max_length=40)] | None = Field(
        None, description="Values that are shown one by one and may be changed (`modified`). Ours."
    )
    requester: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="On whose behalf: an e-mail address or a Slack user id. They cannot decide it. Ours."
    )


class ResolveDecision(_Request):
    """What a key decides, where the policy names it."""

    action: Literal["approve", "deny", "modify"]
    notes: Annotated[str, Field(max_length=3000), AfterValidator(_whole)] | None = None
    response_data: dict[str, JsonValue] | None = None
    resolved_by: Annotated[str, Field(max_length=200), AfterValidator(_whole)] | None = Field(
        None, description="Written into the notes as what the key says. Who decided is the key."
    )


class CancelDecision(_Request):
    """Why no answer is needed any more."""

    reason: Annotated[str, Field(max_length=1000), AfterValidator(_whole)] = ""


class Created(BaseModel):
    """The answer to a new decision."""

    id: str
    status: Status
    expires_at: str | None
    auto_resolved: bool = Field(description="A policy decided at once; nobody was asked.")


class Attachment(BaseModel):
    """A file. Not taken yet."""

    name: str
    url: str
    type: str
    size: int


class Decision(BaseModel):
    """One decision. Times are ISO 8601 in UTC."""

    id: str
    status: Status
    action: str
    context: str | None
    urgency: Urgency
    response_notes: str | None
    response_data: dict[str, JsonValue] | None
    resolved_at: str | None
    resolved_by: str | None = Field(description="A Slack user id, `api:NAME`, `policy`, or an operator's name.")
    expires_at: str | None
    created_at: str
    execute_at: str | None
    context_images: list[str]
    attachments: list[Attachment]
    enforce: bool
    action_permitted: bool | None = Field(description="With `enforce`: whether it may be done.")
    approval_id: str | None = Field(description="As on the card and in `signoff show`. Ours.")
    resolution: Literal["approved", "edited", "denied", "responded", "expired", "cancelled"] | None = Field(
        description="How it ended, in Signoff's words: a cancelled one is `expired` to others. Ours."
    )
    policy: str | None = Field(description="The policy it is asked under. Ours.")
    escalated: int = Field(description="How many steps of escalation were taken. Ours.")


class DecisionList(BaseModel):
    """A page, newest first."""

    decisions: list[Decision]
    next_cursor: str | None
