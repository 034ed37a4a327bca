"""What would become of a question under the policies that count now: asked in Slack and at the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from langgraph.types import Interrupt

from agents.dialects import Dialects
from approvals.errors import ConfigError
from approvals.model import JsonValue, Thread
from approvals.opening import Opening
from approvals.policy import PolicySet
from approvals.simulate import Simulation, entries, simulate
from bot.directory import Directory

NAME = "simulated"
"""The id of the interrupt, the approval and the thread: none of them is ever written anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question: `payload` is what the graph would hand to `interrupt()`, in any format that Signoff reads."""

    graph: str
    payload: JsonValue
    at: datetime
    requester: str | None = None
    node: str = ""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The walk. `unresolved` says of each entry that names nobody why; `known`: Slack was asked at all. Of everybody in
    the walk, by user id: their own `clocks`, and what they are called."""

    walk: Simulation
    known: bool
    unresolved: Mapping[str, str] = field(default_factory=dict[str, str])
    clocks: Mapping[str, tzinfo] = field(default_factory=dict[str, tzinfo])
    names: Mapping[str, str] = field(default_factory=dict[str, str])


class Simulator:
    """Uses the real opening, with a clock that stands at the time of the question. Writes nothing, tells nobody.

    Without a `directory` nobody is looked up, and working hours of approvers are kept in the team's zone.
    """

    def __init__(self, dialects: Dialects, *, team_zone: str, directory: Directory | None = None) -> None:
        self._dialects = dialects
        self._team_zone = team_zone
        self._directory = directory

    async def run(self, asked: Asked, rules: PolicySet) -> Simulated:
        """Walks through what would happen under these policies if nobody answered."""

        async def current() -> PolicySet:
            return rules

        interrupt = Interrupt(value=asked.payload, id=NAME)
        draft = self._dialects.read(interrupt, graph=asked.graph, node=asked.node)
        thread = Thread(id=NAME, graph=asked.graph, input=None, created_at=asked.at, requester=asked.requester)
        opening = Opening(current, self._dialects, clock=lambda: asked.at, team_zone=self._team_zone)
        if self._directory is not None:
            opening.use(self._directory.zones)
        opened = await opening.open(NAME, draft, thread)
        people, unresolved = dict[str, tuple[str, ...]](), dict[str, str]()
        if self._directory is not None:
            for entry in entries(opened):
                try:
                    people[entry] = await self._directory.people(entry)
                except ConfigError as wrong:
                    unresolved[entry] = str(wrong)
        walk = simulate(opened, people)
        if self._directory is None:
            return Simulated(walk, known=False)
        clocks = {one: await self._directory.zone(one) for one in walk.people}
        names = {one: await self._directory.name(one) for one in walk.people}
        return Simulated(walk, known=True, unresolved=unresolved, clocks=clocks, names=names)
