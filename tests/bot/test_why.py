"""The modal that says why an agent asks: bounded, escaped, secrets hidden, kind where there is nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.history import Call, Role, Said, Talk
from approvals.redact import MASK
from approvals.shown import Shown
from bot import why
from tests.bot import golden, samples
from tests.bot.checks import drawn_texts, sound_view
from tests.bot.samples import SAMPLES

TALK = Talk(
    said=(
        Said(role=Role.SYSTEM, text="You handle refunds."),
        Said(role=Role.PERSON, text=samples.HOSTILE, name="<!here>"),
        Said(role=Role.AGENT, text="", calls=(Call("look_up", {"order": 17}), Call("read_policy"))),
        Said(role=Role.TOOL, text="Order 17 was broken.", name="look_up"),
        Said(role=Role.AGENT, text="I refund it.", calls=(Call("issue_refund", {"amount": 4200.0, "letter": "a\nb"}),)),
    ),
    earlier=12,
)


def text_of(view: dict[str, Any]) -> str:
    return "\n".join(drawn_texts(view["blocks"]))


def test_it_is_drawn_as_agreed() -> None:
    """As in the golden files, and Slack takes it."""
    approval = SAMPLES["pending"]
    drawn = {
        "modal_why": why.view(approval, TALK),
        "modal_why_state": why.view(approval, Talk(state={"order": 17, "note": "late"})),
        "modal_why_nothing": why.view(approval, Talk()),
        "modal_why_unread": why.view(approval, None),
        "modal_why_loading": why.loading(),
    }
    for name, view in drawn.items():
        sound_view(view)
        golden.check(name, view)


says = st.builds(
    Said,
    role=st.sampled_from(Role),
    text=samples.texts | st.just("é" * 5000),
    name=samples.texts,
    calls=st.lists(st.builds(Call, samples.texts, samples.arguments), max_size=9).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(says, max_size=20).map(tuple), st.integers(0, 10**6), samples.arguments)
def test_whatever_was_said_fits_and_is_not_parsed(said: tuple[Said, ...], earlier: int, state: Any) -> None:
    """Of any talk: within Slack's limits, and no mention or link comes of it."""
    sound_view(why.view(SAMPLES["pending"], Talk(said=said, earlier=earlier, state=state)))


def test_the_newest_stay_where_there_is_no_room() -> None:
    """Twenty long ones: the last is there, the first is counted among the earlier ones."""
    talk = Talk(said=tuple(Said(role=Role.AGENT, text=f"start{n} " + "😀" * 4000) for n in range(20)), earlier=3)
    view = why.view(SAMPLES["pending"], talk)
    sound_view(view)
    text = text_of(view)
    assert "start19" in text
    assert "start0 " not in text
    shown = sum(f"start{n} " in text for n in range(20))
    assert f"… {23 - shown} earlier messages" in text


def test_secrets_are_hidden_wherever_they_are_repeated() -> None:
    """The value of a secret argument in one call is not shown by another message that says it too."""
    talk = Talk(
        said=(
            Said(role=Role.AGENT, text="", calls=(Call("log_in", {"user": "ana", "password": "hunter22"}),)),
            Said(role=Role.TOOL, text="Logged in with hunter22.", name="log_in"),
        ),
        state={"api_key": "abcdef"},
    )
    hidden = Shown().talk(talk, SAMPLES["pending"])
    assert "hunter22" not in str(hidden)
    assert hidden.said[1].text == f"Logged in with {MASK}."
    assert hidden.said[0].calls[0].args == {"user": "ana", "password": MASK}
    assert hidden.state == {"api_key": MASK}
