"""``--transport sdk``: traffic through Segment's own Python SDK, counted as honestly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from mockseg.cli.main import run
from mockseg.json_types import decode
from mockseg.server import MockSegment
from mockseg.traffic.generator import Traffic
from mockseg.traffic.packets import grouped
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.schedule import schedule
from mockseg.traffic.sdk_driver import SdkDriver
from mockseg.traffic.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ASKED = ["traffic", "--transport", "sdk", "--users", "50", "--rate", "400/s", "--json"]


@pytest.fixture(scope="module")
def server() -> Iterator[MockSegment]:
    """Run a server for all tests of this module."""
    with MockSegment() as running:
        yield running


def calls(number: int) -> Traffic:
    """Make calls that are due at once."""
    made = schedule("constant", rate=Fraction(100_000), length_ns=number * 10_000)
    return Traffic(Recipe(schedule=made, start_ns=0, catalogue=("candu",), users=50, seed="1"))


def test_calls_are_the_sdks_and_keep_what_they_are(server, capsys, tmp_path) -> None:
    """What arrives was sent by the SDK, with the ids, times and bodies that were made."""
    source = server.source(catalogue="ecommerce")
    made = ["--catalogue", "ecommerce", "--duration", "500ms", "--start", "2026-03-01"]
    file = tmp_path / "made.ndjson"
    assert run([*ASKED[:1], *ASKED[3:], *made, "--out", str(file)]) == 0
    capsys.readouterr()
    assert run([*ASKED, *made, "--to", server.url, "--write-key", source.write_key]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["made"], told["answered"], told["server"]["good"]) == (200, 200, 200)
    # From the due time until the SDK is done: one for each call, and not in no time.
    assert told["latencyMs"]["mean"] > 0
    lines = [decode(line) for line in file.read_bytes().splitlines()]
    got = {call.message_id: call for call in source.calls()}
    assert set(got) == {line["messageId"] for line in lines}
    for line in lines:
        call = got[line["messageId"]]
        assert call.context["library"]["name"] == "analytics-python"
        assert call.raw.get("timestamp") == line["timestamp"].replace("Z", "+00:00")
        assert (call.user_id, call.event) == (line.get("userId"), line.get("event"))
        if line["type"] != "alias":
            assert call.anonymous_id == line.get("anonymousId")
        assert call.properties == line.get("properties", {})


def test_labels_hold_as_far_as_the_sdk_lets_mistakes_through(server, capsys) -> None:
    """What the SDK refuses or mends is told; every other label is found, and exit 0."""
    shares = ["--invalid", "30%", "--duplicates", "5%", "--late", "5%", "--duration", "1s"]
    assert run([*ASKED, "--catalogue", "userguiding,candu", *shares, "--to", server.url]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["heldBack"]["mended by the SDK"] > 0
    assert any(how.startswith("refused by the SDK: event must have") for how in told["heldBack"])
    refused = sum(n for how, n in told["heldBack"].items() if how.startswith("refused"))
    assert told["made"] == 400 == told["answered"] + refused
    assert told["server"]["labelsMissing"] == told["server"]["unexpectedlyBad"] == 0


def test_replays_go_through_the_sdk_too(server, capsys, tmp_path) -> None:
    """A replay through the SDK keeps ids, and tells what the SDK does not take."""
    lines = [
        {"type": "track", "event": "E", "userId": "u1", "messageId": "m1"},
        {"type": "track", "userId": "u1", "messageId": "m2"},
        {"type": ["track"], "userId": "u1", "messageId": "m3"},
        {"type": "page", "userId": "u1", "properties": {"x": "y" * 40_000}, "messageId": "m4"},
    ]
    file = tmp_path / "a.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = server.source()
    asked = ["replay", str(file), "--to", server.url, "--write-key", source.write_key]
    assert run([*asked, "--transport", "sdk", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == {
        "refused by the SDK: event must have <class 'str'>": 1,
        "refused by the SDK: it has no call of this type": 1,
        "refused by the SDK: the message is larger than 32 KB": 1,
    }
    assert [call.message_id for call in source.calls()] == ["m1"]


async def test_refusals_are_counted_by_status(serving) -> None:
    """What the server refuses is counted by the status that the SDK tells, and is not good."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=403)

    async with serving(answer) as url:
        tally = Tally()
        await SdkDriver(url, "k", tally).run(grouped(calls(250), "sdk"))
    assert (tally.made, tally.answered, dict(tally.refused)) == (250, 0, {403: 250})
    assert tally.latency.count == 0


async def test_a_full_queue_is_counted_as_not_sent(serving) -> None:
    """Back-pressure is seen: the SDK's queue grows, and what it has no room for is not sent."""
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with serving(answer) as url:
        tally = Tally()
        driver = SdkDriver(url, "k", tally, most_waiting=20)
        everything = asyncio.Event()

        def groups() -> Iterator[Any]:
            yield from grouped(calls(500), "sdk")
            everything.set()

        running = asyncio.create_task(driver.run(groups()))
        await everything.wait()
        assert driver.waiting > 0
        assert tally.unsent > 0
        release.set()
        await running
    assert tally.made == 500 == tally.answered + tally.unsent


async def test_a_server_that_never_answers_ends(serving) -> None:
    """Flushing is bounded: what has no answer by then is counted, and a second stop ends it."""
    arrived = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        arrived.set()
        await asyncio.Event().wait()
        return web.Response()

    async with serving(answer) as url:
        tally = Tally()
        driver = SdkDriver(url, "k", tally)
        running = asyncio.create_task(driver.run(grouped(calls(50), "sdk")))
        await arrived.wait()
        driver.stop()
        driver.stop()
        await running
    assert tally.interrupted
    assert tally.failed == {"no answer at the end": 50}


def test_without_the_sdk_it_says_what_to_install(server, capsys, monkeypatch) -> None:
    """Where the SDK is not installed, one sentence names what to install, and exit 2."""
    monkeypatch.setitem(sys.modules, "segment.analytics", None)
    assert run([*ASKED, "--catalogue", "candu", "--to", server.url]) == 2
    output = capsys.readouterr()
    assert 'pip install "mockseg[demo]"' in output.err
    assert output.err.count("\n") == 1


def test_an_interrupt_flushes_and_reports(server) -> None:
    """Ctrl-C ends it with what the SDK had already, and with the report."""
    asked = [*ASKED, "--duration", "1h", "--catalogue", "candu", "--to", server.url]
    with subprocess.Popen(
        [sys.executable, "-m", "mockseg", *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    told = json.loads(out)
    assert told["interrupted"] is True
    assert told["made"] == told["answered"] > 0
    assert "Traceback" not in err
    # It did not do all that was asked.
    assert process.returncode == 1
