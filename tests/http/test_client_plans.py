"""Plans from Python: a source that judges, coverage that knows what was asserted."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg import Client, MockSegment, PlanError, UnmetExpectationError, sample, track

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = {
    "name": "Shop",
    "rules": [
        {
            "type": "TRACK",
            "key": event,
            "version": 1,
            "jsonSchema": {
                "type": "object",
                "properties": {
                    "properties": {"type": "object", "properties": {"total": {"type": "number"}}}
                },
            },
        }
        for event in ("Order Completed", "Order Cancelled", "Order Refunded")
    ],
}


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[MockSegment]:
    with MockSegment() as server:
        yield server


def send(source: Any, *messages: dict[str, Any]) -> None:
    """Send a batch as an app would."""
    parts = urlsplit(source.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    body = json.dumps({"batch": messages, "writeKey": source.write_key})
    connection.request("POST", "/v1/batch", body)
    assert connection.getresponse().status == 200
    connection.close()


def order(event: str, total: object = 1) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "userId": "u1", "event": event, "properties": {"total": total}}


def test_a_source_takes_catalogues_by_name(server: MockSegment) -> None:
    """A sample of the catalogue is good under its plan, a changed one is not."""
    source = server.source(catalogue="userguiding", strictness="strict")
    good = sample("guide started (userguiding)")
    bad = {**good, "properties": {**good["properties"], "guideId": 7}}
    send(source, good, bad)
    assert [call.good for call in source.calls()] == [True, False]
    with pytest.raises(UnmetExpectationError, match="guideId"):
        source.assert_all_good()


def test_a_source_takes_a_plan_of_your_own_as_json_or_file(
    server: MockSegment, tmp_path: Path
) -> None:
    """A dict and a file of it judge the same."""
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN), "utf-8")
    for plan in (PLAN, file, str(file), [PLAN]):
        source = server.source(plan=plan)  # type: ignore[arg-type]  # each is allowed
        send(source, order("Order Completed"), order("Order Compleed"))
        assert [call.good for call in source.calls()] == [True, False]


def test_a_plan_file_that_cannot_be_read_is_named(server: MockSegment, tmp_path: Path) -> None:
    """The error names the file, and no source opens."""
    with pytest.raises(PlanError, match=r"nowhere\.json"):
        server.source(plan=tmp_path / "nowhere.json")


@pytest.mark.parametrize("remote", [False, True])
def test_coverage_knows_seen_asserted_and_never_seen(server: MockSegment, *, remote: bool) -> None:
    """What assertions matched is told apart from what merely came."""
    if remote:
        with Client(server.url) as client:
            cover(client)
    else:
        cover(server)


def cover(server: Any) -> None:
    """Assert on one of two events seen, of three planned."""
    source = server.source(plan=PLAN)
    send(source, order("Order Completed"), order("Order Cancelled"), order("Other"))
    source.assert_called(track("Order Completed"))
    view = source.coverage()
    assert view.never_seen == ['TRACK "Order Refunded"']
    assert view.never_asserted == ['TRACK "Order Cancelled"']
    assert [event["event"] for event in view.coverage["unplanned"]] == ["Other"]
    source.wait_for(track("Order Cancelled"))
    assert source.coverage().never_asserted == []


def test_validating_records_nothing(server: MockSegment) -> None:
    """A dry run says good and bad, with findings, and the journal stays as it was."""
    before = server.summary().total
    result = server.validate([order("Order Completed"), order("Order Completed", "1")], plan=PLAN)
    assert (result.good, result.bad) == (1, 1)
    assert result.results[1].findings[0].field == "properties.total"
    assert server.summary().total == before


def test_settings_of_a_source_can_be_changed_later(server: MockSegment) -> None:
    """`update` sets plans from now on, and what is blocked."""
    source = server.source()
    source.update(plan=PLAN, protocols={"track": {"allowUnplannedEvents": False}})
    send(source, order("Nothing of it"))
    assert source.calls()[0].verdict == "blocked"
