"""The schemas that the rival is given: whole messages, as the plans and the Spec have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.strategies.envelope import Wrapping, envelope, types_of
from mockseg.strategies.subjects import Subject, subject_of, subjects_of
from mockseg.strategies.texts import MOMENT

if TYPE_CHECKING:
    from corpus import Consumer


def schema_for(consumer: Consumer) -> dict[str, Any]:
    """Give the schema of what a consumer takes."""
    strictness = "lenient" if consumer.feed == "edge" else "strict"
    if consumer.event is not None:
        subject = subject_of(consumer.event, plan=consumer.plan, strictness=strictness)
        return whole(subject, edge=consumer.feed == "edge")
    subjects = subjects_of(consumer.plan)
    sequence = consumer.feed == "sequence"
    either = {"anyOf": [whole(each, edge=sequence) for each in subjects]}
    return {"type": "array", "items": either, "minItems": 1} if sequence else either


def whole(subject: Subject, *, edge: bool = False) -> dict[str, Any]:
    """Merge a rule and the envelope into one flat schema, which is easiest for the rival."""
    kind = types_of(subject)[0]
    around = envelope(subject, kind, Wrapping(message_id=edge))
    fields = {**around["properties"], **subject.schema.get("properties", {})}
    # A context of forty optional fields would take the rival seconds for each message.
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
        for name in set(fields) - set(subject.fields()) - {"type", "event"}:
            fields[name] = {**fields[name], "type": [fields[name]["type"], "null"]}
    schema = {
        **around,
        **{
            key: value
            for key, value in subject.schema.items()
            if key not in {"properties", "required"}
        },
        "properties": fields,
        "required": [*around["required"], *subject.schema.get("required", ())],
    }
    found: dict[str, Any] = _dated(schema)
    return found


def _dated(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: "date-time" if (k, v) == ("format", MOMENT) else _dated(v) for k, v in value.items()
        }
    return [_dated(each) for each in value] if isinstance(value, list) else value
