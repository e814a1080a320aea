"""Faults and truth from Python and from the command line."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from mockseg.cli.main import run
from mockseg.client.client import AsyncClient, Client
from mockseg.errors import OperationError, UnknownOptionError
from mockseg.matching.matchers import track
from mockseg.operations.base import OfSource
from mockseg.server import MockSegment


@pytest.fixture(name="server", scope="module")
def _server():
    with MockSegment() as server:
        yield server


@pytest.fixture(name="command")
def _command(monkeypatch, tmp_path, server):
    """Give a function that runs a command of the CLI against the server."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MOCKSEG_URL", server.url)
    return lambda *words: run(list(words))


def send(source, message_id="m", **fields):
    """Send a track call as an app would; give the status, 0 for none."""
    connection = http.client.HTTPConnection(urlsplit(source.url).netloc, timeout=30)
    message = {"userId": "u", "event": "E", "messageId": message_id, **fields}
    body = json.dumps({"writeKey": source.write_key, **message})
    try:
        connection.request("POST", "/v1/track", body)
        answer = connection.getresponse()
        answer.read()
    except (http.client.HTTPException, OSError):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize("door", ["process", "http"])
def test_a_block_breaks_and_mends(server, door):
    """Inside the block two requests are hit, after it none; the block tells how many."""
    source = server.source()
    if door == "http":
        source = Client(server.url).source(source.write_key)
    with source.faults(status=503, times=2) as fault:
        assert fault.id.startswith("fault-")
        assert [send(source) for _ in range(3)] == [503, 503, 200]
    assert (fault.fired, fault.seed) == (2, server.health().seed)
    with source.faults(status=503, times="unlimited"):
        assert [send(source, f"n{n}") for n in range(3)] == [503] * 3
    assert send(source, "after") == 200
    source.assert_all_good()


def test_a_block_ends_what_hangs(server):
    """A thread whose request hangs is free again at the end of the block."""
    source = server.source()
    got = []
    with source.faults(hang=True, store=True):
        thread = threading.Thread(target=lambda: got.append(send(source)))
        thread.start()
        source.wait_for(track("E"), timeout=30)
    thread.join()
    assert got == [0]


def test_truth_says_what_became_of_each_message(server):
    """Attempts, statuses and fate of what was lost, as values and in a sentence."""
    source = server.source()
    with source.faults(status=410, message_id="gone", times=3):
        statuses = [send(source, id_) for id_ in ("here", "gone", "gone", "gone")]
    told = source.truth()
    assert statuses == [200, 410, 410, 410]
    assert told.summary == "2 calls: 1 delivered once, 1 lost after 3 attempts (410, 410, 410)"
    lost, delivered = told.messages
    assert (lost.message_id, lost.fate, lost.statuses) == ("gone", "lost", [410, 410, 410])
    assert (delivered.message_id, delivered.fate) == ("here", "delivered once")
    assert source.truth(limit=1).left_out == 1


def test_a_window_tells_the_truth_from_its_beginning_on(server):
    """What came before the window is not in its report."""
    source = server.source()
    send(source, "before")
    window = server.window(source.write_key)
    send(source, "inside")
    assert [story.message_id for story in window.truth().messages] == ["inside"]


def test_faults_of_a_server_hit_every_source(server):
    """Counts are kept for each source."""
    one, two = server.source(), server.source()
    with server.faults(status=503, event="Everywhere"):
        hit = [send(each, n, event="Everywhere") for n, each in (("a", one), ("b", two))]
    assert hit == [503, 503]


def test_options_go_where_they_belong(server):
    """Effect, match and the rest; moments and scenarios; what is unknown names the nearest."""
    source = server.source()
    until = datetime.now(UTC) + timedelta(hours=1)
    with source.faults(delay={"uniform": [0, 0.001]}, user_id="u", until=until, seed=3) as fault:
        assert (send(source), fault.seed) == (200, 3)
    assert fault.fired == 1
    with source.faults("lost-ack"):
        assert [send(source, "x"), send(source, "x")] == [0, 200]
    with (
        pytest.raises(UnknownOptionError, match='"stauts"; did you mean "status"'),
        source.faults(stauts=503),
    ):
        pass
    with pytest.raises(OperationError) as refused, source.faults(status=99):
        pass
    assert refused.value.status == 422
    with pytest.raises(OperationError, match="a request ends in one way"):
        source.faults(hang=True, reset="after").__enter__()


def test_awaitable_faults_and_truth(server):
    """The same in an event loop, in process and over HTTP."""

    async def story(source):
        loop = asyncio.get_running_loop()
        async with source.faults(reset="after") as fault:
            first = await loop.run_in_executor(None, send, source)
        second = await loop.run_in_executor(None, send, source)
        return first, second, fault.fired, (await source.truth()).messages[0].fate

    async def over_http():
        async with AsyncClient(server.url) as client:
            return await story(await client.source())

    expected = (0, 200, 1, "delivered twice")
    assert asyncio.run(story(server.source().aio)) == expected
    assert asyncio.run(over_http()) == expected


def test_the_command_adds_lists_and_clears(server, command, capsys):
    """`mockseg fault add|list|clear` does what the control plane does."""
    source = server.source()
    key = source.write_key
    assert command("fault", "add", "--status", "503", "--times", "2", "--source", key) == 0
    assert "status 503" in capsys.readouterr().out
    assert [send(source) for _ in range(3)] == [503, 503, 200]
    assert command("fault", "list", "--source", key) == 0
    assert "hit 2 of 2" in capsys.readouterr().out
    assert command("fault", "clear", "--source", key) == 0
    capsys.readouterr()
    assert command("fault", "list", "--source", key) == 0
    assert capsys.readouterr() == ("", "no faults\n")


@contextlib.contextmanager
def held_back(server, *keys):
    """Send a call to each source whose answer is held back; at the end each was answered."""
    answers = []
    threads = []
    for key in keys:
        source = server.source(key)
        threads.append(threading.Thread(target=lambda sent=source: answers.append(send(sent))))
        threads[-1].start()
        # It is recorded in the step in which it is held back.
        source.wait_for(track(), timeout=30)
    yield
    for thread in threads:
        thread.join(30)
    assert answers == [200] * len(keys)


@pytest.mark.parametrize("door", ["process", "http", "event loop"])
def test_what_faults_hold_back_is_released(server, door):
    """By a source its own requests, by a server all of them; the faults stay."""
    with Client(server.url) as client, server.faults(delay=3600, times="unlimited"):
        door_of = {"process": server, "http": client, "event loop": server}[door]
        keys = [server.source().write_key for _ in range(2)]
        first = door_of.source(keys[0])
        with held_back(server, *keys):
            if door == "event loop":
                assert asyncio.run(first.aio.release_held()) == 1
                assert asyncio.run(server.aio.release_held()) == 1
            else:
                assert first.release_held() == 1
                assert door_of.release_held() == 1
        assert first.release_held() == 0
        (view,) = server.perform("list_faults", OfSource()).faults
        assert [rule.fired for rule in view.rules] == [2]


def test_the_command_releases(server, command, capsys):
    """`mockseg fault release` says how many requests: of a source, or of all."""
    with server.faults(delay=3600, times="unlimited"):
        keys = [server.source().write_key for _ in range(2)]
        with held_back(server, *keys):
            assert command("fault", "release", "--source", keys[0]) == 0
            assert command("fault", "release") == 0
        assert command("fault", "release") == 0
    assert capsys.readouterr().out.splitlines() == [
        *["released 1 request"] * 2,
        "released 0 requests",
    ]


def test_the_command_says_what_a_fault_would_hit(server, command, capsys):
    """`mockseg fault add --dry-run` names the requests, and adds nothing."""
    source = server.source()
    assert [send(source) for _ in range(2)] == [200, 200]
    asked = ("fault", "add", "--status", "503", "--source", source.write_key, "--dry-run")
    assert command(*asked) == 0
    sentence, hit = capsys.readouterr().out.splitlines()
    assert sentence == f'Of source "{source.write_key}": the next request: status 503'
    assert hit.startswith("It would have hit 1 of the newest 2 recorded requests: req-")
    assert command(*asked, "--json") == 0
    assert json.loads(capsys.readouterr().out)["fired"] == 1
    assert command("fault", "list", "--source", source.write_key) == 0
    assert capsys.readouterr() == ("", "no faults\n")


def test_the_command_takes_scenarios_and_json(server, command, capsys):
    """A scenario by name, all else as JSON, the answer as JSON."""
    source = server.source()
    key = source.write_key
    assert command("fault", "add", "lost-ack", "--source", key, "--json") == 0
    fault = json.loads(capsys.readouterr().out)
    assert (fault["scenario"], fault["source"]) == ("lost-ack", key)
    rule = json.dumps({"effect": {"headers": {"Retry-After": {"after": 2}}}, "source": key})
    assert command("fault", "add", "--rule", rule, "--status", "429", "--until", "60") == 0
    assert command("fault", "clear", fault["id"]) == 0
    assert [send(source) for _ in range(2)] == [429, 429]
    assert command("fault", "clear", "--source", key) == 0
    assert command("fault", "list", "--scenarios") == 0
    assert "flaky-network" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fault", "add"], "a fault needs an effect"),
        (["fault", "add", "lost-akc"], 'did you mean "lost-ack"?'),
        (
            ["fault", "add", "--status", "99"],
            "`effect.status` is 99: it must be a whole number >= 200",
        ),
        (["fault", "add", "--rule", "{"], "--rule is not JSON"),
        (["fault", "add", "--rule", "[]"], "must be a JSON object"),
        (["fault", "add", "--hang", "--reset", "after"], "contradicts"),
        (["fault", "clear"], "say which"),
        (["fault", "clear", "fault-9999"], "unknown fault"),
        (["fault", "ad"], 'did you mean "add"?'),
        (["truth"], "--source"),
    ],
)
def test_wrong_commands_say_what_is_allowed(command, capsys, words, said):
    """Exit 2, one sentence, no traceback."""
    assert command(*words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_the_truth_of_nothing_is_no_success(server, command, capsys):
    """No message came: the sentence says so on standard error, and --check exits 1."""
    words = ("truth", "--source", "nobody-sent-here")
    assert command(*words) == 0
    assert command(*words, "--check") == 1
    assert "nothing was recorded in source nobody-sent-here" in capsys.readouterr().err


def test_the_command_tells_the_truth(server, command, capsys):
    """The summary, then a line for each message with a story; --check judges."""
    source = server.source()
    assert send(source, "fine") == 200
    words = ("truth", "--source", source.write_key)
    assert command(*words, "--check") == 0
    with source.faults(status=410, times=2):
        assert [send(source, "gone\n") for _ in range(2)] == [410, 410]
    capsys.readouterr()
    assert command(*words, "--check") == 1
    summary, story = capsys.readouterr().out.splitlines()
    assert summary == "2 calls: 1 delivered once, 1 lost after 2 attempts (410, 410)"
    assert story.startswith("lost             gone\\n  410, +")
    assert command(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["fates"]["lost"] == 1
