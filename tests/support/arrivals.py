"""Requests as the web floor hands them to the hub, for tests that need no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.domain.request import Arrival
from mockseg.web.routes import TRACKING

if TYPE_CHECKING:
    from mockseg.json_types import Json


def arrival_at(path: str, body: Json | bytes, **more: Any) -> Arrival:
    """Return a POST to a path of the tracking API.

    Args:
        path: such as ``/v1/batch``.
        body: bytes as they are, or what is encoded as JSON.
        more: other fields of an arrival, such as ``headers`` or ``received_ns``.
    """
    content = body if isinstance(body, bytes) else json_types.encode(body)
    fields = {"query": "", "headers": (), "sent_bytes": len(content)} | more
    return Arrival(route=TRACKING[path], method="POST", path=path, body=content, **fields)


def batch_arrival(*messages: Json, source: str = "k", **more: Any) -> Arrival:
    """Return a batch of messages whose write key stands in its body."""
    return arrival_at("/v1/batch", {"writeKey": source, "batch": list(messages)}, **more)
