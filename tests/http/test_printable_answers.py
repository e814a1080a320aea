"""Answers of the control plane in a terminal: `curl` shows nothing that it would obey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from mockseg import json_types
from mockseg.operations.table import PREFIX
from mockseg.printable import printable_lines

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

EVIL = "a\x1b[8m\x9b2J\u202eb\r\x07\u2028c\x7f\u200b\u2066d"


@pytest.fixture(name="recorded", autouse=True)
async def _recorded(client: Any) -> None:
    body = {"writeKey": EVIL, "userId": EVIL, "event": EVIL, "properties": {EVIL: EVIL}}
    answer = await client.post("/v1/track?" + quote(EVIL), json=body)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "shows"),
    [
        ("/calls", True),
        ("/calls/call-1", True),
        ("/requests", True),
        ("/summary", True),
        ("/sources", True),
        ("/truth?source=" + quote(EVIL), False),
        ("/calls?where=" + quote(EVIL), False),
        ("/" + quote(EVIL), False),
        ("/metrics", False),
    ],
)
async def test_no_answer_holds_what_a_terminal_obeys(
    client: Any, path: str, *, shows: bool
) -> None:
    """Whatever was recorded or asked; a reader of the JSON gets the name that was sent."""
    answer = await client.get(PREFIX + path)
    text = await answer.text()
    assert text == printable_lines(text)
    if shows:
        assert EVIL in "".join(texts(json_types.decode(text.encode())))


async def test_the_stream_is_escaped_too(client: Any, hub: Hub) -> None:
    """An event is one line of data."""
    assert hub.journal.cursor == 1
    async with client.get(f"{PREFIX}/stream?after=0") as answer:
        data = ""
        while not data.startswith("data: "):
            data = (await answer.content.readline()).decode()
    assert data == printable_lines(data)
    assert EVIL in "".join(texts(json_types.decode(data.removeprefix("data: ").encode())))


def texts(value: Any) -> list[str]:
    """Find all keys and texts of a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []
