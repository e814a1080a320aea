"""Commands that read: calls, show, requests, sources, deliveries; and what they say of nothing."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.server import MockSegment

PLAN = {
    "name": "shop",
    "rules": [
        {
            "type": "TRACK",
            "key": "Order Completed",
            "jsonSchema": {
                "properties": {"properties": {"properties": {"total": {"type": "number"}}}}
            },
        }
    ],
}


@pytest.fixture(name="post")
def _post(cli_server: MockSegment) -> Callable[..., int]:
    """A function that posts a body and gives the status of the answer."""

    def post(body: str, *, path: str = "/v1/batch") -> int:
        connection = http.client.HTTPConnection(urlsplit(cli_server.url).netloc, timeout=30)
        connection.request("POST", path, body.encode())
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    return post


@pytest.fixture(name="send")
def _send(send_batch: Callable[..., None]) -> Callable[..., None]:
    """A function that sends messages as one batch."""
    return send_batch


@pytest.fixture(name="berlin")
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local time zone, for this test."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def track(event: str = "E", **fields: Any) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "event": event, "userId": "u1"} | fields


def test_a_bad_call_says_which_field_is_wrong(
    cli_server: MockSegment, send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """In calls and in tail: code, field, and what was expected."""
    source = cli_server.source(plan=PLAN)
    send(track("Order Completed", properties={"total": "42"}), key=source.write_key)
    for command in (["calls"], ["tail", "--after", "0", "--limit", "1"]):
        assert run(command) == 0
        told = "invalid_type at properties.total: Invalid type. Expected: number, given: string"
        out, err = capsys.readouterr()
        assert told in out
        listening = f"mockseg: listening at {cli_server.url}; Ctrl-C ends it\n"
        assert err == (listening if command[0] == "tail" else "")


def test_the_newest_calls_are_listed_oldest_first(
    send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """--last follows the match keys and is not bounded by a page of the API."""
    send(*(track(str(number)) for number in range(2100)))
    send(track("other"), key="k2")
    assert run(["calls", "--last", "2", "--source", "wk", "--json"]) == 0
    assert run(["calls", "--last", "2050", "--json", "--after", "10"]) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events == ["2098", "2099", *map(str, range(51, 2100)), "other"]
    assert err == ""


def test_last_and_limit_exclude_each_other(
    cli_server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistake is named, exit 2."""
    assert cli_server.url
    assert run(["calls", "--last", "2", "--limit", "2"]) == 2
    assert "--limit and --last exclude each other" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no process can set its time zone here")
@pytest.mark.usefixtures("berlin")
def test_times_are_local_and_utc_when_asked_for(
    cli_server: MockSegment, send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same call by both clocks, in every command that shows a time."""
    cli_server.source("wk").set_clock("2026-07-01T21:30:00Z")
    cli_server.source("wk").destination("webhook")
    send(track())
    cli_server.source("wk").settle()
    for command in (
        ["calls"],
        ["show", "call-1"],
        ["requests"],
        ["tail", "--after=0", "--limit=1"],
    ):
        assert run(command) == 0
        assert "2026-07-01 23:30:00." in (out := capsys.readouterr().out)
        assert " +02:00" in out
        assert run([*command, "--utc"]) == 0
        assert "2026-07-01 21:30:00." in (out := capsys.readouterr().out)
        assert " UTC" in out


def test_no_call_matches_says_why(
    send: Callable[..., None],
    post: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing came, all was refused, nothing matches, another source has it: on stderr, exit 0."""

    def said(*flags: str) -> str:
        assert run(["calls", *flags]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        return str(err)

    assert said() == "no call matches: nothing was recorded\n"
    assert post("{nonsense") == 400
    why = "400 POST /v1/batch; malformed JSON: "
    assert said().startswith(f"no call matches: 1 request was refused: {why}")
    assert said("--source", "mine").startswith(
        "no call matches: nothing was recorded in source mine; 1 request without a write key was"
        f" refused: {why}"
    )
    send(track())
    assert said("--source", "mine", "--json").startswith(
        "no call matches: nothing was recorded in source mine; other sources have 1 call"
    )
    assert said("--event", "none").startswith(
        f"no call matches: 1 call was recorded, and 1 request was refused: {why}"
    )
    assert said("--source", "wk", "--bad") == "no call matches: 1 call was recorded in source wk\n"
    assert post("{}", path="/v1/v1/t") == 404
    assert said("--event", "none").endswith(
        " and 2 requests were refused (mockseg requests --refused shows why)\n"
    )


def test_show_tells_all_of_a_call(
    cli_server: MockSegment, send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Verdict, each finding with field, value and rule, message, request, answer, deliveries."""
    source = cli_server.source("shop", plan=PLAN)
    source.destination("webhook")
    bad = track("Order Completed", messageId="m1", properties={"total": "42"})
    send(track("Cart Viewed"), bad, track(), key="shop")
    send(bad, key="shop")
    source.settle()

    assert run(["show", "call-2"]) == 0
    out = capsys.readouterr().out
    for line in (
        'call-2  bad       track "Order Completed"',
        "  verdict      accepted, with findings",
        "  source       shop",
        "  userId       u1",
        "  messageId    m1",
        "  invalid_type at properties.total: Invalid type. Expected: number, given: string; did",
        '    sent  "42"',
        '    rule  {"type":"number"}',
        '          of TRACK "Order Completed" in plan shop',
        '    "total": "42"',
        "  req-1, message 2 of 3",
        "  POST /v1/batch, ",
        "  answered 200 in ",
        '{"success":true}',
        "  delivered  webhook-1  call-2  Order Completed",
        "  call-1  ",
        "  call-2  this call",
    ):
        assert line in out
    assert "req-1 answered 200, accepted; +" in out
    assert "req-2 answered 200, duplicate" in out

    assert run(["show", "4"]) == 0
    out = capsys.readouterr().out
    assert "  verdict      dropped as a duplicate of call-2" in out
    assert "  duplicate of call-2" in out


def test_a_call_is_shown_by_its_message_id_and_the_newest_by_last(
    send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several with the same messageId the newest is shown, which is said."""
    send(track("a", messageId="m-a"), track("b"))
    for name, event in (("m-a", "a"), ("last", "b")):
        assert run(["show", name, "--json"]) == 0
        out, err = capsys.readouterr()
        assert (json.loads(out)["call"]["event"], err) == (event, "")
    send(track("a", messageId="m-a"))
    assert run(["show", "m-a", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["call"]["id"] == "call-3"
    assert err.startswith("2 calls have this messageId; this is the newest")


def test_a_call_that_is_not_there_cannot_be_shown(
    send: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one sentence with what an id looks like or which is the newest."""
    for name, said in (
        ("last", "no call is kept"),
        ("call-1", "none was recorded yet"),
        ("nonsense", "expected an id such as call-17 or req-5"),
        ("req-7", 'no request "req-7" is kept'),
    ):
        assert run(["show", name]) == 2
        out, err = capsys.readouterr()
        assert (out, said in err) == ("", True)
    send(track())
    assert run(["show", "call-2"]) == 2
    assert "the newest is call-1" in capsys.readouterr().err


def test_show_cannot_be_made_to_command_the_terminal(
    send: Callable[..., None], post: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was sent stands there in escapes, wherever it stands: message, ids, path, body."""
    evil = "\x1b[2J\u202e\u009b31m"
    send(track(evil, messageId=evil, properties={evil: evil}), key=evil)
    post("{" + evil)
    for name in ("call-1", "req-1", "req-2"):
        assert run(["show", name]) == 0
        assert run(["show", name, "--json"]) == 0
    assert run(["sources"]) == run(["requests"]) == run(["requests", "--json"]) == 0
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\u202e\u009b")
    assert "\\u202e" in out


def test_requests_are_listed_with_the_reason_of_a_refusal(
    send: Callable[..., None], post: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused ones alone, the newest alone; --json has the body, the text has it in show."""
    assert run(["requests"]) == run(["requests", "--refused"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "no request came\nno request was refused\n")
    send(track(), track())
    assert post('{"writeKey":"wk","batch":{}}') == 400
    send(track())

    assert run(["requests"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["req-1", "req-2", "req-3"]
    assert "200       POST /v1/batch  2 calls  source wk" in lines[0]
    assert run(["requests", "--refused"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "400       POST /v1/batch" in line
    assert "bad_request at batch: batch is not an array" in line

    assert run(["requests", "--last", "1", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["body"].startswith('{"writeKey"')
    assert err == "there are older requests: --last 10 shows more\n"

    assert run(["show", "req-2"]) == 0
    out = capsys.readouterr().out
    assert "  refused      bad_request at batch" in out
    assert '  "batch": {}' in out
    assert "  answered 400 in " in out


def test_sources_are_listed_with_their_counts(
    cli_server: MockSegment,
    send: Callable[..., None],
    post: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A row for each, the one used last at the end; requests without a key are one too."""
    assert run(["sources"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "no source is open: a write key opens one when it is first used\n")
    cli_server.source("shop", name="checkout", plan=PLAN)
    assert post("{nonsense") == 400
    send(track("Order Completed", properties={"total": 1}), track("Odd"), key="shop")

    assert run(["sources"]) == 0
    head, keyless, shop = capsys.readouterr().out.splitlines()
    assert head.split()[:7] == ["write", "key", "name", "calls", "good", "bad", "refused"]
    assert keyless.split()[:5] == ['""', "0", "0", "0", "1"]
    assert shop.split()[:7] == ["shop", "checkout", "2", "1", "1", "0", "shop"]

    assert run(["sources", "--last", "1", "--json"]) == 0
    out, err = capsys.readouterr()
    listed = json.loads(out)
    assert listed["writeKey"] == "shop"
    counts = listed["counts"]
    assert (counts["good"], counts["bad"], counts["refused"]) == (1, 1, 0)
    assert counts["lastCallAt"] is not None
    assert err == "1 more sources, used earlier; --last shows them\n"


def test_what_did_not_happen_at_a_destination_is_said(
    cli_server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request reached it, no call can be delivered again: on stderr, exit 0."""
    view = cli_server.source("wk").destination("webhook")
    assert run(["destination", "requests", view.id]) == 0
    assert run(["redeliver", "--source", "wk", "--to", view.id]) == 0
    assert capsys.readouterr() == (
        "",
        "no request reached it\nno accepted call matches, so nothing is delivered again\n",
    )


def test_no_delivery_says_whether_there_is_a_destination(
    cli_server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, exit 0."""
    assert run(["deliveries"]) == 0
    out, err = capsys.readouterr()
    assert (out, "there is no destination" in err) == ("", True)
    cli_server.source("wk").destination("webhook")
    assert run(["deliveries", "--source", "wk"]) == 0
    assert capsys.readouterr() == ("", "no delivery matches\n")
