"""What Segment's CDN serves: settings that make browsers and phones send here.

Every SDK adopts the host that the settings name, or falls back to Segment's own when it
finds none; so the settings always name this server (facts: traps 1 to 4).
"""

from __future__ import annotations

import re

from mockseg import json_types

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


def settings_body(write_key: str, *, host: str, scheme: str) -> bytes:
    """Return the settings of a source as JSON.

    ``consentSettings`` is missing: Segment leaves it out where consent is not set up. An empty
    one means "no category was ever agreed to", and consent wrappers then send nothing.

    Args:
        write_key: of the source.
        host: this server as the client calls it, with the port.
        scheme: ``http`` or ``https``.
    """
    api_host = f"{host}/v1"
    return json_types.encode(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": write_key,
                    "apiHost": api_host,
                    "protocol": scheme,
                    "addBundledMetadata": True,
                    "unbundledIntegrations": [],
                    "bundledConfigIds": [],
                    "unbundledConfigIds": [],
                    "maybeBundledConfigIds": {},
                    "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                    "retryQueue": True,
                }
            },
            "plan": {
                "track": {"__default": {"enabled": True, "integrations": {}}},
                "identify": {"__default": {"enabled": True}},
                "group": {"__default": {"enabled": True}},
            },
            "middlewareSettings": {"routingRules": []},
            "enabledMiddleware": {},
            "edgeFunction": {},
            # A rate of 0 keeps telemetry at home, which has Segment's host built in.
            "metrics": {"sampleRate": 0, "host": api_host},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
            "autoInstrumentationSettings": {"sampleRate": 0},
        }
    )
