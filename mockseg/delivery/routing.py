"""Which calls go to a destination, and why not. Pure.

The order, as far as Segment's pages have it: consent is looked at before the integrations
object; both come before the check of supported types, which comes before destination
filters. Reasons are the codes of its delivery overview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockseg.delivery.destination import Destination
    from mockseg.destinations.kinds import Kind
    from mockseg.json_types import Json, JsonObject


class Refusal(NamedTuple):
    """Why a call does not go to a destination.

    Attributes:
        reason: Segment's code.
        description: one sentence.
    """

    reason: str
    description: str


def route(message: JsonObject, destination: Destination, *, seed: int) -> Refusal | None:
    """Decide whether a call goes to a destination; filters change the message in place.

    Args:
        message: normalised, decoded for this delivery alone.
        destination: of the source of the call.
        seed: of samples.

    Returns:
        None when it goes there.
    """
    if not destination.spec.enabled:
        return Refusal(
            "NO_ENABLED_DESTINATIONS", f"the destination {destination.name} is not enabled"
        )
    integrations = message.get("integrations")
    if not isinstance(integrations, dict):
        integrations = {}
    if destination.spec.consent_categories:
        refusal = _without_consent(message, destination, integrations=integrations)
        if refusal is not None:
            return refusal
    if integrations:
        refusal = _not_integrated(integrations, destination.kind)
        if refusal is not None:
            return refusal
    kind = destination.kind
    if message.get("type") not in kind.forwards:
        allowed = ", ".join(sorted(kind.forwards))
        return Refusal(
            "UNSUPPORTED_EVENT_TYPE",
            f"{kind.names[0]} is sent {allowed} calls, not {message.get('type')}",
        )
    if destination.filters:
        sentence = destination.filters.apply(message, seed=seed)
        if sentence is not None:
            return Refusal("FILTERED_BY_RULES", sentence)
    return None


def own_settings(message: JsonObject, kind: Kind) -> JsonObject:
    """Give the settings that a call itself has for a kind of destination, else none."""
    integrations = message.get("integrations")
    if not integrations or not isinstance(integrations, dict):
        return {}
    own = _own_value(integrations, kind)[1]
    return own if isinstance(own, dict) else {}


def for_replay(kind: Kind) -> JsonObject:
    """Give the integrations object of a replayed call: this destination and no other.

    Source: Segment's page on replays; filters and consent still apply.
    """
    return {"All": False, kind.names[0]: True}


def _without_consent(
    message: JsonObject, destination: Destination, *, integrations: JsonObject
) -> Refusal | None:
    """Look at ``context.consent``; the table is that of Segment's page on consent.

    Without the object nothing is enforced. An empty object counts as no consent at all when
    the call has an integrations object too; empty ``categoryPreferences`` always do. A
    category that the call does not name is not consented to.
    """
    context = message.get("context")
    consent = context.get("consent") if isinstance(context, dict) else None
    if not isinstance(consent, dict):
        return None
    preferences = consent.get("categoryPreferences")
    if not isinstance(preferences, dict):
        if not integrations:
            return None
        preferences = {}
    for category in destination.spec.consent_categories:
        if preferences.get(category) is not True:
            return Refusal(
                "FILTERED_BY_END_USER_CONSENT",
                f"the user does not consent to the category {category!r} of {destination.name}",
            )
    return None


def _not_integrated(integrations: JsonObject, kind: Kind) -> Refusal | None:
    """Look at the integrations object.

    Source: Segment's pages "Filtering your Segment data" and the Spec: names are case
    sensitive, ``All`` is true by default, a destination's own value goes before it. Values
    that are neither a boolean nor an object say nothing.
    """
    metadata = integrations.get("_metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("bundled"), list):
        bundled = [name for name in kind.names if name in metadata["bundled"]]
        if bundled:
            return Refusal(
                "MESSAGE_SENT_CLIENT_SIDE",
                f"`integrations._metadata.bundled` names {bundled[0]}: the device sent it there",
            )
    name, own = _own_value(integrations, kind)
    if own is False:
        return Refusal("FILTERED_BY_INTEGRATIONS_OBJECT", f"`integrations.{name}` is false")
    if own is None and integrations.get("All") is False:
        return Refusal(
            "FILTERED_BY_INTEGRATIONS_OBJECT",
            f"`integrations.All` is false and {kind.names[0]} is not named",
        )
    return None


def _own_value(integrations: JsonObject, kind: Kind) -> tuple[str, Json]:
    """Give what the integrations object has for a kind, by its first name that is there."""
    for name in kind.names:
        value = integrations.get(name)
        if isinstance(value, bool | dict):
            return name, value
    return "", None
