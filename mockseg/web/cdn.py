"""What Segment's CDN serves: settings that make browsers and phones send here.

Every SDK adopts the host that the settings name, or falls back to Segment's own when it
finds none; so the settings always name this server (facts: traps 1 to 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mockseg import json_types
from mockseg.delivery.destination import Destination
from mockseg.delivery.routing_rules import routing_rules
from mockseg.json_types import Json, JsonObject, as_object
from mockseg.plans.planset import PlanSet

UNKNOWN_KEY = "Invalid path or write key provided."
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_SEGMENTS_OWN = re.compile(r"(?:^|\.)(?:segment\.io|segment\.com|segmentapis\.com)\.?(?::|$)")


def host_for_clients(sent: str | None, *, listening: str) -> str:
    """Choose the host that settings name: the one that the client used.

    Not if that is not a host, or is one of Segment's own that an /etc/hosts leads here:
    what is sent there from elsewhere would reach Segment.

    Args:
        sent: the Host header, or None.
        listening: where the connection came in, with the port.
    """
    if sent is None or not _HOST.fullmatch(sent) or _SEGMENTS_OWN.search(sent.lower()):
        return listening
    return sent


def settings_body(
    write_key: str,
    *,
    host: str,
    scheme: str,
    destinations: Iterable[Destination] = (),
    plans: PlanSet | None = None,
    patch: JsonObject | None = None,
) -> bytes:
    """Return the settings of a source as JSON.

    Of a destination that the server sends to, SDKs are told the name, and no browser loads a
    script. One in device mode has an entry of its own, and its filters are ``routingRules``.
    ``consentSettings`` is missing where no destination has a consent category, as at
    Segment. An empty one means "no category was ever agreed to", and consent wrappers then send
    nothing.

    Args:
        write_key: of the source.
        host: this server as the client calls it, with the port.
        scheme: ``http`` or ``https``.
        destinations: of the source; those that are not enabled are left out, and warehouses, of
            which no SDK knows.
        plans: of the source; what they block is disabled in the member ``plan``.
        patch: a JSON merge patch for what is returned.
    """
    api_host = f"{host}/v1"
    enabled = [each for each in destinations if each.spec.enabled and not each.kind.storage]
    settings: JsonObject = {
        "integrations": {
            **_integrations(enabled),
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": api_host,
                "protocol": scheme,
                "addBundledMetadata": True,
                "unbundledIntegrations": _names(each for each in enabled if not _in_device(each)),
                "bundledConfigIds": [],
                "unbundledConfigIds": [],
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                "retryQueue": True,
            },
        },
        **_consent(enabled),
        "plan": {
            "track": _track_plan(plans),
            "identify": {"__default": {"enabled": True}},
            "group": {"__default": {"enabled": True}},
        },
        "middlewareSettings": {"routingRules": _routing_rules(enabled)},
        "enabledMiddleware": {},
        "edgeFunction": {},
        # A rate of 0 keeps telemetry at home, which has Segment's host built in.
        "metrics": {"sampleRate": 0, "host": api_host},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
        "autoInstrumentationSettings": {"sampleRate": 0},
    }
    return json_types.encode(json_types.patched(settings, patch) if patch else settings)


def _track_plan(plans: PlanSet | None) -> JsonObject:
    """Return which events the source's settings let through, for SDKs that send to others.

    A browser still sends a disabled event to Segment, and to no other destination. What is blocked
    as unplanned is disabled by ``__default``, and the planned events are enabled. The member
    ``integrations`` of a plan's rule says which destinations do not get its event.
    """
    enabled = {"enabled": True, "integrations": {}}
    disabled = {"enabled": False, "integrations": {}}
    track: JsonObject = {"__default": enabled}
    if plans is None:
        return track
    closed = bool(plans.events) and not plans.settings.track.allow_unplanned_events
    if closed:
        track = {"__default": disabled}
    rules = (rule for plan in plans.plans for rule in plan.rules if rule.type == "TRACK")
    for rule in rules:
        integrations = as_object(rule.extra.get("integrations"))
        if closed or integrations:
            own = {"enabled": True, "integrations": integrations}
            track |= dict.fromkeys(rule.keys, own)
    return track | dict.fromkeys(plans.settings.disabled_events, disabled)


def _integrations(destinations: Sequence[Destination]) -> JsonObject:
    """Return an entry for each kind of destination in device mode or with consent categories."""
    entries: JsonObject = {}
    for name in _names(destinations):
        named = [each for each in destinations if each.kind.names[0] == name]
        categories = _categories(named)
        in_device = any(map(_in_device, named))
        if in_device or categories:
            consent = {"consentSettings": {"categories": categories}} if categories else {}
            entries[name] = (_SCRIPT if in_device else _NO_SCRIPT) | consent
    return entries


# The public code of analytics-next loads a script for the first and none for the second.
_SCRIPT: JsonObject = {
    "type": "browser",
    "bundlingStatus": "bundled",
    "versionSettings": {"version": "1.0.0", "componentTypes": ["browser"]},
}
_NO_SCRIPT: JsonObject = {
    "bundlingStatus": "unbundled",
    "versionSettings": {"componentTypes": []},
}


def _routing_rules(destinations: Iterable[Destination]) -> list[Json]:
    """Return the filters of destinations in device mode, for the SDK to apply."""
    return [
        rule
        for each in destinations
        if _in_device(each)
        for rule in routing_rules(each.filters, name=each.kind.names[0])
    ]


def _in_device(destination: Destination) -> bool:
    return destination.spec.connection_mode == "device"


def _names(destinations: Iterable[Destination]) -> list[str]:
    """Return the names that SDKs know destinations by, each once."""
    return list(dict.fromkeys(each.kind.names[0] for each in destinations))


def _consent(destinations: Sequence[Destination]) -> JsonObject:
    """Return the member ``consentSettings``, or nothing where consent is not set up."""
    categories = _categories(destinations)
    if not categories:
        return {}
    unmapped = any(not each.spec.consent_categories for each in destinations)
    return {
        "consentSettings": {
            "allCategories": categories,
            "hasUnmappedDestinations": unmapped,
        }
    }


def _categories(destinations: Sequence[Destination]) -> list[str]:
    return list(
        dict.fromkeys(
            category for each in destinations for category in each.spec.consent_categories
        )
    )
