"""Captures: what was on the wire and what it comes to, as files. See fixtures/wire/README.md."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap import Sent

    from mockseg.domain.call import Call

__all__ = ["WIRE", "as_capture", "differences", "load", "save"]

WIRE = Path(__file__).resolve().parents[2] / "fixtures" / "wire"
FORMAT = 1

# What stands in a capture instead of the free port that was taken.
_HOST = "127.0.0.1:8765"
# What the SDK itself says; the rest comes from the HTTP library under it, in any version.
_OF_SDK = frozenset(
    {
        "content-type",
        "content-encoding",
        "transfer-encoding",
        "user-agent",
        "authorization",
        "x-retry-count",
    }
)
# Ids that an SDK makes up: analytics-node's own form, and plain UUIDs.
_MADE_UP = re.compile(r"(node-next-\d{13}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Times that a session gave are of this day; any other is the time of the recording.
_GIVEN_DAY = "2026-01-15"


def as_capture(
    *,
    sdk: str,
    version: str,
    says: str,
    write_key: str,
    received_at: str,
    sent: list[Sent],
    calls: list[Call],
) -> dict[str, Any]:
    """Make a capture of what an SDK sent.

    Args:
        sdk: the name of its package.
        version: of it.
        says: what the capture shows, a sentence.
        write_key: that it was sent with.
        received_at: where the server's clock stood.
        sent: the requests, in order.
        calls: what the server made of them, in order.
    """
    positions = {call.id: position for position, call in enumerate(calls)}
    by_request: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        by_request.setdefault(call.request.id, []).append(_expected(call, positions))
    expected = iter(by_request.values())
    return {
        "format": FORMAT,
        "origin": "recorded",
        "sdk": sdk,
        "version": version,
        "says": says,
        "writeKey": write_key,
        "receivedAt": received_at,
        "requests": [
            {
                "method": request.method,
                "path": request.path,
                "headers": {name: _shown(name, value) for name, value in request.headers},
                **_body(request.body),
                "answer": {"status": request.status, "body": request.answer.decode()},
                "calls": next(expected),
            }
            for request in sent
        ],
    }


def load(path: Path) -> dict[str, Any]:
    """Read a capture."""
    capture: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return capture


def save(path: Path, capture: dict[str, Any]) -> None:
    """Write a capture, in a form that is good to read and to compare."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(capture, indent=2, ensure_ascii=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def differences(kept: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say in what an SDK sends something else than was kept, ids and times of the day apart."""
    if len(kept["requests"]) != len(now["requests"]):
        return [f"{len(kept['requests'])} requests were kept, it sends {len(now['requests'])}"]
    found = []
    for number, (old, new) in enumerate(zip(kept["requests"], now["requests"], strict=True)):
        for part, before, after in (
            ("method", old["method"], new["method"]),
            ("path", old["path"], new["path"]),
            ("headers", _sdk_headers(old), _sdk_headers(new)),
            ("body", _settled(_decoded(old)), _settled(_decoded(new))),
            ("answer", old["answer"], new["answer"]),
            ("calls", _settled_calls(old["calls"]), _settled_calls(new["calls"])),
        ):
            if before != after:
                was, is_ = json.dumps(before), json.dumps(after)
                found.append(f"request {number}: {part} was\n  {was}\nand is\n  {is_}")
    return found


def _expected(call: Call, positions: dict[str, int]) -> dict[str, Any]:
    return {
        "type": call.type,
        "verdict": call.verdict,
        "findings": [finding.code for finding in call.findings],
        "attempt": call.request.attempt,
        "duplicateOf": None if call.duplicate_of is None else positions[call.duplicate_of],
        "message": call.message,
    }


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode(), "bodyEncoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "bodyEncoding": "base64"}


def _shown(name: str, value: str) -> str:
    return _HOST if name.lower() == "host" else value


def _sdk_headers(request: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = request["headers"]
    return {name.lower(): value for name, value in headers.items() if name.lower() in _OF_SDK}


def _decoded(request: dict[str, Any]) -> Any:
    body: str = request["body"]
    raw = base64.b64decode(body) if request["bodyEncoding"] == "base64" else body.encode()
    if _sdk_headers(request).get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return json.loads(raw)


def _settled(value: Any) -> Any:
    """Put a word in the place of what differs from one recording to the next."""
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _settled_value(key, item) for key, item in value.items()}


def _settled_calls(calls: list[dict[str, Any]]) -> Any:
    """Do the same to calls; their own time is corrected by the time of the recording."""
    return [
        {**_settled(call), "message": {**_settled(call["message"]), "timestamp": "<corrected>"}}
        for call in calls
    ]


def _settled_value(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _settled(value)
    made_up = (
        key in {"sentAt", "receivedAt", "nodeVersion"}
        or (key == "messageId" and _MADE_UP.fullmatch(value) is not None)
        or (key in {"timestamp", "originalTimestamp"} and not value.startswith(_GIVEN_DAY))
    )
    return f"<{key}>" if made_up else value
