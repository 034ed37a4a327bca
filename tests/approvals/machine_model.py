"""An approval as the words of a policy have it: what time brings, and what the agent and the admins do to it.

Written anew for the state machine: it reads the keys of a policy and calls none of the functions that it is compared
with. Times are seconds from the beginning of the story.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from approvals.policy import Policy, Urgency
from tests.approvals.machine_people import BELONGS, Asked

LONG = 1000
"""Days: no story lasts so long."""

TURNS = ("lapse", "expire", "remind", "escalate")
"""What time brings, in the order in which it comes where it is due at one moment."""


@dataclass
class Back:
    """A question that somebody asked back."""

    text: str
    by: str
    at: float
    to: list[str]
    open: bool = True


@dataclass
class Told(Asked):
    """What must be true of one approval."""

    questions: list[Back] = field(default_factory=list[Back])

    def __post_init__(self) -> None:
        self.started = self.now
        self.ends = self._end()
        self.say("opened", "system")
        self._ask()
        self.clocks()

    # -- when

    def due(self, after: float, *, held: bool = True) -> float:
        """When so much working time has passed that nobody held: the first moment, or the end of the hold or of the
        night that it falls upon. What is not `held` passes during holds."""
        left, at = after, self.started
        stops = [(since, until) for since, until, _ in self.holds if held] + self._nights()
        edges = sorted({edge for stop in stops for edge in stop} | {at})
        for begin, end in zip(edges, [*edges[1:], float("inf")], strict=True):
            if begin < at:
                continue
            if any(since <= begin < until for since, until in stops):
                continue
            if left < end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("every hold ends")

    def _nights(self) -> list[tuple[float, float]]:
        """When nobody works, in the weeks after the story began: that was on a Monday, at nine."""
        hours = self.policy.hours
        if hours is None or self.policy.urgency is Urgency.CRITICAL:
            return []
        days = [day for day in range(LONG) if day % 7 in hours.days]
        begins = [86400.0 * day + 60 * (hours.start - 540) for day in days]
        ends = [begin + 60 * (hours.end - hours.start) for begin in begins]
        return list(zip([-86400.0, *ends], [*begins, 86400.0 * LONG], strict=True))

    def held_until(self) -> float | None:
        ends = [until for since, until, _ in self.holds if since <= self.now < until]
        return max(ends) if ends else None

    def _times(self) -> list[float]:
        times = set(self.policy.remind)
        for step in self.policy.escalate:
            if step.repeat:
                times |= {step.after + step.repeat.every * (n + 1) for n in range(step.repeat.times)}
        return sorted(times)

    def next_reminder(self) -> float | None:
        times = self._times()
        return self.due(times[self.reminders]) if self.reminders < len(times) else None

    def next_step(self) -> float | None:
        steps = self.policy.escalate
        return self.due(steps[self.level].after) if self.level < len(steps) else None

    def _end(self) -> float | None:
        return self.due(self.policy.expire.after, held=False) if self.policy.expire else None

    def clocks(self) -> None:
        self.put("remind", self.next_reminder())
        self.put("escalate", self.next_step())
        self.put("expire", self.ends)

    def hold(self, who: str, kind: str, seconds: float) -> str:
        """Somebody holds the next step, for a time that is offered."""
        if why := self.closed() or self.barred(who):
            return why
        offered = self.policy.snooze if kind == "snoozed" else (self.policy.acknowledge,)
        if seconds not in offered:
            return "not_possible"
        until, held = self.now + seconds, self.held_until()
        if held is not None and held >= until:
            return "held_already"
        self.holds.append((self.now, until, who))
        self.say(kind, who)
        self._moved()
        return ""

    # -- what is asked back

    def ask_back(self, who: str, text: str) -> str:
        """It goes to whoever requested it, else to the agent's owners; the clocks wait where the policy says so."""
        if why := self.closed() or self.barred(who):
            return why
        if self.policy.ask_back is None:
            return "not_possible"
        if any(one.open and one.text == text.strip() for one in self.questions):
            return "asked_already"
        if len(self.questions) == 5:
            return "enough_asked"
        if not text.strip():
            return "invalid_answer"
        to = [self.requester] if self.requester else list(self.policy.owner)
        self.questions.append(Back(text.strip(), who, self.now, to))
        if pause := self.policy.ask_back.pause:
            self.holds.append((self.now, self.now + pause, f"{who} asked"))
            self._moved()
        self.say("asked_back", who)
        return ""

    def answer_back(self, number: int, who: str, text: str) -> str:
        """By those it was put to and the owners, else by those who may decide; the clocks go on, if they waited."""
        if number > len(self.questions):
            return "not_possible"
        question = self.questions[number - 1]
        may = self.answerers(question)
        if who not in may and (who == "UGUS" or not BELONGS.get(who, set()) & may):
            return "not_asked"
        if not question.open:
            return "answered_already"
        if not text.strip():
            return "invalid_answer"
        question.open, mine = False, f"{question.by} asked"
        before, self.holds = (
            self.holds,
            [
                (since, min(until, self.now), by) if (since, by) == (question.at, mine) else (since, until, by)
                for since, until, by in self.holds
            ],
        )
        if before != self.holds and self.status == "pending":
            self._moved()
        self.say("answered", who)
        return ""

    def answerers(self, question: Back) -> set[str]:
        return {*question.to, *self.policy.owner} or self.audience()

    def _moved(self) -> None:
        self.put("remind", self.next_reminder())
        self.put("escalate", self.next_step())
        self.put("lapse", self.held_until())

    # -- what time brings

    def sweep(self) -> None:
        """Somebody looks at what is due, until nothing is."""
        self.card |= self.card_due is not None and self.card_due <= self.now
        while kinds := self.in_turn():
            self.claimed(kinds, perform=True, dies=False)

    def in_turn(self) -> list[str]:
        """What may be taken now. Of what time brings one at a time: what somebody died over, then the earliest."""
        listed = [kind for kind in TURNS if kind in self.listed]
        busy = any(kind in self.claims and self.listed[kind] > self.now for kind in listed)
        due = sorted(
            (kind for kind in listed if self.listed[kind] <= self.now),
            key=lambda kind: (kind not in self.claims, self.listed[kind]),
        )
        release = ["release"] if self.listed.get("release", self.now + 1) <= self.now else []
        return [*release, *([] if busy else due[:1])]

    def claimed(self, kinds: list[str], *, perform: bool, dies: bool) -> None:
        """Taken off the list for half a minute; what is written anew meanwhile is nobody's any more."""
        before = dict(self.listed)
        for kind in kinds:
            self.put(kind, self.now + 30)
        self.claims |= set(kinds)
        if dies and perform and self.card_due is not None:  # one after the other, as they were due
            self.card |= self.card_due <= min(self.now, before.get("remind", 0.0))
        always = {"release": self._release}
        ends = lambda: self.ends and self.slot(self.ends)  # noqa: E731
        does = {"remind": self._remind, "escalate": self._escalate, "expire": ends, "lapse": self._lapse}
        for kind in kinds if perform else ():
            out = self.status == "pending" and self.ends is not None and self.ends <= self.now
            if out and kind not in always and (self.final() or (kind == "expire" and not self._behind())):
                self._expire()
            later = None
            if kind in always:
                later = always[kind]()
            elif self.status == "pending":
                later = does[kind]()
                self.card |= kind == "escalate" and self.audit[-1] == ("escalated", "system") and not dies
            if kind in self.claims and not dies:
                self.put(kind, later)

    def _wait(self, at: float) -> float | None:
        at = max(self.held_until() or at, self.slot(at))
        return at if at > self.now else None

    def slot(self, at: float) -> float:
        """What is more than five minutes late comes as the working hours begin: these, or the next."""
        nights = self._nights()
        if self.now - at <= 300 or not nights:
            return at
        return max(at, max(until for since, until in nights if since <= self.now) + 1e-6 * self.earlier(at))

    def earlier(self, at: float) -> int:
        return sum(1 for due in (self.next_reminder(), self.next_step()) if due is not None and due < at)

    def _behind(self) -> bool:
        """The deadline ends nothing, and waits behind what was due before it."""
        assert self.ends is not None
        return bool(self.earlier(self.ends)) and self.slot(self.ends) > self.now

    def _remind(self) -> float | None:
        at = self.next_reminder()
        if at is None or (later := self._wait(at)):
            return at and later
        if not self.card:
            return self.now + min(max(5.0, (self.now - at) / 2), 300.0)
        self.reminders += 1
        while (more := self.next_reminder()) is not None and more <= self.now:
            self.reminders += 1
        self.given += 1
        self.say("reminded", "system")
        self.put("remind", self.next_reminder())
        return None

    def _escalate(self) -> float | None:
        at = self.next_step()
        if at is None or (later := self._wait(at)):
            return at and later
        before = (self.audience(), self.here(), self.speakers())
        steps = self.policy.escalate[self.level :]
        late = [
            number for number, step in enumerate(steps) if number and step.replace and self.due(step.after) <= self.now
        ]
        for _ in range(late[-1] if late else 0):
            self.level += 1
            self.say("escalation_skipped", "system")
        self.level += 1
        self.places |= self.here()
        new = before != (self.audience(), self.here(), self.speakers())
        self.say("escalated" if new else "escalation_skipped", "system")
        at = self.next_step()
        self.put("escalate", at if at is None else self.slot(at))
        return None

    def _lapse(self) -> float | None:
        if (until := self.held_until()) is not None:
            return until
        self.say("lapsed", "system")
        self.put("lapse", None)
        return None

    def _release(self) -> float | None:
        """Nobody took the decision back."""
        if self.status != "resolved" or self.release is None:
            return None
        if self.release > self.now:
            return self.release
        self.release = None
        self.goes += 1
        self.say("released", "system")
        return None

    def undo(self, who: str) -> str:
        """The clocks run as they did; if the time was over by then, all of it anew."""
        if why := super().undo(who):
            return why
        if self.ends is not None and self.ends <= self.now:
            self.started = self.now
            self.ends = self._end()
        self.clocks()
        self.put("lapse", self.held_until())
        return ""

    def final(self) -> bool:
        """Its deadline is the end, so that nobody is told of what was due before."""
        assert self.policy.expire is not None
        then = str(self.policy.expire.then)
        return then == "fail" or (then != "wait" and then in self.offered(None) and not self._changed(then))

    def _changed(self, then: str) -> bool:
        """An edit waits for approvals, and nothing is approved over it."""
        return then == "approve" and any(ask.edit is not None and not ask.verdict for ask in self.asks)

    def _expire(self) -> None:
        assert self.policy.expire is not None
        assert self.ends is not None
        then = str(self.policy.expire.then)
        if not self.final() or (then != "fail" and self.unfit):
            self.ends = None
            self.say("overdue", "policy")
            return
        for step in self.policy.escalate[self.level :]:
            if self.due(step.after) <= self.ends:
                self.say("escalation_skipped", "system")
        if then == "fail":
            self.status, self.resolution = "failed", "expired"
            self.say("resolved", "policy")
            self.say("gave_up", "policy")
            self.quiet()
        else:
            self.say("decided", "policy")
            self.by_policy(then)
            self._resolve("expired", "policy")

    # -- what the agent and the admins do

    def amend(self) -> None:
        """Something else is asked under the same id, of those who are asked by now."""
        if self.status == "failed":
            return
        if self.ends is not None and self.ends <= self.now:
            self.started = self.now
            self.ends = self._end()
        if self.status != "pending":
            self.holds = [(since, min(until, self.now), who) for since, until, who in self.holds]
        self.status, self.resolution, self.release = "pending", "", None
        self.revision += 1
        self._ask()
        self.say("amended", "system")
        self.clocks()

    def cancel(self, who: str) -> str:
        """Nobody is asked any more; what can still be taken back was given to nobody."""
        if self.status == "resolved" and self.release is None:
            return "already_resolved"
        if self.status not in ("pending", "resolved"):
            return self.closed()
        self.quiet()
        self.status, self.resolution, self.release = "resolved", "cancelled", None
        self.goes += 1
        self.say("cancelled", who)
        self.say("resolved", who)
        return ""

    def withdraw(self) -> None:
        if self.status in ("pending", "resolved"):
            self.status = "superseded"
            self.say("superseded", "system")
            self.quiet()
            self.release = None

    def reapply(self, policy: Policy, who: str) -> str:
        if why := self.closed():
            return why
        if policy == self.policy:
            return "not_possible"
        self.policy, self.started, self.holds, self.level, self.reminders = policy, self.now, [], 0, 0
        self.ends = self._end()
        self.revision += 1
        self._ask()
        self.say("policy_reapplied", who)
        self.clocks()
        self.put("lapse", None)
        return ""
