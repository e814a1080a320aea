"""Destinations of a test's source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_APP = """
    from mockseg import identify, track

    def test_first(segment, segment_destination, post_to):
        crm = segment_destination("userengage", attributes={"seats": "number"})
        post_to(segment, {"userId": "u1", "traits": {"seats": "12"}}, path="/v1/identify")
        segment.assert_delivered(identify("u1"), to=crm)
        (user,) = crm.state()["users"]
        assert [each["value"] for each in user["attributes"]] == [12]
        crm.assert_received(identify("u1"), times=1)

    def test_second(segment, send):
        send(segment, "A")
        segment.assert_called(track("A"))
        assert segment.destinations() == []
        assert segment.deliveries() == []
"""


def test_the_fixture_connects_destinations_for_one_test(
    run: Run, pytester: pytest.Pytester
) -> None:
    """The destination is the test's own; the next test has none."""
    pytester.makepyfile(_APP)
    run().assert_outcomes(passed=2)


def test_a_window_leaves_no_destination_behind(run: Run, pytester: pytest.Pytester) -> None:
    """A source that tests share loses the destinations of each test when that ends."""
    pytester.makepyfile(_APP)
    run(ini="mockseg_write_key = fixed-at-import\n").assert_outcomes(passed=2)


def test_a_failed_delivery_assertion_reads_well_in_a_report(
    run: Run, pytester: pytest.Pytester
) -> None:
    """What became of the call stands in the failure, without mockseg's own frames."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_filtered(segment, segment_destination, send):
            crm = segment_destination("candu", enabled=False)
            send(segment, "A")
            segment.assert_delivered(track("A"), to=crm, wait=0.5)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*expected track 'A' to be delivered at candu-1*",
            "*filtered for NO_ENABLED_DESTINATIONS*",
        ]
    )
    assert "client/verbs" not in result.stdout.str()
