"""References inside a plan file."""

from __future__ import annotations

import pytest

from mockseg.catalogue.loader import expand
from mockseg.errors import PlanError
from mockseg.json_types import patched

ID = {"type": "string"}


def test_a_reference_is_replaced_by_what_it_leads_to() -> None:
    """At any depth, and through other definitions."""
    definitions = {"id": ID, "pair": {"items": {"$ref": "#/definitions/id"}}}
    value = {
        "properties": {"a": {"$ref": "#/definitions/pair"}, "b": [{"$ref": "#/definitions/id"}]}
    }
    assert expand(value, definitions, file="f") == {"properties": {"a": {"items": ID}, "b": [ID]}}


def test_what_stands_beside_a_reference_changes_the_copy() -> None:
    """Null takes away; the definition stays as it is."""
    definitions = {"product": {"properties": {"price": {"type": "number"}, "sku": ID}}}
    value = {"$ref": "#/definitions/product", "properties": {"sku": None, "cart": ID}}
    assert expand(value, definitions, file="f") == {
        "properties": {"price": {"type": "number"}, "cart": ID}
    }
    assert "sku" in definitions["product"]["properties"]


def test_a_property_may_be_called_like_the_keyword() -> None:
    """Its value is a schema, no string."""
    value = {"properties": {"$ref": {"$ref": "#/definitions/id"}}}
    assert expand(value, {"id": ID}, file="f") == {"properties": {"$ref": ID}}


@pytest.mark.parametrize(
    "reference",
    ["https://example.com/schema.json", "other.json#/definitions/id", "#/definitions/x"],
)
def test_a_reference_out_of_the_file_or_to_nowhere_is_refused(reference: str) -> None:
    """The sentence names the file, the reference and what there is."""
    with pytest.raises(PlanError) as caught:
        expand({"$ref": reference}, {"id": ID}, file="shop")
    assert str(caught.value) == (
        f"shop: $ref: the reference {reference} leads nowhere in this file; "
        "allowed are #/definitions/id"
    )


def test_a_definition_that_leads_back_to_itself_is_refused() -> None:
    """Instead of running for ever."""
    definitions = {"a": {"items": {"$ref": "#/definitions/b"}}, "b": {"$ref": "#/definitions/a"}}
    with pytest.raises(PlanError, match="a > b > a lead back to themselves"):
        expand({"$ref": "#/definitions/a"}, definitions, file="f")


@pytest.mark.parametrize(
    ("base", "patch", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": 1}, {"a": {"b": None}}, {"a": {}}),
        (1, 2, 2),
    ],
)
def test_patching_follows_the_standard_of_merge_patches(
    base: object, patch: object, expected: object
) -> None:
    """RFC 7396."""
    assert patched(base, patch) == expected
