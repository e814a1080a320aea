"""What is cleared while somebody waits: it counts no longer, whatever was waited for."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import breathe
from mockseg.errors import OperationError

E = {"source": "k", "event": "E"}
CALLS = {"operation": "wait_calls", "match": E, "timeout": 5}


@pytest.fixture
def wait(machine, run):
    """Give a function that waits while things happen: `(outcome, seconds it took)`.

    The outcome is the list of message ids, or the code of the refusal and how many it saw.
    """
    done = []

    def happen(do):
        if isinstance(do, dict):
            machine.track(**{"source": "k"} | do)
        else:
            operation, asked = do
            done.append(asyncio.ensure_future(machine.perform(operation, **asked)))

    def waited(*plan, operation="wait_calls", **asked):
        async def body():
            loop = asyncio.get_running_loop()
            for seconds, do in plan:
                loop.call_later(seconds, happen, do)
            started = loop.time()
            try:
                result = await machine.perform(operation, **asked)
                outcome = [call.message_id for call in result.calls]
            except OperationError as error:
                outcome = (error.code, error.details["seen"])
            return outcome, round(loop.time() - started, 6)

        return run(body())

    return waited


def call(seconds, number, source="k"):
    """Plan a call with the id m<number>."""
    return seconds, {"messageId": f"m{number}", "source": source}


def clear(seconds, source="k"):
    """Plan a clear of a source, or of all."""
    asked = {"all": True} if source is None else {"source": source}
    return seconds, ("clear_calls", asked)


@pytest.mark.parametrize("source", ["k", None])
def test_a_cleared_call_does_not_count(wait, source):
    """At least two, and one of two was cleared: a third is waited for."""
    plan = [call(0.1, 1), clear(0.2, source), call(0.3, 2), call(0.4, 3)]
    assert wait(*plan, **CALLS, count={"min": 2}) == (["m2", "m3"], 0.4)


def test_without_another_the_time_runs_out(wait):
    """The case of the issue: call, clear, call is one call."""
    plan = [call(0.1, 1), clear(0.2), call(0.3, 2)]
    assert wait(*plan, **CALLS, count={"min": 2}) == (("timeout", 1), 5)


def test_a_call_that_was_there_before_does_not_count_either(machine, wait):
    """It was recorded before the wait began, and cleared after that."""
    machine.track("k", messageId="m1")
    plan = [clear(0.1), call(0.2, 2), call(0.3, 3)]
    assert wait(*plan, **CALLS, count={"min": 2}) == (["m2", "m3"], 0.3)


def test_only_the_cleared_sources_calls_go(wait):
    """A wait for any source goes on counting those of the others."""
    plan = [call(0.1, 1, "a"), call(0.2, 2, "b"), clear(0.3, "a"), call(0.4, 3, "b")]
    asked = {"match": {"event": "E"}, "count": {"min": 2}, "timeout": 5}
    assert wait(call(0.1, 1), clear(0.2, "other"), call(0.3, 2), **CALLS, count={"min": 2}) == (
        ["m1", "m2"],
        0.3,
    )
    assert wait(*plan, **asked | {"count": {"min": 3}, "after": 2}) == (("timeout", 2), 5)


def test_one_call_can_be_cleared(wait):
    """``DELETE /calls/{id}`` takes back one."""
    plan = [call(0.1, 1), call(0.2, 2), (0.3, ("clear_call", {"id": "call-1"})), call(0.4, 3)]
    plan += [call(0.5, 4)]
    assert wait(*plan, **CALLS, count={"min": 3}) == (["m2", "m3", "m4"], 0.5)


def test_exactly_counts_what_is_left(wait):
    """One of two is cleared, then one comes: that is exactly one."""
    plan = [call(0.1, 1), clear(0.2), call(0.3, 2)]
    assert wait(*plan, **CALLS, count={"exactly": 1}, quiet=1) == (["m2"], 1.3)


def test_exactly_none_after_a_clear(machine, wait):
    """What was there is gone in the moment in which it would have been too many."""
    asked = CALLS | {"count": {"exactly": 2}, "quiet": 0.5, "timeout": 1}
    assert wait(call(0.1, 1), clear(0.2), **asked) == (("timeout", 0), 1)


def test_a_cleared_call_breaks_no_silence(wait):
    """Silence is counted from the last call that is left."""
    plan = [call(0.1, 1, "a"), call(0.4, 2, "b"), clear(0.5, "b")]
    asked = {"match": {"event": "E"}, "count": {"min": 1}, "quiet": 0.6, "timeout": 5}
    assert wait(*plan, **asked) == (["m1"], 0.7)


def test_a_dropped_call_that_was_cleared_ends_no_wait(machine, wait):
    """It came and went before anybody could be told."""

    async def body():
        waiting = asyncio.ensure_future(machine.perform("wait_calls", match=E, timeout=5))
        await breathe()
        machine.track("k", userId=...)
        machine.hub.clear("k")
        machine.track("k", messageId="m2")
        return await waiting

    assert [call.message_id for call in asyncio.run(body()).calls] == ["m2"]


def test_a_clear_during_a_long_scan_counts(machine, run):
    """While a wait looks through a long journal, all that it has seen is cleared."""
    for _ in range(3):
        machine.batch(*[{"type": "track", "userId": "u", "event": "E"}] * 2000)

    async def body():
        asked = {"match": E, "count": {"min": 5000}, "timeout": 1}
        waiting = asyncio.ensure_future(machine.perform("wait_calls", **asked))
        await breathe()
        machine.hub.clear("k")
        machine.track("k", messageId="m1")
        with pytest.raises(OperationError) as caught:
            await waiting
        return caught.value.details["seen"]

    assert run(body()) == 1


def test_an_answer_says_what_was_cleared(machine, run):
    """A client that adds up several waits leaves those calls out."""
    machine.track("k")
    machine.track("k")
    machine.hub.clear("k")
    machine.track("k")
    waited = run(machine.perform("wait_calls", match=E))
    assert (waited.cleared, waited.next) == (2, 3)
    assert run(machine.perform("wait_calls", match={"event": "E"})).cleared == 0


class TestExactly:
    """A count that evicted calls would change cannot be confirmed."""

    def test_evicted_calls_may_be_what_is_missing(self, make_machine, run):
        """Exactly one is kept, and others may have been there."""
        machine = make_machine(max_calls=1)
        machine.track("k")
        machine.track("k")
        with pytest.raises(OperationError) as caught:
            run(machine.perform("wait_calls", match=E, count={"exactly": 1}, timeout=0))
        error = caught.value
        assert (error.status, error.code) == (406, "evicted")
        assert error.message == (
            "1 matching accepted call found, but 1 call was evicted and cannot be checked"
        )
        assert error.details["lost"]["cursor"] == 1
        asked = {"match": E, "count": {"exactly": 1}, "timeout": 0, "after": 1}
        assert run(machine.perform("wait_calls", **asked)).next == 2

    @pytest.mark.parametrize("match", [E, {"event": "E"}])
    def test_a_forgotten_source_had_other_calls(self, machine, run, monkeypatch, match):
        """None is kept; none came is another claim."""
        monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 2)
        for source in ("k", "a", "b"):
            machine.track(source, event="E" if source == "k" else "F")
        with pytest.raises(OperationError) as caught:
            run(machine.perform("wait_calls", match=match, count={"exactly": 0}, timeout=0))
        assert caught.value.code == "evicted"

    def test_what_is_evicted_while_it_was_counted_is_known(self, make_machine, wait, run):
        """A wait that has seen every call knows how many there were."""
        machine = make_machine(max_calls=1)

        async def body():
            asked = {"match": E, "count": {"exactly": 2}, "timeout": 1, "quiet": 0.1}
            waiting = asyncio.ensure_future(machine.perform("wait_calls", **asked))
            await breathe()
            machine.track("k", messageId="m1")
            machine.track("k", messageId="m2")
            return [call.message_id for call in (await waiting).calls]

        assert run(body()) == ["m1", "m2"]


class TestDeliveries:
    """Waits for deliveries, and for what reaches a vendor."""

    DELIVERED = {"operation": "wait_deliveries", "match": {"source": "k"}, "timeout": 5}

    @pytest.fixture(autouse=True)
    def vendor(self, machine, run):
        """Connect a vendor to the source."""
        return run(machine.perform("add_destination", type="userengage", source="k")).id

    def test_cleared_deliveries_do_not_count(self, wait):
        """Two are waited for; one of the first two was cleared with its call."""
        plan = [call(0.1, 1), clear(0.2), call(0.3, 2), call(0.4, 3)]
        outcome, seconds = wait(*plan, **self.DELIVERED, count=2)
        assert (outcome, seconds) == (["m2", "m3"], 0.4)

    def test_the_deliveries_of_one_call_can_be_cleared(self, wait):
        """``DELETE /calls/{id}`` takes them back, too."""
        plan = [call(0.1, 1), (0.2, ("clear_call", {"id": "call-1"})), call(0.3, 2)]
        assert wait(*plan, **self.DELIVERED, count=2) == (("timeout", 1), 5)

    def test_vendors_say_what_was_cleared(self, machine, wait, run, vendor):
        """A page of requests has the number up to which they were cleared."""
        plan = [call(0.1, 1), clear(0.2), call(0.3, 2)]
        wait(*plan, **self.DELIVERED | {"timeout": 1}, count=2)
        page = run(machine.perform("list_vendor_requests", id=vendor))
        assert ([each.number for each in page.requests], page.cleared) == ([2], 1)

    def test_what_waits_for_deliveries_to_settle_is_woken(self, machine, run, vendor):
        """The delivery that held it up was cleared."""
        demanded = {"error": "server_error", "times": 99}
        asked = {"id": vendor, "action": "fail", "arguments": demanded}

        async def body():
            await machine.perform("act", **asked)
            machine.track("k")
            await machine.perform(
                "wait_deliveries", match={"source": "k"}, state="retrying", timeout=5
            )
            loop = asyncio.get_running_loop()
            started = loop.time()
            loop.call_later(1, machine.hub.clear, "k")
            await machine.perform("settle", source="k", quiet=0, timeout=60)
            return loop.time() - started

        assert run(body()) == pytest.approx(1)


async def test_a_call_that_moves_up_because_another_was_cleared_is_not_skipped(machine):
    """Over a thousand matched, one of the first was cleared, more came: `next` skips none."""
    message = {"type": "track", "userId": "u", "event": "E"}
    waiting = asyncio.ensure_future(
        machine.perform("wait_calls", match=E, count={"exactly": 1099}, quiet=1, timeout=5)
    )
    await breathe()
    machine.batch(*[message] * 1050)
    await machine.perform("clear_call", id="call-7")
    machine.batch(*[message] * 50)
    waited = await waiting
    cursors = [call.cursor for call in waited.calls]
    assert cursors == [cursor for cursor in range(1, 1002) if cursor != 7]
    assert waited.next == 1001
