"""UserLeap: what its Segment inlet refuses."""

from __future__ import annotations

import base64

import pytest

from mockseg import json_types


def body(response):
    """Decode the body."""
    return json_types.decode(response.body)


@pytest.mark.parametrize(
    ("authorization", "sentence"),
    [
        (None, "No Authorization header"),
        ("API-Key key", "is not Basic"),
        ("Basic " + base64.b64encode(b"key").decode(), "is not Basic"),
        ("Basic " + base64.b64encode(b"key:secret").decode(), "is not Basic"),
        ("Basic " + base64.b64encode(b"\xff:").decode(), "is not Basic"),
        ("Basic !", "is not Basic"),
        ("Basic " + base64.b64encode(b"other:").decode(), "unknown"),
    ],
)
def test_the_inlet_answers_401_without_its_key(leap, authorization, sentence):
    """The generic contract of Segment's partners, with a message."""
    answered = leap.ask("POST", "/segment", {"type": "identify"}, authorization=authorization)
    assert answered.status == 401
    assert sentence in body(answered)["message"]


@pytest.mark.parametrize(
    ("message", "status", "field"),
    [
        (b"", 400, ""),
        (b"{", 400, ""),
        (b"[]", 400, ""),
        (b"[" * 100 + b"]" * 100, 400, ""),
        ({}, 400, "type"),
        ({"type": 5}, 400, "type"),
        ({"type": "delete"}, 501, "type"),
        ({"type": "identify", "userId": True}, 400, "userId"),
        ({"type": "identify", "userId": "u", "traits": []}, 400, "traits"),
        ({"type": "track", "userId": "u"}, 400, "event"),
        ({"type": "track", "userId": "u", "event": ""}, 400, "event"),
        ({"type": "page", "userId": "u", "properties": "x"}, 400, "properties"),
    ],
)
def test_the_inlet_refuses_malformed_messages(leap, message, status, field):
    """The body says what the note says; nothing is stored."""
    answered = leap.send(message)
    assert answered.status == status
    assert [note.field for note in answered.notes] == [field]
    assert body(answered) == {"message": answered.notes[0].description}
    assert leap.users == {}


def test_the_inlet_takes_post_only(leap):
    """405 tells so."""
    token = base64.b64encode(b"key:").decode()
    answered = leap.ask("GET", "/segment", authorization=f"Basic {token}")
    assert answered.status == 405
    assert dict(answered.headers)["Allow"] == "POST"
