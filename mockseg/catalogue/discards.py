"""Every way to break a message so that Segment's edge discards it, whatever the plan.

The codes are those of :mod:`mockseg.domain.findings`. Each change is the only mistake
in an otherwise good message.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.spec import CONSENT_EVENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.json_types import Json, JsonObject

__all__ = ["DiscardFault", "discard_faults"]

_CONSENT: Final = "context.consent.categoryPreferences"
# Stands for "take it away", as null is a value of its own here.
_GONE: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardFault:
    """One mistake that Segment itself finds.

    Attributes:
        code: the discard code that it must give.
        field: where, dotted; empty for the whole message.
        detail: what tells it from other faults of this code at this place.
        description: what is wrong with the message, in one sentence.
        message: the broken message.
    """

    code: str
    field: str
    detail: str
    description: str
    message: JsonObject


def discard_faults(message: JsonObject) -> Iterator[DiscardFault]:
    """Give every way to break a good message so that Segment discards it.

    Args:
        message: a whole message with its type; not changed.
    """
    kind = message["type"]
    yield _one(message, "no_user_anon_id", "", "nobody", userId=_GONE, anonymousId=_GONE)
    yield _one(message, "no_user_anon_id", "", "nulls", userId=None, anonymousId=None)
    yield _one(message, "missing_type", "type", "missing", type=_GONE)
    yield _one(message, "invalid_type", "type", "unknown", type="event")
    yield from _ids(message, kind)
    if kind == "track":
        for detail, value in (("missing", _GONE), ("null", None), ("empty", "")):
            yield _one(message, "event_not_defined", "event", detail, event=value)
        for detail, value in (("number", 42), ("object", {}), ("boolean", True)):
            yield _one(message, "event_not_string", "event", detail, event=value)
        yield from _consent(message)
    if kind in {"page", "screen"}:
        for field in ("name", "category"):
            for detail, value in (("empty", ""), ("number", 42)):
                yield _one(message, f"{field}_not_string", field, detail, **{field: value})
    body = "traits" if kind in {"identify", "group"} else "properties"
    for field in (body, "context", "integrations"):
        for detail, value in (("string", "text"), ("array", []), ("number", 42)):
            yield _one(message, f"{field}_not_object", field, detail, **{field: value})


def _ids(message: JsonObject, kind: str) -> Iterator[DiscardFault]:
    ids = ["userId", "anonymousId"]
    if kind == "group":
        ids.append("groupId")
        yield _one(message, "id_required", "groupId", "missing", groupId=_GONE)
    if kind == "alias":
        ids.append("previousId")
        yield _one(
            message, "id_required", "userId", "missing", userId=_GONE, anonymousId="visitor-1"
        )
    for field in ids:
        for detail, value in (("empty", ""), ("number", 42), ("object", {}), ("boolean", True)):
            yield _one(message, "id_not_string", field, detail, **{field: value})
    yield _one(message, "id_not_string", "messageId", "number", messageId=42)
    too_long = "x" * (MAX_MESSAGE_ID_CHARACTERS + 1)
    yield _one(message, "message_id_too_long", "messageId", "too-long", messageId=too_long)


def _consent(message: JsonObject) -> Iterator[DiscardFault]:
    """Break the one event that Segment looks into when it comes."""

    def context(preferences: Json, **more: Json) -> JsonObject:
        return {"consent": {"categoryPreferences": preferences, **more}}

    good = {"advertising": True}
    mistakes: tuple[tuple[str, str, str, JsonObject], ...] = (
        ("consent_categorypreferences_should_exist", _CONSENT, "missing", {"consent": {}}),
        (
            "consent_categorypreferences_fields_should_be_object",
            _CONSENT,
            "array",
            context(["advertising"]),
        ),
        (
            "consent_categorypreferences_fields_should_be_bool",
            f"{_CONSENT}.advertising",
            "string",
            context({"advertising": "true"}),
        ),
        (
            "consent_version_should_be_number",
            "context.consent.version",
            "string",
            context(good, version="2"),
        ),
        (
            "device_advertisingid_should_be_string",
            "context.device.advertisingId",
            "number",
            {**context(good), "device": {"advertisingId": 42}},
        ),
    )
    for code, field, detail, broken in mistakes:
        yield _one(message, code, field, detail, event=CONSENT_EVENT, properties={}, context=broken)


def _one(message: JsonObject, code: str, field: str, detail: str, **changes: Json) -> DiscardFault:
    broken = deepcopy(message)
    for key, value in changes.items():
        if value is _GONE:
            broken.pop(key, None)
        else:
            broken[key] = value
    return DiscardFault(
        code=code,
        field=field,
        detail=detail,
        description=f"{field or 'the user'}: {detail.replace('-', ' ')}",
        message=broken,
    )
