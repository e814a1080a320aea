"""What Segment's edge discards after having answered 200.

Source: the discard table of Segment's delivery overview ("Failed on ingest"). Where it
is silent, the Spec's "required" columns decide; a null counts as absent everywhere,
because SDKs send ``userId: null`` and the like.
"""

from __future__ import annotations

from collections.abc import Iterator

from mockseg.domain.findings import Discard, discard
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.message import MESSAGE_TYPES, holder_of
from mockseg.json_types import Json, JsonObject, as_object

CONSENT_EVENT = "Segment Consent Preference Updated"
_TYPES = frozenset(MESSAGE_TYPES)


def check(message: Json, type_: str) -> tuple[Discard, ...]:
    """Say why Segment would discard this message; empty when it would not.

    Args:
        message: the message as sent; any JSON value.
        type_: its type as the route or the message names it; empty when neither does.
    """
    return tuple(_discards(message, type_))


def plain_track(
    message: JsonObject, type_: Json
) -> tuple[str | None, str | None, str | None] | None:
    """Return event, userId and messageId of a track call without mistakes.

    The one shape that nearly every call has is let through at once, and its keys are read
    once: this runs on every call of every batch. None says nothing: :func:`check` decides.
    """
    if type_ != "track":
        return None
    get = message.get
    event = get("event")
    user_id = get("userId")
    anonymous_id = get("anonymousId")
    message_id = get("messageId")
    if (
        type(event) is str
        and event
        and event != CONSENT_EVENT
        and type(get("properties", _EMPTY)) is dict
        and type(get("context", _EMPTY)) is dict
        and type(get("integrations", _EMPTY)) is dict
        and (anonymous_id if user_id is None else type(user_id) is str and user_id)
        and (anonymous_id is None or (type(anonymous_id) is str and anonymous_id))
        and (
            message_id is None
            or (type(message_id) is str and len(message_id) <= MAX_MESSAGE_ID_CHARACTERS)
        )
    ):
        return event, user_id, message_id
    return None


_EMPTY: JsonObject = {}


def empty_id(message: Json) -> str | None:
    """Return which of ``userId`` and ``anonymousId`` of a good message is empty, if one is."""
    if isinstance(message, dict):
        for field in ("userId", "anonymousId"):
            if message.get(field) == "":
                return field
    return None


def _discards(message: Json, type_: str) -> Iterator[Discard]:
    if not isinstance(message, dict):
        yield discard("bad_request", "", f"a message is a JSON object, not {_shown(message)}")
        return
    yield from _type_discards(message, type_)
    yield from _id_discards(message, type_)
    yield from _body_discards(message, type_)
    for field in ("context", "integrations"):
        value = message.get(field)
        if value is not None and not isinstance(value, dict):
            yield discard(
                f"{field}_not_object", field, f"{field} is {_shown(value)}, not an object"
            )
    if type_ == "track" and message.get("event") == CONSENT_EVENT:
        yield from _consent_discards(message.get("context"))


def _type_discards(message: JsonObject, type_: str) -> Iterator[Discard]:
    if type_ in _TYPES:
        return
    sent = message.get("type")
    if sent is None:
        yield discard("missing_type", "type")
    else:
        allowed = ", ".join(MESSAGE_TYPES)
        yield discard("invalid_type", "type", f"type is {_shown(sent)}; allowed are {allowed}")


def _id_discards(message: JsonObject, type_: str) -> Iterator[Discard]:
    user_id, anonymous_id = message.get("userId"), message.get("anonymousId")
    if user_id is None and anonymous_id is None:
        yield discard("no_user_anon_id")
    ids = ["userId", "anonymousId"]
    if type_ == "group":
        ids.append("groupId")
    if type_ == "alias":
        ids.append("previousId")
    # An empty one beside a good one is what some SDKs send where they know none.
    named = any(isinstance(id_, str) and id_ for id_ in (user_id, anonymous_id))
    for field in ids:
        value = message.get(field)
        if value == "" and named and field in {"userId", "anonymousId"}:
            continue
        if value is not None and (not isinstance(value, str) or value == ""):
            yield discard(
                "id_not_string", field, f"{field} is {_shown(value)}, not a string with characters"
            )
    if type_ == "group" and message.get("groupId") is None:
        yield discard("id_required", "groupId", "a group call needs a groupId")
    yield from _message_id_discards(message.get("messageId"))


def _message_id_discards(message_id: Json) -> Iterator[Discard]:
    if message_id is None:
        return
    if not isinstance(message_id, str):
        yield discard(
            "id_not_string", "messageId", f"messageId is {_shown(message_id)}, not a string"
        )
    elif len(message_id) > MAX_MESSAGE_ID_CHARACTERS:
        yield discard(
            "message_id_too_long",
            "messageId",
            f"messageId has {len(message_id)} characters, at most {MAX_MESSAGE_ID_CHARACTERS}"
            " are allowed",
        )


def _body_discards(message: JsonObject, type_: str) -> Iterator[Discard]:
    if type_ == "track":
        event = message.get("event")
        if event is None or event == "":
            yield discard("event_not_defined", "event")
        elif not isinstance(event, str):
            yield discard("event_not_string", "event", f"event is {_shown(event)}, not a string")
    if type_ in {"page", "screen"}:
        name, category = message.get("name"), message.get("category")
        if name is not None and (not isinstance(name, str) or name == ""):
            sdk = "; Segment's Ruby SDK sends one for a page without a name" if name == "" else ""
            yield discard(
                "name_not_string",
                "name",
                f"the name of a {type_} is {_shown(name)}, not a string with characters{sdk}",
            )
        # Segment's Kotlin and C# SDKs send an empty one with each call that has none.
        if category is not None and not isinstance(category, str):
            yield discard(
                "category_not_string",
                "category",
                f"the category of a {type_} is {_shown(category)}, not a string",
            )
    body = holder_of(type_)
    value = message.get(body)
    if value is not None and not isinstance(value, dict):
        yield discard(f"{body}_not_object", body, f"{body} is {_shown(value)}, not an object")


def _consent_discards(context: Json) -> Iterator[Discard]:
    """Check the one event that the edge looks into (facts: delivery overview, consent rows)."""
    context = as_object(context)
    consent = as_object(context.get("consent"))
    place = "context.consent.categoryPreferences"
    preferences = consent.get("categoryPreferences")
    if preferences is None:
        yield discard("consent_categorypreferences_should_exist", place)
    elif not isinstance(preferences, dict):
        yield discard("consent_categorypreferences_fields_should_be_object", place)
    else:
        for category, value in preferences.items():
            if not isinstance(value, bool):
                yield discard(
                    "consent_categorypreferences_fields_should_be_bool",
                    f"{place}.{category}",
                    f"the preference is {_shown(value)}, not true or false",
                )
    version = consent.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int | float)):
        yield discard("consent_version_should_be_number", "context.consent.version")
    advertising_id = as_object(context.get("device")).get("advertisingId")
    if advertising_id is not None and not isinstance(advertising_id, str):
        yield discard("device_advertisingid_should_be_string", "context.device.advertisingId")


def _shown(value: Json) -> str:
    """Show a value in a sentence, short, with its JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {str(value)[:40]}"
    if isinstance(value, str):
        return "an empty string" if value == "" else f'the string "{value[:40]}"'
    return "an array" if isinstance(value, list) else "an object"
