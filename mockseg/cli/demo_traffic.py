"""Sends the calls of the demo: through Segment's own SDK, and over plain HTTP."""

from __future__ import annotations

import http.client
import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockseg.cli.demo_calls import CALLS, DROPPED, DUPLICATE, REFUSED, USER
from mockseg.json_types import encode

if TYPE_CHECKING:
    from mockseg.cli.demo_calls import Sent
    from mockseg.json_types import JsonObject


_TIMEOUT_SECONDS = 10


def send_through_sdk(url: str, write_key: str) -> str | None:
    """Send the calls that an SDK sends; give its name and version, None when there is none."""
    try:
        from segment.analytics.client import Client
        from segment.analytics.version import VERSION
    except ImportError:
        return None
    # A proxy of the environment is not for an address of this machine.
    os.environ["NO_PROXY"] = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    client = Client(
        write_key, host=url, upload_interval=0.05, timeout=_TIMEOUT_SECONDS, max_retries=1
    )
    for sent in (*CALLS, DUPLICATE):
        _send(client, sent)
    client.flush()
    client.join()
    return f"segment-analytics-python {VERSION}"


def _send(client: object, sent: Sent) -> None:
    """Call the SDK's method for this type as its users do."""
    method = getattr(client, sent.type)
    extra = {"message_id": sent.message_id} if sent.message_id else {}
    if sent.type == "identify":
        method(USER, sent.body, **extra)
    elif sent.type == "group":
        method(USER, "demo-company-1", sent.body, **extra)
    elif sent.type == "alias":
        method("demo-visitor-1", USER, **extra)
    elif sent.type == "track":
        method(USER, sent.name, sent.body, **extra)
    else:
        method(USER, name=sent.name, properties=sent.body, **extra)


def send_through_http(url: str, write_key: str, *, everything: bool) -> None:
    """Send what an SDK keeps from being sent, and all the rest when there is no SDK.

    Raises:
        OSError: the server does not answer.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "127.0.0.1", address.port, timeout=_TIMEOUT_SECONDS
    )

    def post(path: str, body: JsonObject) -> None:
        content = encode(body | {"writeKey": write_key})
        connection.request("POST", path, content, {"Content-Type": "application/json"})
        connection.getresponse().read()

    try:
        if everything:
            post("/v1/batch", {"batch": [sent.message() for sent in (*CALLS, DUPLICATE)]})
        post("/v1/track", DUPLICATE.message())
        post("/v1/batch", {"batch": [DROPPED]})
        post("/v1/track", REFUSED.message())
    finally:
        connection.close()
