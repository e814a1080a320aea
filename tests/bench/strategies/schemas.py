"""The schemas that the rival is given: whole messages, as the plans and the Spec have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.catalogue.envelope import Wrapping, envelope, spoken_fields, types_of
from mockseg.catalogue.lookup import FoundRule, get, matches_of
from mockseg.schemas.formats import MOMENT

if TYPE_CHECKING:
    from corpus import Consumer


def schema_for(consumer: Consumer) -> dict[str, Any]:
    """Give the schema of what a consumer takes."""
    strictness = "lenient" if consumer.feed == "edge" else "strict"
    if consumer.event is not None:
        match = get(consumer.event, plan=consumer.plan, strictness=strictness)
        return whole(match, edge=consumer.feed == "edge")
    matches = matches_of(consumer.plan)
    sequence = consumer.feed == "sequence"
    either = {"anyOf": [whole(each, edge=sequence) for each in matches]}
    return {"type": "array", "items": either, "minItems": 1} if sequence else either


def whole(match: FoundRule, *, edge: bool = False) -> dict[str, Any]:
    """Merge a rule and the envelope into one flat schema, which is easiest for the rival."""
    kind = types_of(match)[0]
    around = envelope(match, kind, Wrapping(message_id=edge))
    fields = {**around["properties"], **match.rule.schema.get("properties", {})}
    # A context of forty optional fields would take the rival seconds for each message.
    # What a plan says of the context itself stays as it is.
    if "anyOf" in fields["context"]:
        context = dict(fields["context"]["anyOf"][1])
        context["properties"] = {
            name: sub
            for name, sub in context["properties"].items()
            if name in context.get("required", ()) or name in {"ip", "locale", "library"}
        }
        fields["context"] = context
    if edge:
        fields["sentAt"] = fields["timestamp"]
        # SDKs send null where there is nothing, which Segment takes for absent.
        for name in set(fields) - set(spoken_fields(match)) - {"type", "event"}:
            if isinstance(fields[name].get("type"), str):
                fields[name] = {**fields[name], "type": [fields[name]["type"], "null"]}
    schema = {
        **around,
        **{
            key: value
            for key, value in match.rule.schema.items()
            if key not in {"properties", "required"}
        },
        "properties": fields,
        "required": list(
            dict.fromkeys((*around["required"], *match.rule.schema.get("required", ())))
        ),
    }
    found: dict[str, Any] = _dated(schema)
    return found


def _dated(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: "date-time" if (k, v) == ("format", MOMENT) else _dated(v) for k, v in value.items()
        }
    return [_dated(each) for each in value] if isinstance(value, list) else value
