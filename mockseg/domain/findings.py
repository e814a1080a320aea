"""What is to be said of a call: discards, violations and warnings, as values.

The codes are those of Segment's delivery overview ("Failed on ingest"); where
Segment publishes none, the code is mockseg's own and says so in ``origin``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec


class Discard(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="discard", rename="camel"
):
    """Segment's edge would not let this call through.

    Attributes:
        code: Segment's discard code, or one of mockseg's.
        field: where in the message, dotted (``context.consent``); empty for all of it.
        description: one sentence for the person who sent it.
        origin: who names the code: ``segment`` or ``mockseg``.
    """

    code: str
    field: str
    description: str
    origin: Literal["segment", "mockseg"] = "segment"


class Violation(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="violation", rename="camel"
):
    """A call does not agree with the source's tracking plan.

    Attributes:
        code: what kind, one word for scripts, such as ``required`` or ``unplanned_event``.
        type: Segment's name of that kind, such as ``Required`` or ``Invalid Type``.
        field: where, as Segment writes it (``properties.products``, ``(root)``).
        description: one sentence.
        instance_path: JSON pointer into the message.
        schema_path: JSON pointer into the rule's schema.
        plan: the plan whose rule it is.
    """

    code: str
    type: str
    field: str
    description: str
    instance_path: str = ""
    schema_path: str = ""
    plan: str = ""


class CallWarning(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="warning", rename="camel"
):
    """A call is good, and something in it is probably a mistake; mockseg's own.

    Attributes:
        code: one word for scripts, such as ``user_id_differs``.
        field: where in the message, dotted (``properties.user_id``); empty for all of it.
        description: one sentence.
        plan: the plan that it comes from, or empty.
    """

    code: str
    field: str
    description: str
    plan: str = ""


Finding: TypeAlias = Discard | Violation | CallWarning


def read_more(codes: Iterable[str]) -> str:
    """Say where the manual explains the first of these codes of findings; empty without any."""
    first = next(iter(codes), None)
    return f"Read more: mockseg manual findings#{first}" if first is not None else ""


def all_warnings(findings: Iterable[Finding]) -> bool:
    """Return whether nothing but warnings is among these, so that the call may be good."""
    return all(isinstance(finding, CallWarning) for finding in findings)


# Code -> what it means, in a sentence that needs no field.
DISCARD_CODES: dict[str, str] = {
    "bad_request": "the payload could not be read as a message",
    "empty_batch": "the batch holds no messages",
    "no_user_anon_id": "neither userId nor anonymousId was given",
    "id_required": "the call needs an id that is missing",
    "id_not_string": "an id is an empty string or not a string",
    "event_not_defined": "a track call needs an event name",
    "event_not_string": "the event name of a track call must be a string",
    "properties_not_object": "properties must be an object",
    "traits_not_object": "traits must be an object",
    "name_not_string": "the name of a page or screen is an empty string or not a string",
    "category_not_string": "the category of a page or screen is not a string",
    "consent_categorypreferences_should_exist": "context.consent.categoryPreferences is required",
    "consent_categorypreferences_fields_should_be_object": (
        "context.consent.categoryPreferences must be an object"
    ),
    "consent_categorypreferences_fields_should_be_bool": (
        "consent preferences must be true or false"
    ),
    "consent_version_should_be_number": "context.consent.version must be a number",
    "device_advertisingid_should_be_string": "context.device.advertisingId must be a string",
    "unknown_source": "no source has this write key",
    "source_disabled": "the source is disabled",
    "unplanned": "no plan of the source knows this event, and unplanned events are blocked",
    "schema_violation": "the call violates its plan, and violations are blocked",
    "unplanned_and_schema_violation": (
        "no plan knows this event, and it violates the common schema"
    ),
    "common_schema_violation": "the call violates the common schema, and that is blocked",
    "event_setting": "the event is switched off in the source's settings",
}

# The same for what Segment does without publishing a code.
_OWN_CODES: dict[str, str] = {
    "wrong_region": "the source belongs to another region of Segment",
    "missing_type": "every message in a batch needs a type",
    "invalid_type": "the type must be identify, track, page, screen, group or alias",
    "duplicate_message_id": "a call with this messageId was recorded within the last 24 hours",
    "batch_too_many_calls": "a batch of more than 2500 calls is answered 200 and rejected whole",
    "call_too_large": "a call of more than 32 KB is dropped from its batch",
    "message_id_too_long": "a messageId has at most 100 characters",
    "payload_too_large": "the payload is over the limit and was answered 400",
    "context_not_object": "context must be an object",
    "integrations_not_object": "integrations must be an object",
}
DISCARD_CODES |= _OWN_CODES


def discard(code: str, field: str = "", description: str | None = None) -> Discard:
    return Discard(
        code=code,
        field=field,
        description=description or DISCARD_CODES[code],
        origin="mockseg" if code in _OWN_CODES else "segment",
    )
