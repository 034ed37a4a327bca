"""`/approvals admin`: the modal in which policies are changed. Who may is asked of Slack at every step.

A trigger is good for three seconds and Slack may be slow to answer: a view is opened first and filled in later.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from approvals.book import NotPublished, PolicyVersion, Published, difference
from approvals.errors import InputError
from approvals.model import ActorRef
from approvals.policy import PolicySet
from approvals.policy_text import NEW, PolicyText, named
from approvals.refusals import Refusal
from bot import admin_views as views
from bot import payloads, replies
from bot.admin_views import DEFAULT, At, Shown
from bot.listeners.door import Answer, App, Door, View
from bot.listeners.sent import Sent, saving, sent, slow
from bot.modals import notice
from bot.payloads import Body, Person


def register(app: App, door: Door) -> None:
    """Registers the buttons and forms of the modal. The command that opens it stands in `commands`."""
    admin = Admin(door)
    app.action("admin:open")(door.listener(admin.from_home))
    app.action("admin:policy")(door.listener(admin.policy))
    app.action(re.compile("^admin:(edit|add)$"))(door.listener(admin.edit))
    app.action(re.compile("^admin:(prev|next)$"))(door.listener(admin.turn))
    app.action("admin:history")(door.listener(admin.history))
    app.action("admin:version")(door.listener(admin.version))
    app.action("admin:reapply")(door.listener(admin.reapply))
    app.view("admin:save")(door.listener(admin.save, slow=saving))
    app.view("admin:remove")(door.listener(admin.remove, slow=slow))
    app.view("admin:back")(door.listener(admin.bring_back, slow=slow))


class Admin:
    """One method a command, a button or a form."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._book = door.core.records.book
        self._slack = door.slack

    # -- who

    async def _actor(self, person: Person) -> ActorRef | None:
        """An admin, as the audit names them; `None` for everybody else. Only full members ever are."""
        admins = self._door.core.settings.signoff_admins
        actor = await self._door.directory.actor(person.id, person.team_id, admins)
        return actor.ref if actor.audiences else None

    async def _fill(self, body: Body, view_id: str, draw: Callable[[ActorRef], Awaitable[View]]) -> None:
        """Draws a view for an admin; everybody else is told in it that they are none. It never stays at *reading*."""
        try:
            actor = await self._actor(payloads.person(body))
            view = notice(replies.POLICIES, replies.NO_ADMIN) if actor is None else await draw(actor)
        except Exception:
            await self._slack.update_view(view_id, notice(replies.POLICIES, replies.BROKEN))
            raise
        await self._slack.update_view(view_id, view)

    async def _push(self, body: Body, draw: Callable[[ActorRef], Awaitable[View]]) -> None:
        """The same in a view on top."""
        await self._fill(body, await self._slack.push_view(payloads.trigger_id(body), views.loading()), draw)

    # -- what

    async def _shown(self, number: int | None = None) -> Shown | None:
        """A version, read; the one that counts unless another is named. `None` where there is none."""
        number = await self._book.number() if number is None else number
        text = await self._book.text_of(number)
        if isinstance(text, Refusal):
            return None
        found = self._book.check(text, number)
        if not isinstance(found, PolicySet):
            return None
        return Shown(number, PolicyText(text).unrolled(), found, await self._book.version(number))

    async def _list(self, page: int = 0, said: str = "") -> View:
        shown = await self._shown()
        if shown is None:
            return notice(replies.POLICIES, replies.UNREADABLE)
        return views.listing(shown, page, said)

    # -- the list

    async def open(self, body: Body) -> None:
        """From the command, which is acknowledged already."""
        view_id = await self._slack.open_view(payloads.trigger_id(body), views.loading())
        await self._fill(body, view_id, lambda _: self._list())

    async def from_home(self, body: Body, answer: Answer) -> None:
        """From the button of the Home tab."""
        await answer.ack()
        await self.open(body)

    async def turn(self, body: Body, answer: Answer) -> None:
        """Another page."""
        await answer.ack()
        view_id, at = _clicked(body)
        await self._fill(body, view_id, lambda _: self._list(at.page))

    async def policy(self, body: Body, answer: Answer) -> None:
        """The menu of one policy."""
        await answer.ack()
        view_id, at = _clicked(body)

        async def changed(actor: ActorRef) -> View:
            return await self._list(at.page, await self._change(at, actor))

        if at.do == "edit":
            await self._push(body, lambda _: self._form(at))
        elif at.do == "remove":
            await self._push(body, lambda _: self._removal(at))
        else:
            await self._fill(body, view_id, changed)

    async def _one(self, at: At) -> tuple[Shown, str]:
        """The version that a policy was shown in, and its name. Raises `InputError` where there is none."""
        shown = await self._shown(at.number)
        if shown is None or not 0 <= at.index < len(shown.policies.policies):
            raise InputError("a menu or a form is not of our making: it names no policy")
        return shown, shown.policies.policies[at.index].name

    async def _removal(self, at: At) -> View:
        shown, _ = await self._one(at)
        return views.removal(at, shown.policies.policies[at.index])

    async def remove(self, body: Body, answer: Answer) -> None:
        """Takes a policy out, after it was asked once more."""
        view, at = sent(body)
        async with Sent(self._slack, view, answer) as form:
            actor = await self._actor(payloads.person(body))
            if actor is None:
                await form.instead(notice(replies.NOT_DONE, replies.NO_ADMIN))
                return
            shown, name = await self._one(at)
            text = shown.text.without(at.index)
            done = await self._book.publish(text, expected=at.number, actor=actor, note=f"{name} removed")
            said = self._came(done)
            await form.closed(said)
            await self._slack.update_view(payloads.root_view_id(view), await self._list(at.page, said))

    async def _change(self, at: At, actor: ActorRef) -> str:
        """Moves or switches a policy of the version that was shown; the sentence that says what came of it."""
        shown, name = await self._one(at)
        try:
            if at.do in ("up", "down"):
                text, note = shown.text.moved(at.index, -1 if at.do == "up" else 1), f"{name} moved {at.do}"
            else:
                text, note = shown.text.switched(at.index, on=at.do == "on"), f"{name} switched {at.do}"
        except ValueError:
            return replies.by_hand(name)
        done = await self._book.publish(text, expected=at.number, actor=actor, note=note)
        return self._came(done)

    @staticmethod
    def _came(done: Published | Refusal) -> str:
        if isinstance(done, Published):
            return replies.published(done.version.number, new=done.new)
        if isinstance(done, NotPublished) and done.newer is not None:
            return replies.newer(done.newer.number, views.author(done.newer))
        if isinstance(done, NotPublished) and done.findings:
            return replies.would_break(done.findings[0].what)
        return replies.not_changed(done.detail)

    async def reapply(self, body: Body, answer: Answer) -> None:
        """Everything that waits is asked anew, under what counts now."""
        await answer.ack()
        view_id, at = _clicked(body)

        async def reapplied(actor: ActorRef) -> View:
            done = await self._door.core.reapply.everything(actor)
            return await self._list(at.page, replies.reapplied(len(done.asked), len(done.same)))

        await self._fill(body, view_id, reapplied)

    # -- one policy

    async def edit(self, body: Body, answer: Answer) -> None:
        """The form of the default, or of a new policy."""
        await answer.ack()
        _, at = _clicked(body)
        await self._push(body, lambda _: self._form(at))

    async def _form(self, at: At) -> View:
        shown = await self._shown(at.number)
        block = None if shown is None else _block(shown.text, at.index)
        if block is None:
            raise InputError("a button is not of our making: it names no policy")
        return views.form(at, *block)

    async def save(self, body: Body, answer: Answer) -> None:
        """Publishes what was typed. Mistakes stand below the field; what somebody else saved meanwhile stands above
        it, and what was typed stays: also where Slack or we were slow, and where something went wrong."""
        view, at = sent(body)
        values = payloads.state_values(body)
        typed, note = views.typed(values, views.TEXT), views.typed(values, views.NOTE)

        def again(said: str) -> View:
            return views.form(at, "", typed, note=note, said=said)

        async with Sent(self._slack, view, answer, again, kept=True) as form:
            await self._save(form, body, typed, note)

    async def _save(self, form: Sent, body: Body, typed: str, note: str) -> None:
        view, at = sent(body)
        actor = await self._actor(payloads.person(body))
        if actor is None:
            await form.instead(notice(replies.NOT_DONE, replies.NO_ADMIN, [typed]))
            return
        shown = await self._shown(at.number)
        block = None if shown is None else _block(shown.text, at.index)
        if shown is None or block is None:
            raise InputError("a form is not of our making: it names no policy")
        if not typed.strip():
            again = views.form(at, block[0], typed, note=note, said=replies.mistakes(replies.WRITE_IT))
            await form.wrong(views.TEXT, replies.WRITE_IT, again)
            return
        text = shown.text.with_new(typed) if at.index == NEW else shown.text.with_block(_place(at), typed)
        done = await self._book.publish(text, expected=at.number, actor=actor, note=note or _note(at, block[0]))
        if isinstance(done, Published):
            said = replies.published(done.version.number, new=done.new)
            await form.closed(said)
            await self._slack.update_view(payloads.root_view_id(view), await self._list(at.page, said))
        elif done.findings:
            first = shown.text.line_of(_place(at))
            said = replies.findings(done.findings, first, len(typed.strip("\n").splitlines()))
            again = views.form(at, block[0], typed, note=note, said=replies.mistakes(said))
            await form.wrong(views.TEXT, said, again)
        else:
            await form.instead(await self._again(at, block[0], typed, note, done))

    async def _again(self, at: At, name: str, typed: str, note: str, done: NotPublished) -> View:
        """The form once more, over the version that counts by now."""
        before, now = await self._shown(at.number), await self._shown()
        if before is None or now is None:
            return notice(replies.NOT_DONE, replies.UNREADABLE)
        index = at.index if at.index < 0 else named(now.text, name)
        here = At("edit", NEW if index is None else index, now.number, at.page)
        who = views.author(done.newer) if isinstance(done.newer, PolicyVersion) else replies.SOMEBODY
        said = replies.meanwhile(now.number, who, gone=index is None)
        changed = difference(before.text.text, now.text.text, f"version {at.number}", f"version {now.number}")
        return views.form(here, name, typed, note=note, said=said, changed=changed)

    # -- the history

    async def history(self, body: Body, answer: Answer) -> None:
        """The last versions."""
        await answer.ack()
        _, at = _clicked(body)
        await self._push(body, lambda _: self._history(at.page))

    async def _history(self, page: int) -> View:
        number = await self._book.number()
        return views.history(await self._book.history(), At("history", 0, number, page))

    async def version(self, body: Body, answer: Answer) -> None:
        """One version, before it is brought back."""
        await answer.ack()
        _, at = _clicked(body)
        await self._push(body, lambda _: self._version(at))

    async def _version(self, at: At, said: str = "") -> View:
        one, number = await self._book.version(at.index), await self._book.number()
        if one is None:
            raise InputError("a button is not of our making: it names no version")
        changes = await self._book.diff(one.number - 1, one.number)
        back = await self._book.diff(number, one.number)
        if isinstance(changes, Refusal) or isinstance(back, Refusal):
            return notice(replies.POLICIES, replies.UNREADABLE)
        return views.version(one, At("version", one.number, number, at.page), changes, back, said)

    async def bring_back(self, body: Body, answer: Answer) -> None:
        """Makes an earlier version count again, if nobody published another since it was looked at."""
        view, at = sent(body)
        async with Sent(self._slack, view, answer) as form:
            actor = await self._actor(payloads.person(body))
            if actor is None:
                await form.instead(notice(replies.NOT_DONE, replies.NO_ADMIN))
                return
            done = await self._book.roll_back(at.index, expected=at.number, actor=actor)
            if not isinstance(done, Published):
                await form.instead(await self._version(at, self._came(done)))
                return
            said = replies.published(done.version.number, new=done.new)
            await form.closed(said)
            await self._slack.update_view(payloads.previous_view_id(view), await self._history(at.page))
            await self._slack.update_view(payloads.root_view_id(view), await self._list(at.page, said))


def _clicked(body: Body) -> tuple[str, At]:
    """The view and what the button or the menu in it is about. Raises `InputError` for one that is not ours."""
    at, view_id = views.at(payloads.option_value(body) or payloads.button_value(body)), payloads.view_id(body)
    if at is None or view_id is None:
        raise InputError("a button is not of our making: its value cannot be read")
    return view_id, at


def _place(at: At) -> int | None:
    return None if at.index == DEFAULT else at.index


def _block(text: PolicyText, index: int) -> tuple[str, str] | None:
    """Name and lines of what is edited; `None` for a place that there is not."""
    if index == NEW:
        return "", views.TEMPLATE
    if index == DEFAULT:
        return "", text.default.text
    blocks = text.blocks
    return (blocks[index].name, blocks[index].text) if 0 <= index < len(blocks) else None


def _note(at: At, name: str) -> str:
    """What the history says where nobody gave a reason."""
    if at.index == DEFAULT:
        return "Everything else edited"
    return "A policy added" if at.index == NEW else f"{name} edited"
