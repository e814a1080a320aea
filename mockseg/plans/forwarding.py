"""The calls that Protocols sends to another source: violations, and blocked calls.

Source: Segment's "Forward Violations" and "Forward blocked events".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.plans.violations import segment_text

if TYPE_CHECKING:
    from mockseg.domain.findings import Violation
    from mockseg.json_types import Json, JsonObject


VIOLATION_EVENT: Final = "Violation Generated"

# What Go writes for a time that was not given; Segment's own example has it.
_NO_TIME: Final = "0001-01-01T00:00:00Z"
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a forwarded call comes from.

    Attributes:
        source_id: Segment's id of the source; mockseg uses the write key.
        source_name: its name for people.
        source_slug: its name in addresses.
        plan_id: the id of the tracking plan (``rs_...``).
        plan_name: the plan's name.
    """

    source_id: str
    source_name: str = ""
    source_slug: str = ""
    plan_id: str = ""
    plan_name: str = ""


def violation_generated(
    message: JsonObject, violation: Violation, *, origin: Origin, now: str
) -> JsonObject:
    """Make the ``Violation Generated`` call for one violation, exactly as documented.

    Args:
        message: the normalised message that violates the plan.
        violation: one of its violations; each gets a call of its own.
        origin: the source and plan that it was found by.
        now: the time, ISO 8601, for ``receivedAt`` and ``timestamp``.

    Returns:
        A whole track message. Its messageId follows from the violating message and the
        violation, so that checking a message twice does not count twice.
    """
    context = message.get("context")
    app = context.get("app") if isinstance(context, dict) else None
    version = app.get("version") if isinstance(app, dict) else None
    return {
        "context": {"app": None, "library": {"name": "analytics-node", "version": "2.1.0"}},
        "event": VIOLATION_EVENT,
        "integrations": {},
        "messageId": _message_id(message, violation),
        "properties": {
            "appVersion": _text(version),
            "eventMessageID": _text(message.get("messageId")),
            "eventName": _text(message.get("event")),
            "eventSentAt": _text(message.get("sentAt")) or _NO_TIME,
            "eventTimestamp": _text(message.get("originalTimestamp")) or _NO_TIME,
            "eventType": _text(message.get("type")),
            "sourceID": origin.source_id,
            "sourceName": origin.source_name,
            "sourceSlug": origin.source_slug,
            "trackingPlanID": origin.plan_id,
            "trackingPlanName": origin.plan_name or violation.plan,
            "violationDescription": segment_text(violation),
            "violationField": violation.field,
            "violationType": violation.type,
        },
        "receivedAt": now,
        "timestamp": now,
        "type": "track",
        "userId": "schema-violations",
        "forwardedFromProject": origin.source_id,
    }


def forwarded_blocked(message: JsonObject, *, origin: Origin) -> JsonObject:
    """Make the call that a source for blocked calls gets: the same, marked with its origin."""
    return {**message, "forwardedFromProject": origin.source_id}


def _message_id(message: JsonObject, violation: Violation) -> str:
    seed = "\0".join(
        (_text(message.get("messageId")), violation.type, violation.field, violation.description)
    )
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "replace")).digest(), "big")
    letters = []
    for _ in range(32):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "sch-" + "".join(letters)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
