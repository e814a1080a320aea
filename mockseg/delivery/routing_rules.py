"""Destination filters as an SDK applies them to what it sends to a vendor itself. Pure.

Source: ``middlewareSettings.routingRules`` in the public code of Segment's SDK for browsers. There
is one rule for each action of a filter, in the order in which the server applies them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mockseg import json_types
from mockseg.delivery.filters import Filters, Step
from mockseg.fql.ir import intermediate_form
from mockseg.json_types import Json, JsonObject

_EVERYTHING: JsonObject = {"type": "all", "ir": "", "config": {"expr": "all"}}


def routing_rules(filters: Filters, *, name: str) -> Iterator[JsonObject]:
    """Yield the rules of a destination.

    Args:
        filters: of the destination. Where one of them cannot be read, one rule drops everything,
            as the server does.
        name: that the SDK knows the destination by.
    """
    if filters.invalid:
        yield _rule(_EVERYTHING, {"type": "drop"}, name=name)
        return
    for step in filters.steps:
        yield _rule(_matcher(step.query.text), _transformer(step), name=name)


def _rule(matcher: JsonObject, transformer: JsonObject, *, name: str) -> JsonObject:
    return {
        "matchers": [matcher],
        "transformers": [[transformer]],
        "scope": "destinations",
        "target_type": "workspace::project::destination::config",
        "destinationName": name,
    }


def _matcher(text: str) -> JsonObject:
    if text.strip() == "all":
        return _EVERYTHING
    written = json_types.encode(intermediate_form(text)).decode()
    return {"type": "fql", "ir": written, "config": {"expr": text}}


def _transformer(step: Step) -> JsonObject:
    match step.type:
        case "DROP":
            return {"type": "drop"}
        case "SAMPLE":
            path: Json = "" if step.path is None else intermediate_form(step.path.text)
            return {
                "type": "sample_event",
                "config": {"sample": {"percent": step.percent, "path": path}},
            }
        case "DROP_PROPERTIES":
            return {"type": "drop_properties", "config": {"drop": _fields(step)}}
        case "ALLOW_PROPERTIES":
            return {"type": "allow_properties", "config": {"allow": _fields(step)}}


def _fields(step: Step) -> JsonObject:
    return {".".join(keys): sorted(names) for keys, names in step.fields}
