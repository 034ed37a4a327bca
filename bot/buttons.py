"""The buttons and the menu of a card. Their value is the approval's id and the revision that was shown, nothing else
(an option of the menu adds its verb). Pure."""

from __future__ import annotations

from datetime import datetime

from approvals import asking_back
from approvals.lifecycle import offered
from approvals.model import Approval, DecisionType, Status
from approvals.policy import Urgency
from approvals.tally import verdicts
from bot import texts, texts_asked, texts_votes, texts_why
from bot.rich import MAX_MENU, Block, actions, button, confirmation, cut, line, overflow, section

FIRST = (DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY)
"""The three that stand in the row where all four are offered; Respond then stands beside a sentence of its own."""

LOOK, SNOOZE, ASK, WHY, GLASS = "look", "snooze", "ask", "why", "glass"
"""The verbs of the menu. A snooze is followed by its seconds."""

ROW = "row:"
"""Before the verb of a button in a row of a list."""

_STYLE = {DecisionType.APPROVE: "primary", DecisionType.DENY: "danger"}


def value(approval: Approval) -> str:
    """`id:revision`: what every button of a card carries."""
    return f"{approval.id}:{approval.revision}"


def review(approval: Approval) -> Block:
    """Opens everything that was asked, whole."""
    return button("Review in full", "review", value(approval), about=texts.title(approval))


def failed(approval: Approval) -> Block:
    """The row of a failed one: the same answer again where there is one, or the question again."""
    about = texts.title(approval)
    stuck = texts.stuck(approval) or texts.unanswered(approval)
    given = "The answer that was given elsewhere" if texts.stuck(approval) else "The answer that was given"
    dropped = f"{given} is dropped, and every open question of this thread is asked anew."
    if texts.unanswered(approval):
        dropped = "Every open question of this thread is asked anew."
    sure = confirmation("Ask again?", dropped, "Ask again")
    row = [] if stuck else [button("Retry", "retry", value(approval), style="primary", about=about)]
    return actions([*row, button("Ask again…", "repair", value(approval), confirm=sure, about=about)])


def more(approval: Approval) -> Block:
    """The menu beside the buttons: to hold it for a while, to ask something first, to see what was said before, and to
    decide alone where the policy names people for that.

    Its options carry what buttons carry, and a verb.
    """
    policy = approval.policy
    options = [(texts_votes.looking(policy.acknowledge), LOOK)] if policy.acknowledge else []
    glass = [(texts_votes.GLASS_LABEL, GLASS)] if policy.break_glass and alone(approval) else []
    ask = [(texts_asked.label(approval), ASK)] if asking_back.possible(approval) is None else []
    why = [(texts_why.LABEL, WHY)]
    room = MAX_MENU - len(options) - len(ask) - len(why) - len(glass)
    options += [(texts_votes.later(seconds), f"{SNOOZE}{seconds:.0f}") for seconds in policy.snooze[:room]]
    options += ask + why + glass
    return overflow("more", [(label, f"{value(approval)}:{verb}") for label, verb in options])


def alone(approval: Approval) -> tuple[DecisionType, ...]:
    """What somebody may say alone of all that is open."""
    return tuple(kind for kind in _open(approval, None) if kind in (DecisionType.APPROVE, DecisionType.DENY))


def with_more(approval: Approval, rows: list[Block]) -> list[Block]:
    """The rows with the menu at the end of the first one, or in one of its own."""
    menu = more(approval)
    if rows and rows[0]["type"] == "actions":
        return [actions([*rows[0]["elements"], menu]), *rows[1:]]
    return [*rows, actions([menu])]


def undo(approval: Approval, now: datetime) -> list[Block]:
    """The row of one that was decided and waits a little: it can be taken back as long as it does."""
    if approval.status is not Status.RESOLVED or approval.held_until is None or approval.held_until <= now:
        return []
    return [actions([button("Undo", "undo", value(approval), about=texts.title(approval))])]


def single(approval: Approval, *, hidden: bool = False) -> list[Block]:
    """The rows for an approval of one action: at most three buttons in the row. `hidden`: the card leaves something
    out, so that *Approve* shows it whole first."""
    kinds = _open(approval, None)
    row = [kind for kind in kinds if kind in FIRST] if len(kinds) > len(FIRST) else kinds
    made = [_button(approval, kind, None, texts.title(approval), hidden=hidden) for kind in row]
    blocks = [actions(made)] if made else []
    for kind in kinds:
        if kind not in row:
            aside = _button(approval, kind, None, texts.title(approval))
            blocks.append(section("None of these? Answer the agent in words.", aside))
    return blocks


def quick(approval: Approval, *, hidden: bool = False) -> Block | None:
    """Approve and Deny for a row of a list, where one click of one person is all that it takes; what they are about is
    as it was first asked. `hidden`: it does not stand in the row whole."""
    policy, kinds = approval.policy, _open(approval, None)
    more = asks_twice(approval) or policy.reason_required or texts_votes.several(policy)
    changed = approval.revision > 1 or approval.error or approval.decisions
    if more or changed or len(approval.actions) != 1 or DecisionType.APPROVE not in kinds:
        return None
    row = [kind for kind in kinds if kind in (DecisionType.APPROVE, DecisionType.DENY)]
    made = [_button(approval, kind, None, texts.title(approval), hidden=hidden) for kind in row]
    return actions([{**one, "action_id": f"{ROW}{one['action_id']}"} for one in made])


def of_action(approval: Approval, index: int, *, hidden: bool = False) -> list[Block]:
    """The row for one action of several."""
    about = line(approval.actions[index].name, 40)
    name = f"{about} ({index + 1})"
    row = [_button(approval, kind, index, name, hidden=hidden) for kind in _open(approval, index)]
    return [actions(row)] if row else []


def of_all(approval: Approval, *, hidden: bool = False) -> list[Block]:
    """The row for all actions that are still open, where there are at least two."""
    still = sum(1 for said in verdicts(approval) if said is None)
    kinds = [kind for kind in _open(approval, None) if kind in (DecisionType.APPROVE, DecisionType.DENY)]
    if still < 2 or not kinds:
        return []
    row: list[Block] = []
    for kind in kinds:
        label = f"{texts.LABEL[kind].rstrip('…')} {which(approval)}"
        asks = kind is DecisionType.APPROVE and not hidden and not _with_reason(approval, kind)
        sure = confirmation(f"{label}?", _sure(approval, f"{still} actions"), "Approve") if asks else None
        row.append(
            button(
                label if kind is DecisionType.APPROVE and not hidden else f"{label}…",
                kind.value,
                value(approval),
                style=_STYLE[kind],
                confirm=sure,
                about=texts.title(approval),
            )
        )
    return [actions(row)]


def which(approval: Approval) -> str:
    """How all that are open are called: `all (3)`, `the rest (2)`."""
    still = sum(1 for said in verdicts(approval) if said is None)
    return f"{'all' if still == len(approval.actions) else 'the rest'} ({still})"


def asks_twice(approval: Approval) -> bool:
    """Whether an approval is confirmed: the policy says so, or it is critical."""
    return approval.policy.confirm or approval.urgency is Urgency.CRITICAL


def _open(approval: Approval, index: int | None) -> tuple[DecisionType, ...]:
    """What is offered now, in the order of the row.

    *Approve* comes first: it is what is mostly pressed, and always in one place. Where it is confirmed it comes last:
    the place where a thumb goes by habit then holds what opens a form and executes nothing, and the dialog is the
    second safeguard, not the only one.
    """
    if approval.status is not Status.PENDING:
        return ()
    kinds = offered(approval, index)
    order = (DecisionType.APPROVE, DecisionType.EDIT, DecisionType.RESPOND, DecisionType.DENY)
    if asks_twice(approval):
        order = tuple(reversed(order))
    return tuple(kind for kind in order if kind in kinds)


def _with_reason(approval: Approval, kind: DecisionType) -> bool:
    """Such a decision opens a modal that asks for the reason, and needs no other confirmation."""
    return kind.value in approval.policy.reason_required


def _button(approval: Approval, kind: DecisionType, index: int | None, about: str, *, hidden: bool = False) -> Block:
    label = texts.LABEL[kind]
    confirm = None
    if kind is DecisionType.APPROVE:
        if hidden or _with_reason(approval, kind):
            label += "…"
        elif asks_twice(approval):
            what = "" if index is None else line(approval.actions[index].name, 60)
            confirm = confirmation("Approve?", _sure(approval, what), "Approve")
    return button(
        label,
        kind.value if index is None else f"{kind.value}:{index}",
        value(approval),
        style=_STYLE.get(kind),
        confirm=confirm,
        about=about,
    )


def _sure(approval: Approval, what: str) -> str:
    about = cut(texts.title(approval), 150)
    named = f"{what} — {about}" if what else about
    if texts_votes.several(approval.policy):
        counts = texts_votes.plainly(texts_votes.counts_only(approval))
        return cut(f"{cut(named, 120)}\n{counts}", 300)
    return cut(f"{named}\n{texts_votes.goes_on(approval.policy)}", 300)
