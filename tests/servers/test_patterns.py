"""The examples, deployed as they are: every way to ask, and every way to answer."""

from __future__ import annotations

import asyncio
from typing import Any

from approvals.history import Role
from approvals.model import Approval, DecisionType, Resolution, Status
from tests.servers.conftest import TENANT, Yard

APPROVE, DENY, EDIT, RESPOND = DecisionType.APPROVE, DecisionType.DENY, DecisionType.EDIT, DecisionType.RESPOND
FORM = '{"room": "small", "day": "2026-12-01", "guests": 4}'


async def refund(yard: Yard) -> None:
    there = await yard.start("refund", {"customer": "7", "amount": 5.0})
    args = {"customer": "7", "amount": 4.5, "currency": "USD", "note": "The parcel never arrived."}
    done = await yard.answer(there, EDIT, args=args)
    assert await yard.result(there) == f"Refunded $4.50 to customer 7 (approval {done.id})"


async def denied(yard: Yard) -> None:
    there = await yard.start("refund", {"customer": "8", "amount": 5.0})
    done = await yard.answer(there, DENY, reason="too late")
    assert done.resolution is Resolution.DENIED
    assert await yard.result(there) == "No refund: too late"


async def words(yard: Yard) -> None:
    """Its answers are spelled in `langgraph.json`, which counts for the deployed graph of the same name."""
    there = await yard.start("words", {"draft": "Hello"})
    await yard.answer(there)
    assert await yard.result(there) == "Published: Hello"


async def form(yard: Yard) -> None:
    there = await yard.start("form", {"city": "Bern"})
    done = await yard.answer(there, RESPOND, text=FORM)
    assert done.schema is not None
    assert await yard.result(there) == "A small room in Bern on 2026-12-01 for 4"


async def middleware(yard: Yard) -> None:
    there = await yard.start("middleware", {"messages": [{"role": "user", "content": "go"}]})
    question = await yard.the_one(there)
    assert [action.name for action in question.actions] == ["pay_invoice", "delete_file"]
    thread = await yard.thread(there)
    assert thread is not None
    talk = await yard.core.history.last(thread, 5)
    assert talk is not None
    assert [(said.role, said.text) for said in talk.said[:1]] == [(Role.PERSON, "go")]
    await yard.decide(question, EDIT, action=0, args={"vendor": "Acme", "amount": 450.0})
    await yard.decide(question, DENY, action=1, reason="keep it")
    done = await yard.ended(question, Status.RESUMED)
    assert done.outcome is not None
    assert "Paid $450.00 to Acme." in done.outcome.text
    assert "keep it" in done.outcome.text


async def parallel(yard: Yard) -> None:
    there = await yard.start("parallel", {"servers": ["a", "b", "c"]})
    questions = {str(a.actions[0].args.get("server") or a.payload): a for a in await yard.asked(there, 3)}
    first, second, third = sorted(questions.values(), key=_server)
    await yard.decide(second, DENY)
    await yard.ended(second, Status.RESUMED)
    await asyncio.gather(yard.decide(first, APPROVE), yard.decide(third, APPROVE))
    await asyncio.gather(yard.ended(first, Status.RESUMED), yard.ended(third, Status.RESUMED))
    assert await yard.result(there) == "a: restarted\nb: left alone\nc: restarted"


def _server(approval: Approval) -> str:
    payload: Any = approval.payload
    return str(payload["server"])


async def sequence(yard: Yard) -> None:
    there = await yard.start("sequence", {"item": "desk"})
    first = await yard.answer(there)
    second = await yard.the_one(there)
    assert second.id != first.id
    done = await yard.answer(there)
    assert done.id == second.id
    assert "desk" in str(await yard.result(there))


async def ended(yard: Yard) -> None:
    """A no that the node cannot take ends the thread on the server; its node is not run."""
    there = await yard.start("sequence", {"item": "boat"})
    done = await yard.answer(there, DENY)
    assert done.resolution is Resolution.DENIED
    assert await yard.result(there) is None
    assert (await yard.client.threads.get_state(there))["next"] == []


async def stopped(yard: Yard) -> None:
    there = await yard.start("breakpoint", {"to": "Ana", "steps": []})
    question = await yard.the_one(there)
    assert question.dialect == "breakpoint"
    assert EDIT not in question.allowed
    await yard.answer(there)
    assert str(await yard.result(there)).startswith("Sent: Dear Ana")


async def stopped_for_good(yard: Yard) -> None:
    there = await yard.start("breakpoint", {"to": "Ben", "steps": []})
    done = await yard.answer(there, DENY)
    assert done.resolution is Resolution.DENIED
    assert await yard.result(there) is None
    state = await yard.client.threads.get_state(there)
    assert (state["next"], state["values"]["steps"]) == ([], ["written"])  # type: ignore[call-overload]


async def question(yard: Yard) -> None:
    there = await yard.start("question", {"city": "Rome"})
    await yard.answer(there, RESPOND, text="Monday")
    assert await yard.result(there) == "Booked a room in Rome for Monday."


async def functional(yard: Yard) -> None:
    there = await yard.start("functional", "tea")
    done = await yard.answer(there)
    assert done.outcome is not None
    assert done.outcome.finished


async def subgraph(yard: Yard) -> None:
    there = await yard.start("subgraph", {"greeting": "Hello"})
    done = await yard.answer(there, RESPOND, text="Ida")
    assert done.outcome is not None
    assert "Ida" in done.outcome.text


async def context(yard: Yard) -> None:
    """The server keeps no context from run to run: a resume gives again what the last run was given."""
    there = await yard.start("gate", {"mode": "plain"}, context=TENANT)
    done = await yard.answer(there)
    assert await yard.result(there) == f"True for acme by {done.id}"
    config: Any = await yard.client.threads.get(there)
    assert "signoff" not in str(config["config"]), "an approval's id must not stick to the thread"
    assert "strict" not in str(config["config"])


async def refused(yard: Yard) -> None:
    """The graph's own check refuses it: the same question is open again, says why, and takes the next answer."""
    there = await yard.start("gate", {"mode": "word"}, context=TENANT)
    question = await yard.the_one(there)
    await yard.decide(question, RESPOND, text='{"word": "odd"}')

    async def asked_again() -> Approval | None:
        found = await yard.core.records.approvals.get(question.id)
        return found if found is not None and found.status is Status.PENDING and found.revision == 2 else None

    again = await yard.until(asked_again)
    assert again.error is not None
    assert "even number" in again.error
    await yard.answer(there, RESPOND, text='{"word": "even"}')
    assert await yard.result(there) == "even for acme"


async def test_every_pattern_is_found_and_answered(yard: Yard) -> None:
    """All at once, as a deployment would have them: approved, denied, edited, answered, ended."""
    stories = (refund, denied, words, form, middleware, parallel, sequence, ended, stopped, stopped_for_good)
    more = (question, functional, subgraph, context, refused)
    async with asyncio.TaskGroup() as together:
        for story in (*stories, *more):
            together.create_task(story(yard))
