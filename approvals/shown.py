"""Records as people may see them: copies in which secrets are hidden. Nothing is decided by these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pydantic import JsonValue

from approvals import evidence
from approvals.events import Event
from approvals.history import Call, Talk
from approvals.model import Action, Approval, Decision, Outcome, Reply, Thread, Titling
from approvals.ports import Page
from approvals.redact import MASK, Redactor, heard

CHANGED = f"{MASK} (changed)"
"""A hidden value that an approver replaced by another."""


class Shown:
    """Makes the copies, by one `Redactor`."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()
        self._last: tuple[Approval | Thread, tuple[str, ...]] | None = None

    def approval(self, approval: Approval) -> Approval:
        """The approval for drawing. Names, ids and counts are the same."""
        secrets = self._secrets(approval)
        hide: Callable[[str], str] = lambda text: self.redactor.text(text, secrets)  # noqa: E731  short, and used ten times
        return replace(
            approval,
            title=hide(approval.title),
            description=hide(approval.description),
            actions=tuple(self._action(action, secrets) for action in approval.actions),
            payload=self.redactor.value(approval.payload, secrets),
            schema=self._schema(approval.schema),
            template=self.redactor.value(approval.template, secrets),
            titling=approval.titling and self._titling(approval.titling, hide),
            questions=tuple(
                replace(one, text=hide(one.text), answer=None if one.answer is None else hide(one.answer))
                for one in approval.questions
            ),
            decisions=tuple(self._decision(said, approval, secrets) for said in approval.decisions),
            reply=approval.reply and Reply(self.redactor.value(approval.reply.value, secrets), approval.reply.ends),
            error=None if approval.error is None else hide(approval.error),
            outcome=self._outcome(approval.outcome, secrets),
        )

    def page(self, page: Page) -> Page:
        """A page of them."""
        return replace(page, approvals=tuple(map(self.approval, page.approvals)))

    def thread(self, thread: Thread) -> Thread:
        """A thread's error and outcome; what it was given is never shown."""
        secrets = (*self._secrets(thread), *heard)
        error = None if thread.error is None else self.redactor.text(thread.error, secrets)
        return replace(thread, error=error, outcome=self._outcome(thread.outcome, secrets))

    def event(self, event: Event, about: Approval | Thread) -> Event:
        """One line of the audit, as it is written down."""
        secrets = self._secrets(about)
        if isinstance(about, Thread):  # it ends with words about what its approvals hid
            secrets = (*secrets, *heard)
        if not event.data:
            return event
        data = dict(event.data)
        if isinstance(about, Approval) and "evidence" in data:  # of what people see, in which secrets are hidden
            data["evidence"] = evidence.of(self.approval(about))
        if isinstance(about, Approval) and isinstance(args := data.get("args"), dict):
            which = data.get("action")
            data["args"] = self._changed(args, about, which if isinstance(which, int) else None, secrets)
            rest = {name: value for name, value in data.items() if name != "args"}
            return replace(event, data={**self.redactor.arguments(rest, secrets), "args": data["args"]})
        return replace(event, data=self.redactor.arguments(data, secrets))

    def talk(self, talk: Talk, about: Approval) -> Talk:
        """What was said in its thread: what a call hides is hidden wherever it is repeated."""
        given: list[JsonValue] = [dict(call.args) for one in talk.said for call in one.calls]
        found = self.redactor.secrets(dict(talk.state), *given)
        heard.add(found)
        secrets = (*self._secrets(about), *found)
        hide: Callable[[str], str] = lambda text: self.redactor.text(text, secrets)  # noqa: E731  as above
        said = tuple(
            replace(
                one,
                text=hide(one.text),
                name=hide(one.name),
                calls=tuple(Call(hide(call.name), self.redactor.arguments(call.args, secrets)) for call in one.calls),
            )
            for one in talk.said
        )
        return replace(talk, said=said, state=self.redactor.arguments(talk.state, secrets))

    def told(self, value: JsonValue, about: Approval | Thread | None = None) -> JsonValue:
        """Any value that has to do with a record."""
        return self.redactor.value(value, self._secrets(about) if about is not None else ())

    def _secrets(self, about: Approval | Thread) -> tuple[str, ...]:
        """The hidden values of the record; from now on no log line of this process repeats them. (Asked for once for
        each event of a change. Records never change.)"""
        if self._last is not None and self._last[0] is about:
            return self._last[1]
        if isinstance(about, Thread):
            found = self.redactor.secrets(about.input, about.context, dict(about.config))
        else:
            given: list[JsonValue] = [dict(action.args) for action in about.actions]
            given += [dict(said.args) for said in about.decisions if said.args is not None]
            found = self.redactor.secrets(about.payload, *given)
        heard.add(found)
        self._last = about, found
        return found

    @staticmethod
    def _titling(titling: Titling, hide: Callable[[str], str]) -> Titling:
        return replace(titling, titles=tuple(map(hide, titling.titles)), summary=hide(titling.summary))

    def _action(self, action: Action, secrets: Iterable[str]) -> Action:
        said = self.redactor.text(action.description, secrets)
        name = self.redactor.text(action.name, secrets)
        return replace(action, name=name, args=self.redactor.arguments(action.args, secrets), description=said)

    def _decision(self, said: Decision, approval: Approval, secrets: Iterable[str]) -> Decision:
        args = None if said.args is None else self._changed(said.args, approval, said.action, secrets)
        reason = None if said.reason is None else self.redactor.text(said.reason, secrets)
        text = None if said.text is None else self.redactor.text(said.text, secrets)
        return replace(said, args=args, reason=reason, text=text)

    def _changed(
        self, args: Mapping[str, JsonValue], approval: Approval, which: int | None, secrets: Iterable[str]
    ) -> dict[str, JsonValue]:
        """What an edit made of the arguments: a hidden one that is another now says so, and no more."""
        index = which or 0
        none: Mapping[str, JsonValue] = {}
        before = approval.actions[index].args if 0 <= index < len(approval.actions) else none
        hidden, was = self.redactor.arguments(args, secrets), self.redactor.arguments(before, secrets)
        return {
            name: CHANGED if name in was and value == was[name] and args[name] != before[name] else value
            for name, value in hidden.items()
        }

    def _outcome(self, outcome: Outcome | None, secrets: Iterable[str]) -> Outcome | None:
        return outcome and replace(outcome, text=self.redactor.text(outcome.text, secrets))

    def _schema(self, schema: JsonValue, name: str = "") -> JsonValue:
        """A stated schema without first values that are secret. The answers it offers stay: one of them is given."""
        if isinstance(schema, list):
            return [self._schema(entry) for entry in schema]
        if not isinstance(schema, dict):
            return schema
        found: dict[str, JsonValue] = {}
        for key, entry in schema.items():
            if key in ("default", "examples"):
                if not self.redactor.hides(name, entry) and self.redactor.value(entry) == entry:
                    found[key] = entry
            elif key in ("title", "description") and isinstance(entry, str):
                found[key] = self.redactor.text(entry)
            elif key == "properties" and isinstance(entry, dict):
                found[key] = {inner: self._schema(stated, inner) for inner, stated in entry.items()}
            else:
                found[key] = self._schema(entry) if key not in ("enum", "const") else entry
        return found
