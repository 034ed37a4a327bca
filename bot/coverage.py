"""Who can be reached by the policies now, by Slack's facts; and what `approvals.lint` makes of that."""

from __future__ import annotations

from approvals.errors import ConfigError
from approvals.lint import Facts, Finding, Kind, Seen, channels_of, entries_of, lint
from approvals.policy import MANAGER, PolicySet
from bot.absences import Absences
from bot.directory import Directory


class Coverage:
    """Looks up everything that policies name. `managers` says whether requesters' managers can be found at all.

    What Slack refuses for want of a channel, a group or a person is a finding; where Slack cannot be asked, the error
    is raised: then nothing is known.
    """

    def __init__(self, directory: Directory, absences: Absences, *, managers: bool = False) -> None:
        self._directory = directory
        self._absences = absences
        self._managers = managers

    async def findings(self, policies: PolicySet) -> tuple[Finding, ...]:
        """What is wrong with the policies, as things stand now."""
        return lint(policies, await self.facts(policies))

    async def facts(self, policies: PolicySet) -> Facts:
        """What is known now of everything that they name."""
        entries = {entry: await self.seen(entry) for entry in entries_of(policies) if entry != MANAGER}
        people = dict.fromkeys(person for seen in entries.values() for person in seen.people)
        away = await self._absences.of(*people)
        # A cover is as good as the person, as long as they are there themselves.
        gone = frozenset(one for one, leave in away.items() if leave.cover is None or leave.cover in away)
        outside, inside = dict[str, str](), dict[str, frozenset[str]]()
        for channel in channels_of(policies):
            try:
                await self._directory.joined(channel)
                inside[channel] = frozenset(await self._directory.members(channel))
            except ConfigError as wrong:
                outside[channel] = str(wrong)
        return Facts(entries=entries, outside=outside, inside=inside, away=gone, managers=self._managers)

    async def seen(self, entry: str) -> Seen:
        """Whom an audience entry stands for."""
        try:
            if not await self._directory.members(entry):
                return Seen(kind=Kind.EMPTY)
        except ConfigError as wrong:
            return Seen(kind=Kind.UNKNOWN, why=str(wrong))
        try:
            return Seen(await self._directory.people(entry))
        except ConfigError as wrong:
            return Seen(kind=Kind.UNABLE, why=str(wrong))
