"""Every published example, through the whole path: interrupt → card → click → the state that its author expects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from approvals.model import ThreadState
from localslack import View
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House, all_text
from tests.scenarios.play import Step, answer, finished, open_card, open_cards, play, settled

HERE = Path(__file__).parent / "published" / "langgraph.json"

APPROVE: Step = ("approve", None)

CASES: Sequence[tuple[str, Sequence[Step], str | None]] = [
    ("email_draft", [APPROVE], "sent"),
    ("email_draft", [("deny", "not yet")], "kept: not yet"),
    ("email_draft", [("deny", "")], "kept: "),
    ("full_example", [APPROVE], "sent"),
    ("full_example", [("deny", "")], "kept"),
    ("gate", [APPROVE], "dropped"),
    ("gate", [("deny", "")], "kept"),
    ("review_and_edit", [APPROVE], "sent: Dear all"),
    ("review_and_edit", [("edit", {0: "Dear you"})], "sent: Dear you"),
    ("clarification", [("respond", "Lyon")], "in Lyon"),
    ("multi_step", [APPROVE, APPROVE], "ordered"),
    ("multi_step", [APPROVE, ("deny", "")], None),
    ("multi_step", [("deny", "")], None),
    ("approval_node", [APPROVE], "done"),
    ("approval_node", [("deny", "no")], "left"),
    ("text_to_revise", [APPROVE], "helo"),
    ("text_to_revise", [("edit", {0: "hello"})], "hello"),
    ("human_approval", [APPROVE], "approved"),
    ("human_approval", [("deny", "")], "rejected"),
    ("review_edit", [APPROVE], "A cat."),
    ("review_edit", [("edit", {0: "Two cats."})], "Two cats."),
    ("book_hotel", [APPROVE], "booked Ritz"),
    ("book_hotel", [("edit", {0: "Plaza"})], "booked Plaza"),
    ("basic", [APPROVE], "done"),
    ("basic", [("deny", "")], "left"),
    ("email_review", [APPROVE], "sent: Dear you"),
    ("email_review", [("deny", "")], "kept"),
    ("email_review", [("edit", {0: "Dear Ada"})], "sent: Dear Ada"),
    ("validation_loop", [("respond", "-3"), ("respond", "30")], "30 years"),
    ("subgraph", [("respond", "Ada")], "Ada"),
    ("send_email", [APPROVE], "sent"),
    ("send_email", [("deny", "wrong address")], "cancelled: wrong address"),
    ("delete_course", [APPROVE], f"deleted by {ANA}"),
    ("delete_course", [("deny", "still needed")], "kept: still needed"),
    ("before", [APPROVE], "sent: Dear all"),
    ("before", [("deny", "")], None),
    ("before", [("edit", {0: "Dear you"})], "sent: Dear you"),
    ("after", [APPROVE], "sent: Dear all"),
    ("after", [("deny", "")], None),
    ("after", [("edit", {0: "Dear you"})], "sent: Dear you"),
]
"""Graph, what is clicked on each card in its order, and the result; `None` where nothing must have come of it."""

NOT_OFFERED = [("book_hotel", "deny"), ("review_and_edit", "deny"), ("approval_node", "respond"), ("basic", "respond")]


@pytest.fixture
async def desk(house: House) -> Desk:
    return await house.desk(signoff_config=HERE)


@pytest.mark.parametrize(("graph", "steps", "result"), CASES)
async def test_published_example(desk: Desk, graph: str, steps: Sequence[Step], result: str | None) -> None:
    """It works unchanged, or with one line of configuration: the node gets exactly what it compares with."""
    thread, values = await play(desk, graph, {}, steps)
    assert thread.state is ThreadState.DONE, thread.error
    assert values.get("result") == result, values


@pytest.mark.parametrize(
    ("graph", "said", "result"),
    [
        ("parallel", {"question_b": ("respond", "two"), "question_a": ("respond", "one")}, "a: one / b: two"),
        ("two_texts", {"wrld": ("edit", {0: "world"}), "helo": APPROVE}, "helo world"),
    ],
)
async def test_several_questions_at_once(desk: Desk, graph: str, said: dict[str, Step], result: str) -> None:
    """Each has a card of its own; they are answered in any order."""
    thread = await desk.start(graph, {})
    await settled(desk)
    assert len(open_cards(desk)) == len(said)
    for text, step in said.items():
        await answer(desk, open_card(desk, text), *step)
    _, values = await finished(desk, thread)
    assert values["result"] == result


@pytest.mark.parametrize(("graph", "verb"), NOT_OFFERED)
async def test_what_the_node_cannot_take_is_not_offered(desk: Desk, graph: str, verb: str) -> None:
    """There is no button for an answer that would break the node, or be taken for its opposite."""
    await desk.start(graph, {})
    card = await desk.card()
    assert verb not in desk.buttons(card.ts)


@pytest.mark.timeout(480)  # every page of it is drawn from the whole
async def test_a_question_of_more_than_a_megabyte(desk: Desk, unhurried: None) -> None:
    """It can be read to its last word before anybody decides, nothing in it is parsed, and the node gets it whole."""
    thread = await desk.start("huge", {})
    await settled(desk)
    card = open_card(desk)
    assert "Not everything fits here" in desk.text(card)
    await desk.slack.click(ANA, CHANNEL, card, "review")
    view = await desk.modal(ANA)
    last = int(all_text(view.blocks).rsplit(" of ", 1)[1].split()[0])
    assert last > 5
    for page in range(2, last + 1):
        await desk.slack.click_view(ANA, view.id, "review:next")
        view = await desk.until(lambda page=page: turned(desk.slack.modal(ANA), page))
    assert "the end" in all_text(view.blocks)
    assert "<!channel>" in all_text(view.blocks)
    assert (await desk.slack.submit(ANA, view.id, {})).ok
    await desk.resumed(card)
    await settled(desk)
    _, values = await finished(desk, thread)
    assert values["result"] == f"published {len('<!channel> x') * 100_000 + len('the end')}"


def turned(view: View | None, page: int) -> View | None:
    """The form once it shows this page."""
    return view if view is not None and f"Page {page} of" in all_text(view.blocks) else None
