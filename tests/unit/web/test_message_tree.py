"""The message of a call as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.domain.findings import Discard, Violation
from mockseg.web.page.message_tree import Node, linked_tree, message_tree

if TYPE_CHECKING:
    from mockseg.domain.findings import Finding


class Seen:
    """As much of a call as a tree is made of."""

    def __init__(self, message: Any, *findings: Finding, raw: Any = None) -> None:
        self.message = message
        self.raw = message if raw is None else raw
        self.findings = findings


def tree(message: Any, *findings: Finding, raw: Any = None) -> Node:
    """Make the tree of a message."""
    seen: Any = Seen(message, *findings, raw=raw)
    return message_tree(seen)


def at(node: Node, *names: str) -> Node:
    """Go down to a member."""
    for name in names:
        (node,) = [member for member in node.members if member.name == name]
    return node


def violation(field: str, pointer: str) -> Violation:
    """Make a violation of a field, with the pointer of its place."""
    return Violation(
        code="c", type="T", field=field, description="wrong", instance_path=pointer, plan="p"
    )


def test_a_finding_stands_at_its_place() -> None:
    """And the way to it is open, however deep it is."""
    message = {"properties": {"a/b": [{"c": {"d": 1}}], "other": {"e": {}}}}
    root = tree(message, violation("properties.a/b.0.c.d", "/properties/a~1b/0/c/d"))
    assert at(root, "properties", "a/b", "0", "c", "d").notes == ("wrong",)
    assert at(root, "properties", "a/b", "0", "c").open
    assert not at(root, "properties", "other").open


def test_what_is_missing_has_a_row_of_its_own() -> None:
    """The pointer of such a finding leads to where it should be."""
    root = tree({"properties": {}}, violation("properties.total", "/properties"))
    missing = at(root, "properties", "total")
    assert (missing.missing, missing.notes) == (True, ("wrong",))
    absent = tree({}, Discard(code="c", field="context.consent", description="none"))
    assert at(absent, "context").missing
    assert at(absent, "context").notes == ("none",)


def test_a_finding_about_the_whole_message_stands_at_the_root() -> None:
    """It has no field."""
    assert tree({}, Discard(code="c", field="", description="all")).notes == ("all",)


def test_what_was_filled_in_or_changed_or_left_out_is_told() -> None:
    """Beside the value that Segment hands on."""
    root = tree(
        {"type": "track", "userId": "7", "list": [1, 2]},
        raw={"userId": 7, "writeKey": "k", "list": [1]},
    )
    assert at(root, "type").beside == "filled in"
    assert at(root, "userId").beside == "sent as 7"
    assert at(root, "list", "1").beside == "filled in"
    assert at(root, "writeKey").beside == 'sent as "k", which Segment does not hand on'


def test_large_messages_are_cut() -> None:
    """Of a list 500 members are shown, of a text 2,000 characters at once, of depth 40 levels."""
    deep: Any = {}
    for _ in range(60):
        deep = {"x": deep}
    root = tree({"list": list(range(501)), "text": "t" * 3000, "deep": deep})
    assert at(root, "list").left_out == 1
    assert len(at(root, "list").members) == 500
    assert (len(at(root, "text").text), len(at(root, "text").whole)) == (2000, 3002)
    node, levels = at(root, "deep"), 1
    while node.members:
        node, levels = node.members[0], levels + 1
    assert levels == 40


def test_a_message_that_is_no_object_is_its_text() -> None:
    """As everything that may be sent."""
    assert tree(7).text == "7"


def test_each_finding_has_the_id_of_its_place() -> None:
    """What is not shown, because it is too far down or missing, has that of what it is in."""
    message = {"properties": {"list": [0] * 600, "total": "42"}}
    seen: Any = Seen(
        message,
        violation("properties.total", "/properties/total"),
        violation("properties.list.599", "/properties/list/599"),
        violation("properties.cart.sku", "/properties"),
        violation("properties.total", "/properties/total"),
        Discard(code="c", field="", description="wrong"),
    )
    root, (total, far, missing, again, whole) = linked_tree(seen)
    properties = at(root, "properties")
    assert total == again == at(properties, "total").id != ""
    assert far == at(properties, "list").id
    assert missing == at(properties, "cart").id
    assert whole == ""
    assert len({total, far, missing, properties.id}) == 4
    assert at(message_tree(seen), "properties", "total").id == ""


def test_values_lead_to_the_calls_with_them() -> None:
    """Those of a field that a query can name; at most 200, and none in a list."""
    message = {
        "userId": "u",
        "properties": {"total": "42", "a.b": 1, "list": [1, {"x": 1}], "deep": {"x": None}},
        "traits": dict.fromkeys(map(str, range(300)), 1),
    }
    seen: Any = Seen(message)
    root, _ = linked_tree(seen, address_of="/?q={}".format)
    properties = at(root, "properties")
    total = at(properties, "total")
    assert total.term == 'properties.total:"42"'
    assert (total.only, total.without) == (f"/?q={total.term}", f"/?q=-{total.term}")
    assert at(properties, "deep", "x").term == "properties.deep.x:=null"
    none = [at(root, "userId"), at(properties, "a.b"), *at(properties, "list").members]
    none += at(properties, "list", "1").members
    assert {node.term for node in none} == {""}
    assert sum(node.term != "" for node in at(root, "traits").members) == 198
    assert at(message_tree(seen), "properties", "total").term == ""
