"""What real SDKs put on the wire, sent again byte for byte, comes to what it should.

The captures and their format are described in fixtures/wire/README.md.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.domain.call import Call

WIRE = Path(__file__).resolve().parents[2] / "fixtures" / "wire"
CAPTURES = sorted(WIRE.rglob("*.json"))


@pytest.fixture
def server() -> Iterator[MockSegment]:
    """Run a server that has seen nothing: several captures share a write key."""
    with MockSegment() as running:
        yield running


def _name(path: Path) -> str:
    return path.relative_to(WIRE).with_suffix("").as_posix()


def _capture(path: Path) -> dict[str, Any]:
    capture: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return capture


def _body(request: dict[str, Any]) -> bytes:
    text: str = request["body"]
    return base64.b64decode(text) if request["bodyEncoding"] == "base64" else text.encode()


def _wire(request: dict[str, Any]) -> bytes:
    """Write a request as it was on the wire; a chunked body in two chunks."""
    head = f"{request['method']} {request['path']} HTTP/1.1\r\n"
    for name, value in request["headers"].items():
        head += f"{name}: {value}\r\n"
    body = _body(request)
    if request["headers"].get("Transfer-Encoding") == "chunked":
        middle = len(body) // 2
        chunks = [body[:middle], body[middle:], b""]
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head.encode("latin-1") + b"\r\n" + body


def _send(url: str, request: dict[str, Any]) -> tuple[int, str, bytes]:
    """Send a request on a connection of its own; give status, content type and body."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port)) as connection:
        connection.sendall(_wire(request))
        response = http.client.HTTPResponse(connection, method=request["method"])
        response.begin()
        body = response.read()
        response.close()
        return response.status, response.headers["Content-Type"], body


def _view(call: Call, positions: dict[str, int], *, minted: bool) -> dict[str, Any]:
    """Show a call as captures have it; an id that the server minted is nobody's to expect."""
    message = dict(call.message)
    view = {
        "type": call.type,
        "verdict": call.verdict,
        "findings": [finding.code for finding in call.findings],
        "attempt": call.request.attempt,
        "duplicateOf": None if call.duplicate_of is None else positions[call.duplicate_of],
        "message": message,
    }
    if minted:
        assert message.pop("messageId")
        view["minted"] = True
    return view


def test_there_are_recordings_of_both_sdks() -> None:
    """The folder has recordings of the Python and the Node SDK, and documented forms."""
    folders = {_name(path).split("/")[0].rsplit("-", 1)[0] for path in CAPTURES}
    assert folders == {"segment-analytics-python", "analytics-node", "documented"}


@pytest.mark.parametrize("path", CAPTURES, ids=_name)
def test_a_capture_sent_again_comes_to_the_same_calls(path: Path, server: MockSegment) -> None:
    """Answer, verdict, findings, ids, times and normalised message are as the capture has them."""
    capture = _capture(path)
    source = server.source(capture["writeKey"])
    source.set_clock(capture["receivedAt"], frozen=True)
    for request in capture["requests"]:
        status, content_type, body = _send(server.url, request)
        assert status == request["answer"]["status"]
        assert content_type == request["answer"].get("contentType", content_type)
        assert body.decode("latin-1") == request["answer"].get("body", body.decode("latin-1"))
    expected = [call for request in capture["requests"] for call in request["calls"]]
    calls = source.calls()
    positions = {call.id: position for position, call in enumerate(calls)}
    found = [
        _view(call, positions, minted=wanted.get("minted", False))
        for call, wanted in zip(calls, expected, strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize("path", CAPTURES, ids=_name)
def test_a_capture_sent_again_is_recorded_as_a_request(path: Path, server: MockSegment) -> None:
    """Each request is kept with its line, its headers and how long it was on the wire."""
    capture = _capture(path)
    window = server.window(capture["writeKey"])
    for request in capture["requests"]:
        _send(server.url, request)
    for kept, sent in zip(window.requests(), capture["requests"], strict=True):
        target, _, query = sent["path"].partition("?")
        assert (kept.method, kept.path, kept.query) == (sent["method"], target, query)
        assert kept.sent_bytes == len(_body(sent))
        assert {name for name, _ in kept.headers} == set(sent["headers"])
        assert kept.reason is None
        assert len(kept.calls) == len(sent["calls"])


@pytest.mark.parametrize("path", CAPTURES, ids=_name)
def test_a_capture_says_what_it_is(path: Path) -> None:
    """It says who sent it, and whether that was recorded or read in documentation."""
    capture = _capture(path)
    assert capture["format"] == 1
    assert capture["origin"] == ("documented" if "documented" in path.parts else "recorded")
    assert capture["sdk"]
    assert capture["says"].endswith(".")
    assert ("source" in capture) == (capture["origin"] == "documented")
    if capture["origin"] == "recorded":
        assert path.parent.name == f"{capture['sdk'].split('/')[-1]}-{capture['version']}"
