"""Lists of calls in a journal's file: the index finds what a look at all calls finds."""

from __future__ import annotations

import msgspec
import pytest
from arrivals import batch_arrival

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.journal import rows
from mockseg.journal.rows import RowReader
from mockseg.operations.calls import ListCalls

_EVENTS = ("Signed Up", "Order Completed", "Ünïcode 😀")


def _message(number):
    message = {
        "type": "track",
        "event": _EVENTS[number % 3],
        "userId": f"user-{number % 7}",
        "messageId": f"m-{number % 95}",
    }
    if number % 11 == 0:
        message = {"type": "identify", "userId": 5, "event": "Signed Up", "anonymousId": "a"}
    if number % 13 == 0:
        del message["userId"]
    return message


def _arrival(first, source):
    calls = [_message(number) for number in range(first, first + 5)]
    # The same moment in both servers.
    return batch_arrival(*calls, source=source, received_ns=10**18)


def _filled(hub):
    for first in range(0, 200, 5):
        hub.accept(_arrival(first, "b" if first % 20 == 0 else "a"))
    return hub


@pytest.fixture(name="hubs")
def _hubs(tmp_path, monkeypatch):
    """Return a server with its calls in memory, and one that found them in a file."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 16)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_A_SHARE", 0)
    in_file = {"journal": str(tmp_path / "journal.db"), "seed": 1}
    _filled(Hub(Settings(**in_file))).close()
    hubs = _filled(Hub(Settings(seed=1))), Hub(Settings(**in_file))
    yield hubs
    for hub in hubs:
        hub.close()


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize(
    "asked",
    [
        {"event": "Signed Up"},
        {"event": "Ünïcode 😀", "userId": "user-3"},
        {"messageId": "m-4", "verdict": "any"},
        {"messageId": "nowhere"},
        {"userId": "user-2", "after": 40, "before": 170},
        {"event": "Order Completed", "good": True},
        {"where": "event = 'Signed Up'"},
        {"where": "userId = 'user-1' and event = 'Order Completed'"},
        {"where": "messageId = 'm-7' or event = 'Signed Up'"},
        {"where": "event = 'Signed Up' and event = 'Order Completed'"},
        {"where": "event = 'Signed Up' and properties.n = 'x'"},
        {"event": "Signed Up", "where": "userId = 'user-1'"},
        {"event": "Signed Up", "q": "user:user-1"},
    ],
    ids=str,
)
async def test_a_list_by_the_index_is_that_of_a_look_at_all_calls(hubs, asked, order, total):
    """Page, number and place of the next page, for one source and for all."""
    for source in ({}, {"source": "a"}, {"source": "nobody"}):
        params = msgspec.convert(
            {"limit": 7, "order": order, "total": total, **source, **asked}, ListCalls
        )
        expected, found = [await hub.perform("list_calls", params) for hub in hubs]
        assert found == expected


async def test_an_index_looks_at_few_calls(hubs, monkeypatch):
    """A question for one messageId decodes the rows that have it, not the others."""
    looked = []
    call = type(hubs[1].journal).call
    monkeypatch.setattr(
        type(hubs[1].journal), "call", lambda self, at: looked.append(at) or call(self, at)
    )
    page = await hubs[1].perform("list_calls", ListCalls(message_id="m-5", limit=5))
    assert page.total == 3
    closed = [found.cursor for found in page.calls if found.cursor <= looked[-1]]
    assert looked == closed


async def test_a_filter_of_keys_is_counted_without_a_look_at_the_calls(hubs, monkeypatch):
    """Only the calls of the page are read, however many match."""
    looked = []
    call = type(hubs[1].journal).call
    monkeypatch.setattr(
        type(hubs[1].journal), "call", lambda self, at: looked.append(at) or call(self, at)
    )
    page = await hubs[1].perform("list_calls", ListCalls(where="userId = 'user-2'", limit=2))
    assert page.total > 20
    assert 3 <= len(set(looked)) <= 10


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_a_page_reads_the_rows_of_its_calls_and_checks_each_once(hubs, monkeypatch, order):
    """The page and one call more, from as many segments as it takes; counting reads no row."""
    read, checked = [], []
    reader, checksum = RowReader.read, rows._checksum

    def counted_read(self, number, *row, **how):
        read.append(number)
        return reader(self, number, *row, **how)

    def counted_check(number, *row):
        checked.append(number)
        return checksum(number, *row)

    monkeypatch.setattr(RowReader, "read", counted_read)
    monkeypatch.setattr(rows, "_checksum", counted_check)
    asked = ListCalls(source="a", user_id="user-2", limit=4, order=order, before=170)
    page = await hubs[1].perform("list_calls", asked)
    of_page = {int(call.request.id.removeprefix("req-")) for call in page.calls}
    assert (len(page.calls), page.total > 5) == (4, True)
    assert len(read) == len(set(read)) <= 5
    assert of_page < {*read}
    assert checked == read
    assert await hubs[1].perform("list_calls", asked) == page
    assert sorted(checked) == sorted({*read})
