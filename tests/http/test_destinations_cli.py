"""Destinations from the command line, and from a file that a server begins with."""

from __future__ import annotations

import http.client
import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.cli.main import run
from mockseg.config import Settings
from mockseg.errors import ConfigError
from mockseg.hub.hub import Hub
from mockseg.matching.matchers import identify, track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[MockSegment]:
    """Give one server for all tests of this module."""
    with MockSegment() as running:
        yield running


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: MockSegment
) -> Callable[..., int]:
    """Give a function that runs a command of the CLI against the server."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MOCKSEG_URL", server.url)
    return lambda *words: run(list(words))


def send(source: Any, *messages: dict[str, Any]) -> None:
    """Send a batch as any SDK would."""
    connection = http.client.HTTPConnection(urlsplit(source.url).netloc, timeout=30)
    body = json.dumps({"writeKey": source.write_key, "batch": messages})
    connection.request("POST", "/v1/batch", body)
    assert connection.getresponse().read() == b'{"success":true}'
    connection.close()


IDENTIFY = {"type": "identify", "userId": "u1", "traits": {"email": "ada@example.com"}}


def test_a_destination_is_added_looked_at_and_removed(
    server: MockSegment, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command says where calls go, what the vendor has, and what reached it."""
    source = server.source()
    key = ("--source", source.write_key)
    assert command("destination", "add", "userengage", *key, "--api-key", "key-1") == 0
    added = capsys.readouterr().out
    (crm,) = source.destinations()
    assert added.startswith(
        f"{crm.id}  source {source.write_key}  {crm.url}  cloud mode  key key-1\n"
    )
    assert "actions: " in added

    send(source, IDENTIFY)
    source.assert_delivered(identify("u1"))
    assert command("destination", "state", crm.id) == 0
    assert json.loads(capsys.readouterr().out)["users"][0]["email"] == "ada@example.com"
    assert command("destination", "requests", crm.id) == 0
    assert "segment  200  POST  /segment" in capsys.readouterr().out
    assert command("destination", "requests", crm.id, "--json") == 0
    assert json.loads(capsys.readouterr().out)["json"]["userId"] == "u1"

    assert command("destination", "list", *key, "--json") == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["destinations"]] == [crm.id]
    assert command("destination", "remove", crm.id) == 0
    assert command("destination", "list", *key) == 0
    assert capsys.readouterr() == (f"removed {crm.id}\n", "no destinations\n")


def test_an_action_and_the_deliveries_are_shown(
    server: MockSegment, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """`act` does what the vendor's page would; `deliveries` says the fate of each call."""
    source = server.source()
    crm = source.destination("userengage")
    demand = json.dumps({"error": "forbidden", "times": 1})
    assert command("destination", "act", crm.id, "fail", demand) == 0
    send(source, IDENTIFY, {**IDENTIFY, "userId": "u2"})
    source.assert_delivered(identify("u2"))
    capsys.readouterr()
    assert command("deliveries", "--source", source.write_key) == 0
    failed, delivered = capsys.readouterr().out.splitlines()
    assert failed.startswith("failed     ")
    assert "answered 403" in failed
    assert delivered.startswith("delivered  ")
    assert command("deliveries", "--source", source.write_key, "--state", "failed", "--json") == 0
    assert json.loads(capsys.readouterr().out)["userId"] == "u1"


def test_calls_are_delivered_again(
    server: MockSegment, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """`redeliver` says how many calls it was, and where their fate can be read."""
    source = server.source()
    hook = source.destination("webhook")
    send(source, {"type": "track", "userId": "u1", "event": "A"})
    source.assert_delivered(track("A"), times=1)
    assert command("redeliver", "--source", source.write_key, "--to", hook.id) == 0
    assert capsys.readouterr().out.startswith("1 calls, 1 deliveries started;")
    source.assert_delivered(track("A"), times=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("destination", "add", "userengaged", "--source", "k"), 'did you mean "userengage"?'),
        (("destination", "add", "webhook", "--source", "k", "--to", "ftp://x"), "settings.url"),
        (("destination", "add", "webhook", "--source", "k", "--rest", "{"), "--rest is not JSON"),
        (("destination", "add", "webhook", "--source", "k", "--rest", "[]"), "must be a JSON"),
        (
            ("destination", "add", "webhook", "--source", "k", "--rest", '{"a": 1}'),
            'unknown parameter "a"',
        ),
        (("destination", "state", "nobody-1"), 'unknown destination "nobody-1"'),
        (("destination", "state", "nobody-1", "--set", "x"), "--set is not JSON"),
        (("destination", "act", "nobody-1", "fail", "5"), "must be a JSON object"),
        (("destination", "stat"), 'did you mean "state"?'),
        (("redeliver", "--source", "k", "--to", "nobody-1"), "unknown destination"),
        (("deliveries", "--state", "lost"), 'unknown value "lost"'),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_2(
    command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    says: str,
) -> None:
    """The sentence names the value and what is allowed; nothing is half done."""
    assert command(*words) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_a_server_begins_with_the_destinations_of_a_file(tmp_path: Path) -> None:
    """`--destinations FILE` takes what POST /destinations takes, as JSON or TOML."""
    file = tmp_path / "destinations.toml"
    file.write_text(
        '[[destinations]]\ntype = "userengage"\nsource = "k"\n'
        'attributes = { plan = "string" }\nsettings = { apiKey = "a" }\n'
    )
    (crm,) = Hub(Settings(destinations=str(file))).destinations.of("k")
    assert (crm.id, crm.asked.settings) == ("userengage-1", {"apiKey": "a"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "it is not JSON"),
        ("{}", "`destinations` is missing"),
        ('{"destinations": [{"type": "x"}]}', "source"),
        ('{"destinations": [{"type": "webhok", "source": "k"}]}', 'did you mean "webhook"?'),
    ],
)
def test_a_wrong_file_stops_the_start_with_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    """The file, the place in it and what is allowed are named."""
    file = tmp_path / "destinations.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=f"destinations: .*{says}"):
        Hub(Settings(destinations=str(file)))
