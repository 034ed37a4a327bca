"""The modal in which policies are changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import policies
from approvals.book import FILE, PolicyVersion, difference
from approvals.model import ActorRef, Source
from approvals.policies import Finding
from approvals.policy import PolicySet
from approvals.policy_text import NEW, PolicyText
from bot import admin_views, replies
from bot.admin_views import DEFAULT, At, Shown
from tests.bot import golden
from tests.bot.checks import drawn_texts, sound_view
from tests.bot.samples import NOW

RULES = """\
version: 1
policies:
  - name: refunds over $500
    match: {graph: refund, action: issue_refund}
    when: double(action.args.amount) > 500.0
    channel: "#approvals"
    who: ["@finance"]
    quorum: {approve: 2}
    remind: [10m]
    escalate: [{after: 15m, to: [S0LEADS], channel: C0LEADS}]
    expire: {after: 2h, then: deny}
  - {name: "small & <safe>", match: {graph: refund}, channel: "#approvals", decide: approve}
  - {name: mails, channel: C0APPROVALS, who: [U0ANA], enabled: false, expire: never}
default: {channel: "#approvals"}
"""
SECOND = PolicyVersion(number=2, text=RULES, author=ActorRef("U0BEN", Source.SLACK), at=NOW, note="Two for big ones")
FIRST = PolicyVersion(number=1, text=RULES, author=FILE, at=NOW - timedelta(days=1), note="policies.yaml")


def shown(text: str = RULES, version: PolicyVersion | None = SECOND) -> Shown:
    """A version as the listener reads it."""
    found = policies.parse(text)
    assert isinstance(found, PolicySet), found
    return Shown(version.number if version else 0, PolicyText(text), found, version)


def test_views_are_drawn_as_agreed() -> None:
    """Each view is the one in its golden file, and Slack takes it."""
    one = shown()
    block = one.text.blocks[0]
    changed = difference("a\nb\n", "a\nc\n", "version 1", "version 2")
    meanwhile = replies.meanwhile(2, "<@U0BEN>", gone=True)
    drawn = {
        "admin_list": admin_views.listing(one, said=replies.published(2, new=True)),
        "admin_list_settings": admin_views.listing(shown(policies.written_out("#approvals"), None)),
        "admin_form": admin_views.form(At("edit", 0, 2), block.name, block.text),
        "admin_form_new": admin_views.form(At("add", NEW, 2), "", admin_views.TEMPLATE),
        "admin_form_default": admin_views.form(At("edit", DEFAULT, 2), "", one.text.default.text),
        "admin_form_meanwhile": admin_views.form(
            At("edit", NEW, 2), block.name, block.text, note="Why", said=meanwhile, changed=changed
        ),
        "admin_removal": admin_views.removal(At("remove", 0, 2), one.policies.policies[0]),
        "admin_history": admin_views.history([SECOND, FIRST], At("history", 0, 2)),
        "admin_history_empty": admin_views.history([], At("history", 0, 0)),
        "admin_version": admin_views.version(FIRST, At("version", 1, 2), changed, changed),
        "admin_version_now": admin_views.version(SECOND, At("version", 2, 2), changed, ""),
    }
    for name, view in drawn.items():
        sound_view(view, inputs=True)
        golden.check(name, view)


def test_what_somebody_wrote_is_never_markup() -> None:
    """Names, notes and conditions are escaped: no mention, no link comes of them."""
    hostile = "<!channel> *x* <https://a.b|c>"
    rules = (
        f'version: 1\npolicies:\n  - {{name: "{hostile}", when: "title == \'<!here>\'", channel: C0123}}\n'
        'default: {channel: "#ops"}\n'
    )
    version = PolicyVersion(number=1, text=rules, author=ActorRef("<!everyone>", Source.CLI), at=NOW, note=hostile)
    for view in (
        admin_views.listing(shown(rules, version)),
        admin_views.history([version], At("history", 0, 1)),
        admin_views.version(version, At("version", 1, 1), hostile, hostile),
    ):
        sound_view(view, inputs=True)
        for text in drawn_texts(view):
            assert "<!channel>" not in text or text == hostile
            assert "<!everyone>" not in text
            assert "<!here>" not in text


def test_a_page_of_the_longest_policies_fits() -> None:
    """A hundred people, escalated a dozen times: cut between two words, and within Slack's limits."""
    who = ", ".join(f"U0PERSON{n}" for n in range(100))
    steps = "".join(f"      - {{after: {n + 1}h, to: [{who}], channel: C0LEADS{n}}}\n" for n in range(12))
    rule = f"  - name: p%d\n    channel: C0123\n    who: [{who}]\n    escalate:\n{steps}    expire: never\n"
    rules = "version: 1\npolicies:\n" + "".join(rule % n for n in range(25)) + 'default: {channel: "#ops"}\n'
    for page in (0, 1, 7):
        sound_view(admin_views.listing(shown(rules), page), inputs=True)


@pytest.mark.parametrize("text", ["", "edit", "edit:1:2", "edit:x:2:0", "edit:1:-2:0", "edit:1:2:0\n", "EDIT:1:2:0"])
def test_what_is_not_of_our_making_is_not_read(text: str) -> None:
    """Values and metadata come from outside."""
    assert admin_views.at(text) is None
    assert admin_views.metadata({"private_metadata": text}) is None


def test_what_is_of_our_making_is_read_back() -> None:
    """Of a button and of a form alike."""
    at = At("edit", DEFAULT, 12, 3)
    assert admin_views.at(str(at)) == at
    assert admin_views.metadata(admin_views.form(at, "", "a: b")) == at


def test_mistakes_are_told_by_the_lines_of_the_field() -> None:
    """What lies elsewhere is named by its key; of many, three."""
    found = [Finding(10, "policies[1].who[0]", "a; b"), Finding(2, "default", "c"), Finding(11, "", "d")]
    assert replies.findings(found, 9, 3) == "Line 2: who[0]: a; b · default: c · Line 3: d"
    assert replies.findings(found * 2, 9, 3).endswith(" … and 3 more.")
