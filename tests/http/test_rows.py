"""Rows, counts and copies: what a page shows of many calls, and what it gives to elsewhere."""

from __future__ import annotations

import base64
import itertools
import json
import shlex
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import msgspec
import pytest

from mockseg import any_call, message, page, track  # noqa: F401  (what is copied calls them)
from mockseg.cli.main import run
from mockseg.domain.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable

V1 = "/_mockseg/v1"
ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "messageId": "m-1",
    "properties": {"total": 42, "coupon": "SPRING", "n": "42", "items": [1, 2], "note": 'say "hi"'},
}
MESSAGES: list[dict[str, Any]] = [
    ORDER,
    {"type": "page", "name": "Cart", "anonymousId": "a1", "properties": {"path": "/cart"}},
    {"type": "track", "userId": "u1"},
    {**ORDER, "userId": "u2"},
]


async def asked(client: Any, path: str, status: int = 200, body: Any = None, **query: str) -> Any:
    """Ask the control plane; give what it answers."""
    method, how = ("GET", {}) if body is None else ("POST", {"json": body})
    async with client.request(method, f"{V1}{path}", params=query, **how) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


@pytest.fixture(name="filled")
async def _filled(client: Any) -> Any:
    """A client of a server that has the messages."""
    for batch in (MESSAGES[:3], MESSAGES[3:]):
        async with client.post("/v1/batch", json={"writeKey": "k", "batch": batch}) as answer:
            assert answer.status == 200
    return client


def rows(page_: Any) -> list[dict[str, Any]]:
    """Name the members of each row."""
    return [dict(zip(page_["columns"], row, strict=True)) for row in page_["rows"]]


async def test_rows_come_newest_first_with_what_a_list_shows(filled: Any) -> None:
    """One short array a call."""
    page_ = await asked(filled, "/calls/rows", total="true")
    last, _, _, first = rows(page_)
    assert (page_["next"], page_["cursor"], page_["total"], page_["terms"]) == (None, 4, 4, [])
    assert first.pop("receivedMs") > 1_500_000_000_000
    assert first == {
        "cursor": 1,
        "source": "k",
        "type": "track",
        "label": "Order Completed",
        "peek": 'total=42 coupon=SPRING n="42" items=[2] note="say \\"hi\\""',
        "user": "u1",
        "verdict": "accepted",
        "good": True,
        "code": "",
        "field": "",
        "more": 0,
        "attempt": 1,
        "duplicateOf": 0,
        "to": [],
        "values": [],
    }
    assert (last["verdict"], last["code"]) == ("dropped", "duplicate_message_id")
    assert (last["attempt"], last["duplicateOf"]) == (2, 1)
    assert [row["label"] for row in rows(page_)][2] == "Cart"
    assert [row["user"] for row in rows(page_)][2] == "anon a1"


async def test_rows_are_paged_both_ways(filled: Any) -> None:
    """`before` goes back in time; `after` bounds it."""
    first = await asked(filled, "/calls/rows", limit="3")
    assert [row[0] for row in first["rows"]] == [4, 3, 2]
    second = await asked(filled, "/calls/rows", limit="3", before=str(first["next"]))
    assert ([row[0] for row in second["rows"]], second["next"]) == ([1], None)
    between = await asked(filled, "/calls/rows", after="1", before="4")
    assert ([row[0] for row in between["rows"]], between["next"]) == ([3, 2], None)


async def test_rows_are_found_by_a_query_whose_terms_come_back(filled: Any) -> None:
    """With their places, so that a page can show them one by one."""
    page_ = await asked(filled, "/calls/rows", q="is:bad  -user:u2", total="true")
    assert [row[0] for row in page_["rows"]] == [3]
    assert page_["total"] == 1
    assert page_["terms"][1] == {
        "text": "-user:u2",
        "key": "user",
        "negated": True,
        "start": 8,
        "end": 16,
    }
    error = (await asked(filled, "/calls/rows", 422, q="usr:u1"))["error"]
    assert (error["code"], error["details"]["nearest"]) == ("invalid_query", "user")
    assert (await asked(filled, "/calls/rows", source="other"))["rows"] == []


async def test_a_row_names_where_the_call_went(filled: Any) -> None:
    """Destination and state."""
    made = await asked(filled, "/destinations", 201, {"type": "userguiding", "source": "d"})
    async with filled.post("/v1/batch", json={"writeKey": "d", "batch": [ORDER]}) as answer:
        assert answer.status == 200
    await asked(filled, "/settle", body={"source": "d"})
    (row,) = rows(await asked(filled, "/calls/rows", source="d"))
    ((destination, state),) = row["to"]
    assert (destination, state in {"delivered", "filtered", "failed"}) == (made["id"], True)


async def test_a_long_peek_is_cut(client: Any) -> None:
    """120 characters at most, unsafe ones escaped."""
    long = {**ORDER, "properties": {"a" * 300: 1, "b": "\u202e"}}
    short = {**ORDER, "messageId": "m-2", "properties": {"b": "\u202ex", "o": {"a": 1}, "e": ""}}
    async with client.post("/v1/batch", json={"writeKey": "k", "batch": [long, short]}):
        pass
    second, first = rows(await asked(client, "/calls/rows"))
    assert (len(first["peek"]), first["peek"][-1]) == (120, "…")
    assert second["peek"] == 'b="\\u202ex" o={1} e=""'


async def test_calls_are_counted_by_verdict_time_and_value(filled: Any) -> None:
    """The buckets end with the newest call; a facet's values carry the term that finds them."""
    counts = await asked(
        filled,
        "/calls/counts",
        buckets="3",
        bucketSeconds="3600",
        facets="event, verdict,code,user,type,source",
    )
    assert (counts["total"], counts["good"], counts["bad"], counts["dropped"]) == (4, 2, 2, 2)
    assert (counts["retried"], counts["violations"]) == (1, 0)
    assert sum(bucket["good"] for bucket in counts["buckets"]) == 2
    assert sum(bucket["bad"] for bucket in counts["buckets"]) == 2
    starts = [bucket["startMs"] for bucket in counts["buckets"]]
    assert [later - sooner for sooner, later in itertools.pairwise(starts)] == [3_600_000] * 2
    assert counts["facets"]["event"] == [
        {"value": "Order Completed", "count": 2, "term": 'event:"Order Completed"'}
    ]
    assert {value["term"] for value in counts["facets"]["verdict"]} == {"is:accepted", "is:dropped"}
    for values in counts["facets"].values():
        for value in values:
            found = await asked(filled, "/calls/rows", q=value["term"])
            assert len(found["rows"]) == value["count"], value
    narrowed = await asked(filled, "/calls/counts", q="is:bad")
    assert (narrowed["total"], narrowed["buckets"], narrowed["facets"]) == (2, [], {})
    nothing = await asked(filled, "/calls/counts", q="event:none", buckets="5")
    assert (nothing["total"], nothing["buckets"]) == (0, [])


async def test_what_is_counted_by_the_minute_is_what_a_walk_finds(filled: Any) -> None:
    """Counts of all calls are kept as calls come; of those that match they are made by a walk."""
    for query in ({}, {"source": "c"}, {"buckets": "5"}, {"buckets": "2", "bucketSeconds": "120"}):
        kept = await asked(filled, "/calls/counts", **query)
        walked = await asked(filled, "/calls/counts", **query, q="-event:none")
        assert kept == walked
    assert sum(bucket["good"] + bucket["bad"] for bucket in kept["buckets"]) == kept["total"]


async def test_an_unknown_facet_is_named(filled: Any) -> None:
    """With the nearest."""
    error = (await asked(filled, "/calls/counts", 422, facets="evnt"))["error"]
    assert 'unknown facet "evnt"; did you mean "event"?' in error["message"]


async def test_a_copied_assertion_holds_for_the_call(filled: Any) -> None:
    """Each line is Python that means just this call."""
    for id_ in ("call-1", "call-2", "call-3", "call-4"):
        text = (await asked(filled, f"/calls/{id_}/copy", form="pytest"))["text"]
        segment = SimpleNamespace(assert_called=Mock())
        exec(text, globals() | {"segment": segment})  # noqa: S102  (that is what it is for)
        ((args, kwargs),) = segment.assert_called.call_args_list
        (matcher,) = args
        assert kwargs == {"times": 1}
        query = {"source": "k", "verdict": "any"}
        found = (await asked(filled, "/calls", **query))["calls"]
        matching = [call["id"] for call in found if matcher.matches(msgspec.convert(call, Call))]
        assert matching == [id_]
        assert "m-1" not in text


async def test_a_copied_command_sends_the_call_again(filled: Any) -> None:
    """To the address that was given, else to the variable's."""
    text = (await asked(filled, "/calls/1/copy", form="curl", url="http://there:1/"))["text"]
    command = shlex.split(text)
    assert command[:5] == ["curl", "-s", "http://there:1/v1/batch", "-u", "k:"]
    assert json.loads(command[-1]) == {"batch": [ORDER]}
    assert '"$MOCKSEG_URL"/v1/batch' in (await asked(filled, "/calls/1/copy", form="curl"))["text"]
    body = {"writeKey": "p", "userId": "u", "event": "E"}
    data = base64.b64encode(json.dumps(body).encode()).decode()
    for method, path, how, wire in (
        ("POST", "/v1/t", {"json": body}, "/v1/t"),
        ("GET", "/v1/pixel/track", {"params": {"data": data}}, "/v1/track"),
    ):
        async with filled.request(method, path, **how) as answer:
            assert answer.status == 200
        newest = (await asked(filled, "/calls/rows", limit="1"))["cursor"]
        text = (await asked(filled, f"/calls/{newest}/copy", form="curl"))["text"]
        assert f'"$MOCKSEG_URL"{wire}' in text


async def test_a_copied_matcher_waits_for_the_call(filled: Any) -> None:
    """The text is a body of POST /calls/wait."""
    for id_ in (1, 2):
        text = (await asked(filled, f"/calls/{id_}/copy", form="matcher"))["text"]
        waited = await asked(filled, "/calls/wait", body=json.loads(text))
        assert [call["cursor"] for call in waited["calls"]] == [id_]
    dropped = (await asked(filled, "/calls/3/copy", form="matcher"))["text"]
    assert json.loads(dropped)["match"]["verdict"] == "dropped"


async def test_copied_lines_can_be_imported(filled: Any) -> None:
    """All that match a query, or those that are named."""
    many = await asked(filled, "/calls/copy", body={"form": "ndjson", "q": "is:bad"})
    assert (many["calls"], many["omitted"]) == (2, 0)
    calls = [json.loads(line) for line in many["text"].splitlines()]
    fields = [{name: call[name] for name in ("message", "raw", "receivedAt")} for call in calls]
    done = await asked(
        filled, "/calls/import", body={"calls": [{"source": "new", **each} for each in fields]}
    )
    assert done["imported"] == 2
    named = await asked(filled, "/calls/copy", body={"form": "raw", "ids": ["call-1", "3"]})
    assert [json.loads(line) for line in named["text"].splitlines()] == [ORDER, MESSAGES[2]]
    error = (await asked(filled, "/calls/copy", 422, {"form": "raw"}))["error"]
    assert error["message"] == "say which calls: one of ids and q"


async def test_a_copied_report_cannot_be_broken_out_of(client: Any) -> None:
    """Whatever a client sent stands between as many backquotes as it needs."""
    hostile = {**ORDER, "event": "`` x\n# head", "properties": {"a": "```\n</pre>"}}
    async with client.post("/v1/batch", json={"writeKey": "`k`", "batch": [hostile]}):
        pass
    text = (await asked(client, "/calls/1/copy", form="markdown"))["text"]
    assert text.startswith("### call-1: ```track `` x\\n# head```\n")
    assert "source `` `k` ``" in text
    assert "````json" in text
    assert "Answer 200" in text


async def test_a_deep_message_is_copied_too(client: Any) -> None:
    """Beyond 40 levels an assertion says ANY."""
    deep: Any = 1
    for _ in range(100):
        deep = {"a": deep}
    async with client.post(
        "/v1/batch", json={"writeKey": "k", "batch": [{**ORDER, "properties": deep}]}
    ):
        pass
    text = (await asked(client, "/calls/1/copy", form="pytest"))["text"]
    assert text.count('"a"') == 40
    assert "ANY" in text


async def test_what_is_gone_cannot_be_copied(filled: Any) -> None:
    """As with the call itself."""
    await asked(filled, "/calls/9/copy", 404, form="raw")
    await asked(filled, "/calls/copy", 404, {"form": "raw", "ids": ["call-9"]})


def test_a_command_prints_a_call_as_something_else(
    send_batch: Callable[..., None],
    cli_server: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`mockseg show CALL --as pytest`, with the server's address in a curl command."""
    send_batch(*MESSAGES)
    assert run(["show", "call-2", "--as", "pytest"]) == 0
    assert capsys.readouterr().out == (
        'segment.assert_called(\n    page(\n        "Cart",\n'
        '        properties={"path": "/cart"},\n        anonymous_id="a1",\n'
        "    ),\n    times=1,\n)\n"
    )
    assert run(["show", "1", "--as", "curl"]) == 0
    assert f"curl -s {cli_server.url}/v1/batch" in capsys.readouterr().out
    assert run(["show", "req-1", "--as", "curl"]) == 2
    assert "--as is for calls" in capsys.readouterr().err


async def test_rows_carry_the_fields_that_are_asked_for(filled: Any) -> None:
    """Each as short text; empty where the message has no such field; unknown roots are refused."""
    page_ = await asked(
        filled, "/calls/rows", fields="properties.total, properties.path,context.x.y"
    )
    assert [row["values"] for row in rows(page_)] == [
        ["42", "", ""],
        ["", "", ""],
        ["", "/cart", ""],
        ["42", "", ""],
    ]
    error = (await asked(filled, "/calls/rows", 422, fields="total"))["error"]
    assert error["message"].startswith('unknown field "total"')
    many = ",".join(f"traits.t{number}" for number in range(9))
    error = (await asked(filled, "/calls/rows", 422, fields=many))["error"]
    assert error["message"] == "expected at most 8 fields, got 9"


async def test_names_of_fields_are_counted_as_terms(client: Any) -> None:
    """Members of members too, to the third level; what a term must escape is escaped."""
    body = {
        "writeKey": "k",
        "userId": "u",
        "event": "E",
        "properties": {"a": {"b": {"c": {"d": 1}}}, "a b": [1], "": 1},
    }
    async with client.post("/v1/track", json=body) as answer:
        assert answer.status == 200
    counts = await asked(client, "/calls/counts", facets="field")
    terms = [value["term"] for value in counts["facets"]["field"]]
    assert {"properties.a.b.c:*", "properties.a\\ b:*"} <= set(terms)
    for term in terms:
        assert (await asked(client, "/calls/rows", q=term, total="true"))["total"] == 1, term
