"""Strict at teardown: what Segment would not take fails the test that sent it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_BAD = """
    import pytest

    {marker}
    def test_bad(segment, send):
        assert send(segment, "A", user=None) == 200
"""


def test_a_call_that_segment_would_drop_fails_its_test(run: Run, pytester: pytest.Pytester) -> None:
    """The message names the call, why, and the marker that lets it pass."""
    pytester.makepyfile(_BAD.format(marker=""))
    result = run()
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "1 call of this test would not pass at Segment:",
            "  call-1 track 'A': answered 200, but Segment would drop it",
            "    no_user_anon_id: *",
            "To allow it: @pytest.mark.segment(allow=*'no_user_anon_id'*)*",
        ]
    )


def test_a_destination_that_is_down_fails_no_test(run: Run, pytester: pytest.Pytester) -> None:
    """Its deliveries wait for a retry; the calls are judged, and are those of their test."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_outage(segment, send):
            segment.set_clock("2026-01-01T00:00:00Z", frozen=True)
            segment.destination("webhook").fail("server_error", times=9)
            send(segment, "A")
            segment.wait_for_delivery(track("A"), state="retrying", timeout=10)
        """
    )
    result = run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*after the end of their test*")


def test_a_request_that_does_not_end_leaves_the_rest_judged(
    run: Run, pytester: pytest.Pytester
) -> None:
    """What came is judged and listed; what did not fails the test as far as it asks for that."""
    pytester.makeconftest("from pytest_mockseg import records; records._SETTLE_SECONDS = 0.1")
    pytester.makepyfile(
        """
        import base64
        import socket
        from urllib.parse import urlsplit

        import pytest

        KEPT = []

        def begin_a_request(segment):
            url = urlsplit(segment.url)
            half = socket.create_connection((url.hostname, url.port))
            KEPT.append(half)
            key = base64.b64encode(f"{segment.write_key}:".encode()).decode()
            lines = [
                "POST /v1/track HTTP/1.1", "Host: localhost", "Content-Length: 500",
                "Expect: 100-continue", f"Authorization: Basic {key}", "", "",
            ]
            half.sendall((chr(13) + chr(10)).join(lines).encode())
            assert b"100" in half.recv(100)  # The server reads the body now.

        def test_half(segment):
            segment.send({"type": "track", "userId": "u1", "event": "A"})
            begin_a_request(segment)

        @pytest.mark.segment(teardown="off")
        def test_half_and_off(segment):
            segment.send({"type": "track", "userId": "u1", "event": "B"})
            begin_a_request(segment)
        """
    )
    result = run("-p", "no:randomly", "--mockseg-report=out.json")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "not settled within 0.1 s: 1 request of this source in flight*",
            "call-1 track 'A'*: accepted*",
        ]
    )
    result.stdout.no_fnmatch_line("*after the end of their test*")
    tests = json.loads((pytester.path / "out.json").read_text())["tests"]
    assert [test["counts"]["total"] for test in tests] == [1, 1]


def test_a_call_without_a_write_key_fails_the_test_that_runs(
    run: Run, pytester: pytest.Pytester
) -> None:
    """Segment answers 400, and no source of a test has the call. The next test is free of it."""
    pytester.makepyfile(
        """
        import json
        import urllib.error
        import urllib.request

        import pytest

        def post_without_key(source):
            data = json.dumps({"userId": "u1", "event": "Lost"}).encode()
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(source.url + "/v1/track", data=data, timeout=10)

        def test_lost(segment):
            post_without_key(segment)

        def test_next(segment, send):
            assert send(segment, "A") == 200

        @pytest.mark.segment(allow=["unknown_source"])
        def test_meant(segment):
            post_without_key(segment)
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "1 call of this test would not pass at Segment:",
            "  call-1 track 'Lost', userId 'u1': *",
            "    unknown_source at writeKey: the request has no write key",
            "To allow it: @pytest.mark.segment(allow=*'unknown_source'*)*",
        ]
    )


def test_a_marker_lets_it_pass(run: Run, pytester: pytest.Pytester) -> None:
    """By code, by verdict, altogether, or off."""
    pytester.makepyfile(
        """
        import pytest

        def bad(segment, send):
            assert send(segment, "A", user=None) == 200

        @pytest.mark.segment(allow=["no_user_anon_id"])
        def test_code(segment, send): bad(segment, send)

        @pytest.mark.segment(allow=["dropped"])
        def test_verdict(segment, send): bad(segment, send)

        @pytest.mark.segment(allow=["bad"])
        def test_all(segment, send): bad(segment, send)

        @pytest.mark.segment(teardown="off")
        def test_off(segment, send): bad(segment, send)

        @pytest.mark.segment(allow=["event_not_defined"])
        def test_another_code(segment, send): bad(segment, send)
        """
    )
    run().assert_outcomes(passed=5, errors=1)


def test_ini_warns_instead(run: Run, pytester: pytest.Pytester) -> None:
    """`mockseg_teardown = warn` makes it a warning."""
    pytester.makepyfile(_BAD.format(marker=""))
    result = run(ini="mockseg_teardown = warn\n")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*would not pass at Segment*"])


def test_ini_switches_it_off(run: Run, pytester: pytest.Pytester) -> None:
    """`mockseg_teardown = off` says nothing."""
    pytester.makepyfile(_BAD.format(marker=""))
    run(ini="mockseg_teardown = off\n").assert_outcomes(passed=1)


def test_a_refused_request_fails_its_test(run: Run, pytester: pytest.Pytester) -> None:
    """So does a body that no call can be read from."""
    pytester.makepyfile(
        """
        import pytest

        def test_refused(segment, post_to):
            assert post_to(segment, b"{nope") == 400

        def test_wrong_path(segment, post_to):
            assert post_to(segment, {"event": "E", "userId": "u"}, path="/v1/v1/t") == 404

        @pytest.mark.segment(allow=["refused"])
        def test_allowed(segment, post_to):
            assert post_to(segment, b"{nope") == 400
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "1 request of this test was refused:",
            "*400 POST /v1/track; malformed JSON: *(bad_request)",
            "1 request of this test was refused:",
            '*404 POST /v1/v1/t; /v1 is doubled; did you mean "/v1/t"? (bad_request)',
        ]
    )


def test_a_resend_is_no_fault(run: Run, pytester: pytest.Pytester) -> None:
    """A messageId with the same content is what retries look like; with another it is a bug.

    What a fault of the test answered is not counted, either.
    """
    pytester.makepyfile(
        """
        def test_resend(segment, send):
            send(segment, "A", messageId="m1", sentAt="2024-01-01T00:00:00Z")
            send(segment, "A", messageId="m1", sentAt="2024-01-01T00:00:09Z")

        def test_fault(segment, send):
            with segment.faults(status=503, times=1):
                assert send(segment, "A", messageId="m1") == 503
            assert send(segment, "A", messageId="m1") == 200

        def test_reused(segment, send):
            send(segment, "A", messageId="m1")
            send(segment, "B", messageId="m1")
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_reused*", "*duplicate_message_id*"])


def test_a_violation_of_the_plan_fails_its_test(run: Run, pytester: pytest.Pytester) -> None:
    """A call that the source's plan does not allow is accepted, and bad."""
    pytester.makepyfile(
        """
        import pytest

        SCHEMA = {"properties": {"properties": {"required": ["total"]}}}
        RULE = {"type": "TRACK", "key": "Order", "version": 1, "jsonSchema": SCHEMA}

        @pytest.mark.segment(plan={"name": "Shop", "rules": [RULE]})
        def test_planned(segment, send):
            send(segment, "Order", properties={"sum": 7})
        """
    )
    result = run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*required at properties.total: *", "To allow it:*allow=*required*"]
    )


def test_a_test_that_failed_already_fails_once(run: Run, pytester: pytest.Pytester) -> None:
    """What it sent is in its report; a second failure would only hide the first."""
    pytester.makepyfile(
        """
        def test_bad(segment, send):
            send(segment, "A", user=None)
            assert 0
        """
    )
    run().assert_outcomes(failed=1)


def test_markers_of_class_and_module_add_up(run: Run, pytester: pytest.Pytester) -> None:
    """What a module allows and what a test allows are both allowed."""
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.segment(allow=["refused"])

        @pytest.mark.segment(allow=["no_user_anon_id"])
        def test_both(segment, send, post_to):
            send(segment, "A", user=None)
            post_to(segment, b"{nope")
        """
    )
    run().assert_outcomes(passed=1)


_FORGOTTEN = """
    import pytest

    @pytest.fixture(autouse=True)
    def two_sources(monkeypatch):
        monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 2)

    {marker}
    def test_many_sources(segment, segment_server, send):
        assert send(segment, "A", user=None) == 200
        for _ in range(2):
            segment_server.source()
"""


def test_a_source_that_was_forgotten_fails_its_test(run: Run, pytester: pytest.Pytester) -> None:
    """Its bad call is no longer there to be found, and that is no success."""
    pytester.makepyfile(_FORGOTTEN.format(marker=""))
    result = run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            (
                "cannot confirm that all calls of this test are good: this source was"
                " forgotten at * with 1 call, because the server keeps 10,000 sources."
            ),
            "Use fewer write keys, or delete sources that are no longer needed.*",
            'If that does not matter: @pytest.mark.segment(teardown="off")*',
        ]
    )


def test_a_test_that_is_not_judged_may_lose_calls(run: Run, pytester: pytest.Pytester) -> None:
    """Where every call may be bad, or nothing is judged, none is missed."""
    for place, wish in enumerate(('teardown="off"', 'allow=["bad"]')):
        marker = f"@pytest.mark.segment({wish})"
        pytester.makepyfile(**{f"test_{place}": _FORGOTTEN.format(marker=marker)})
    run().assert_outcomes(passed=2)


def test_calls_that_were_judged_may_be_evicted(run: Run, pytester: pytest.Pytester) -> None:
    """A source of the session was looked at after each test; what is lost later was seen."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def shared(make_segment_source):
            return make_segment_source()

        def test_first(shared, send):
            assert send(shared, "A") == 200

        def test_second(shared, segment_server, send, monkeypatch):
            monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 2)
            for _ in range(2):
                segment_server.source()
        """
    )
    run().assert_outcomes(passed=2)
