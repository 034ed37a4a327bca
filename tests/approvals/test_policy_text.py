"""The text of the policies is cut where it was written: what is not touched stays, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from approvals import policies
from approvals.policy import PolicySet
from approvals.policy_text import NEW, PolicyText, named

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "policies.yaml").read_text()

BELOW = """\
# about the file
version: 1
policies:
  # the first
  # in two lines
  - name: a
    who: [U0A]   # beside
    # below

  -   name: b
      channel: "#b"
# the third, set to the left
  - {name: c, enabled: false}

# about the default
default: {channel: "#ops"}  # beside the default
"""
LEFT = """\
default:
  channel: "#ops"
  # the end of the default

# then
policies:
- name: a
  remind:
  - 10m
-
  name: b
- name: c
  who:
  - U0C
version: 1
"""
FLOW = """\
version: 1
policies: [{name: a}, {name: b,
  who: [U0B]}, {name: c}]   # in a row
default: {channel: "#ops"}
"""
EVERY = {"below": BELOW, "left": LEFT, "flow": FLOW}


def order(text: str) -> list[str]:
    """The names, as the parser sees them."""
    found = policies.parse(text, fallback_channel="#ops")
    assert isinstance(found, PolicySet), found
    return [policy.name if policy.enabled else f"({policy.name})" for policy in found.policies]


def test_blocks_stand_by_themselves() -> None:
    """Without the dash and what it is set in by; with their comments; names and switches read."""
    blocks = PolicyText(BELOW).blocks
    assert [block.text for block in blocks] == [
        "# the first\n# in two lines\nname: a\nwho: [U0A]   # beside\n# below\n",
        'name: b\nchannel: "#b"\n',
        "# the third, set to the left\n{name: c, enabled: false}\n",
    ]
    assert [(block.name, block.enabled) for block in blocks] == [("a", True), ("b", True), ("c", False)]
    assert PolicyText(BELOW).default.text == '{channel: "#ops"}  # beside the default\n'
    assert PolicyText(LEFT).default.text == 'channel: "#ops"\n# the end of the default\n'
    assert [block.text for block in PolicyText(LEFT).blocks] == [
        "name: a\nremind:\n- 10m\n",
        "name: b\n",
        "name: c\nwho:\n- U0C\n",
    ]


@pytest.mark.parametrize("text", [SAMPLE, BELOW])
def test_what_is_saved_unchanged_changes_nothing(text: str) -> None:
    """Not even where more space follows the dash; only a comment is set in as its policy is."""
    cut = PolicyText(text)
    for index, block in enumerate(cut.blocks):
        expected = text.replace("# the third", "  # the third") if block.name == "c" else text
        assert cut.with_block(index, block.text) == expected
    assert order(cut.with_block(None, cut.default.text)) == order(text)


@pytest.mark.parametrize("name", EVERY)
def test_every_operation_is_about_one_policy(name: str) -> None:
    """Whatever the layout: moved, switched, edited, removed and added, the others say what they said."""
    text = EVERY[name]
    off = "(c)" if name == "below" else "c"
    cut = PolicyText(text)
    assert order(cut.moved(0, 1)) == ["b", "a", off]
    assert order(cut.moved(2, -1)) == ["a", off, "b"]
    assert order(cut.moved(0, -1)) == order(cut.moved(2, 1)) == ["a", "b", off]
    assert order(cut.switched(1, on=False)) == ["a", "(b)", off]
    assert order(cut.switched(2, on=True)) == ["a", "b", "c"]
    assert order(PolicyText(cut.switched(0, on=False)).switched(0, on=True)) == ["a", "b", off]
    assert order(cut.with_block(1, "# new\nname: x\nwho:\n  - U0X\n")) == ["a", "x", off]
    assert order(cut.without(0)) == ["b", off]
    assert order(cut.with_new("name: z\nremind: [1m]\n")) == ["a", "b", off, "z"]
    changed = policies.parse(cut.with_block(None, 'channel: "#other"\nexpire: never'), fallback_channel="#x")
    assert isinstance(changed, PolicySet)
    assert (changed.default.channel, changed.default.expire) == ("#other", None)


def test_comments_move_with_their_policy_and_no_other_line_changes() -> None:
    """Empty lines between two stay where they are."""
    moved = PolicyText(BELOW).moved(0, 1)
    assert moved == BELOW.replace(
        """\
  # the first
  # in two lines
  - name: a
    who: [U0A]   # beside
    # below

  -   name: b
      channel: "#b"
""",
        """\
  -   name: b
      channel: "#b"

  # the first
  # in two lines
  - name: a
    who: [U0A]   # beside
    # below
""",
    )
    assert PolicyText(moved).moved(0, 1) == BELOW


def test_the_last_one_takes_the_key_with_it_and_the_first_one_brings_it() -> None:
    """An empty list of policies is a mistake."""
    one = 'version: 1\npolicies:\n  - name: a\n\n# the default\ndefault: {channel: "#ops"}\n'
    none = PolicyText(one).without(0)
    assert order(none) == []
    assert order(PolicyText(none).with_new("name: b\nchannel: C0123")) == ["b"]


def test_a_block_is_found_where_it_was_put() -> None:
    """So that a mistake can be told by the lines of the field it was typed into."""
    for text in EVERY.values():
        cut = PolicyText(text).unrolled()
        for index in (0, 1, 2, NEW, None):
            block = "# top\nname: here\nwhoo: x" if index is not None else "# top\nchannel: C0123\nwhoo: x"
            whole = cut.with_new(block) if index == NEW else cut.with_block(index, block)
            findings = policies.parse(whole, fallback_channel="#ops")
            assert not isinstance(findings, PolicySet)
            assert [one.line - cut.line_of(index) + 1 for one in findings] == [3]


def test_an_alias_is_shown_where_it_stands() -> None:
    """And cannot be switched: it has no keys of its own."""
    text = 'version: 1\npolicies:\n  - &one {name: a}\n  - *one\ndefault: {channel: "#ops"}\n'
    cut = PolicyText(text)
    assert [block.text for block in cut.blocks] == ["&one {name: a}\n", "*one\n"]
    with pytest.raises(ValueError, match="elsewhere"):
        cut.switched(1, on=False)


def test_anchors_keep_what_is_below_them_in_shape() -> None:
    """Nothing is set in less than it was, whatever stands before it."""
    text = """\
version: 1
policies: &all
  -   &one
    name: a
    expire:
      after: 1h
  - # why
    name: b
default: &rest
  channel: "#ops"
  expire:
    after: 2h
"""
    cut = PolicyText(text)
    assert [block.text for block in cut.blocks] == ["&one\nname: a\nexpire:\n  after: 1h\n", "name: b\n"]
    assert cut.default.text == '&rest\nchannel: "#ops"\nexpire:\n  after: 2h\n'
    assert order(cut.with_block(0, cut.blocks[0].text)) == order(cut.moved(1, 1)) == ["a", "b"]
    assert order(cut.moved(0, 1)) == ["b", "a"]
    assert order(cut.with_block(None, cut.default.text)) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "? [a]\n: b\n", "just words"])
def test_what_is_no_mapping_cannot_be_cut(text: str) -> None:
    """A text that was published is one; whatever else is a `ValueError`, never anything worse."""
    with pytest.raises(ValueError, match=r"\S"):
        PolicyText(text)


def test_policies_are_found_by_name() -> None:
    """Or not at all."""
    assert (named(PolicyText(LEFT), "b"), named(PolicyText(LEFT), "x")) == (1, None)
