"""JSON becomes a record, or a refusal that helps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, inspect

from mockseg.client.verbs.fault import FaultOptions, check
from mockseg.conversion import convert
from mockseg.delivery.filters import FilterAnswer, FilterPage
from mockseg.errors import OperationError, UnknownOptionError
from mockseg.operations.calls import ImportedCall
from mockseg.operations.table import OPERATIONS


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A record in a record."""

    size: int
    kind: Literal["big", "small"] = "big"


class Outer(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A record with one of everything."""

    one: Inner | None = None
    many: list[Inner] = []
    by_name: dict[str, Inner | str] = {}
    seconds: Annotated[float, Meta(ge=0)] = 0.0


@pytest.mark.parametrize(
    ("value", "parameter", "sentence"),
    [
        ({"oen": {}}, "oen", 'faults(): unknown parameter "oen"; did you mean "one"? Allowed'),
        ({"one": {"sise": 1}}, "one.sise", '`one`: unknown parameter "sise"; did you mean "size"?'),
        ({"one": {"kind": "bug", "size": 1}}, "one.kind", '`one.kind`: unknown value "bug"; did'),
        ({"one": {}}, "one.size", "`one.size` is missing in `one`"),
        ({"many": [{"size": 1}, {"x": 2}]}, "many[1].x", '`many[1]`: unknown parameter "x"'),
        ({"byName": {"a": {"size": "1"}}}, "byName.a.size", '`byName.a.size` is "1": it must be'),
        ({"seconds": -1}, "seconds", "`seconds` is -1: it must be a number >= 0"),
        (5, "", "faults() is 5: it must be an object"),
        ({"one": {"size": {1}}}, "one.size", "`one.size` is {1}: it must be a whole number"),
    ],
)
def test_a_refusal_names_place_value_and_what_is_allowed(
    value: Any, parameter: str, sentence: str
) -> None:
    """In words, at any depth, with the nearest name."""
    with pytest.raises(OperationError) as refused:
        convert(value, Outer, where="faults()")
    assert str(refused.value).startswith(sentence)
    assert refused.value.details["parameter"] == parameter


def _structs(kind: inspect.Type) -> list[type[msgspec.Struct]]:
    """Find all records that a record leads to."""
    seen: dict[type[msgspec.Struct], None] = {}
    todo = [kind]
    while todo:
        each = todo.pop()
        if isinstance(each, inspect.StructType):
            if each.cls in seen:
                continue
            seen[each.cls] = None
            todo += [field.type for field in each.fields]
        for name in ("item_type", "value_type", "type"):
            inner = getattr(each, name, None)
            todo += [inner] if isinstance(inner, inspect.Type) else []
        todo += [part for part in getattr(each, "types", ()) if isinstance(part, inspect.Type)]
    return list(seen)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_parameter_of_an_operation_takes_unknown_names(operation: Any) -> None:
    """At any depth; only exported calls and answers of Segment's API carry what is not needed."""
    whole = {ImportedCall, FilterAnswer, FilterPage}
    loose = [
        struct.__name__
        for struct in _structs(inspect.type_info(operation.params))
        if not struct.__struct_config__.forbid_unknown_fields and struct not in whole
    ]
    assert loose == []


def test_the_options_of_faults_are_those_that_its_types_name() -> None:
    """What a type checker allows is what is allowed."""
    with pytest.raises(UnknownOptionError) as refused:
        check({"x" * 40: 1})  # type: ignore[misc]  # what the test is about
    listed = str(refused.value).partition("Allowed: ")[2].rstrip(".").split(", ")
    assert set(listed) == set(FaultOptions.__annotations__)
