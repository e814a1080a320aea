"""Violations as Segment reports them: what ``context.protocols`` and forwarded calls carry.

Type, field and text are those of gojsonschema, with Segment's changes to them: types in title
case, a missing property with its full path in field and text ("Forward Violations" and "Protocols
APIs and Extensions"), ``allOf`` without its name in brackets (Protocols, FAQ). No page shows
``anyOf``, ``oneOf`` or ``not``: they keep the brackets of the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mockseg.domain.findings import Violation
from mockseg.json_types import Json, JsonObject, canonical
from mockseg.plans.violations import segment_text
from mockseg.schemas.tree import lookup
from mockseg.schemas.vocabulary import VOCABULARY, WRAPPERS, field_of, given_type, type_names
from mockseg.schemas.walker import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedViolation:
    """One entry of ``context.protocols.violations``.

    Attributes:
        type: such as ``Required`` or ``Invalid Type``.
        field: a dotted path, or ``(root)``.
        description: one sentence.
    """

    type: str
    field: str
    description: str

    def as_json(self) -> JsonObject:
        return {"type": self.type, "field": self.field, "description": self.description}


def reported(failures: Iterable[Failure], *, schema: JsonObject) -> Iterator[ReportedViolation]:
    """Yield what Segment reports of the failures of one schema, in Segment's order.

    Args:
        failures: of one value.
        schema: that they are failures of, in the form of draft-07.
    """
    for failure in failures:
        if failure.keyword == "allOf":
            yield from reported(failure.inner, schema=schema)
        yield _one(failure, schema)
        if failure.keyword != "allOf":
            yield from reported(failure.inner, schema=schema)


def as_reported(violation: Violation) -> ReportedViolation:
    """Return a violation that no schema found, such as an unplanned event."""
    return ReportedViolation(
        type=violation.type, field=violation.field, description=segment_text(violation)
    )


def _one(failure: Failure, schema: JsonObject) -> ReportedViolation:
    keyword = failure.keyword
    unknown = (keyword, keyword, f"Does not satisfy {keyword}")
    _, kind, sentence = (VOCABULARY | WRAPPERS).get(keyword, unknown)
    path, name = failure.instance_path, "".join(failure.names[:1])
    field = field_of((*path, name) if failure.keyword == "required" else path)
    if failure.pair is not None:
        text = f"array items[{failure.pair[0]},{failure.pair[1]}] must be unique"
    else:
        text = sentence.format(
            field=field,
            name=name,
            given=given_type(failure.instance),
            limit=_limit(failure.keyword, lookup(schema, failure.schema_path)),
        )
    return ReportedViolation(type=kind, field=field, description=text)


_RATIONAL: Final = frozenset(
    {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)


def _limit(keyword: str, limit: Json) -> str:
    if keyword == "type":
        return type_names(limit)
    if keyword == "enum":
        return ", ".join(map(_go_json, limit))
    if keyword in _RATIONAL:
        return _go_number(limit)
    return limit if isinstance(limit, str) and keyword != "const" else _go_json(limit)


_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028",
                   "\u2029": "\\u2029"}  # fmt: skip
_ESCAPES: Final = str.maketrans(_ESCAPED)


def _go_json(value: Json) -> str:
    """Write JSON as Go does: sorted keys, 1.0 as 1, safe in HTML."""
    return canonical(value).decode().translate(_ESCAPES)


def _go_number(value: float) -> str:
    """Write a number as Go's %g does: the shortest, an exponent below 1e-4 and from 1e6 on."""
    number = Decimal(str(value)).normalize()
    exponent = number.adjusted()
    if -4 <= exponent < 6 or not number:
        return f"{number:f}" if number else "0"
    mantissa = f"{number.scaleb(-exponent):f}"
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
