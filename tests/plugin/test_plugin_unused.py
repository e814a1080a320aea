"""An assertion that nobody awaited fails its test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

_FORGOTTEN = """
    import asyncio

    import pytest
    from mockseg import track

    def test_sync(segment):
        segment.aio.assert_called(track("X"))

    async def test_async(segment):
        segment.aio.wait_for(track("X"))

    async def test_kept(segment):
        kept = segment.aio.assert_not_called(track("X"))
        assert kept

    async def test_destination(segment_destination):
        crm = segment_destination("userengage")
        crm.aio.assert_received(track("X"))

    async def test_server(segment_server):
        segment_server.aio.clear()

    @pytest.fixture
    def ends(segment):
        yield
        segment.aio.assert_all_good()

    def test_fixture(ends):
        pass

    async def test_task(segment):
        task = asyncio.ensure_future(segment.aio.wait_for(track("X"), timeout=60))
        await asyncio.wait([task], timeout=0)

    def test_block(segment):
        segment.waiting_for(track("X"))

    async def test_async_block(segment):
        segment.aio.faults(status=503)

    @pytest.fixture(scope="module")
    def shop(make_segment_source):
        return make_segment_source()

    def test_module_source(shop):
        shop.aio.assert_called(track("X"))

    async def test_right(segment):
        checks = [segment.aio.assert_not_called(track("X"), within=0) for _ in range(200)]
        await asyncio.gather(*checks)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(segment.aio.wait_for(track("X"), timeout=60), 0.01)
        async with segment.aio.faults(status=503):
            pass
"""
_SAID = {
    "sync": ":7: assert_called() was not awaited, so it did nothing; write `await ...",
    "async": ":10: wait_for() was not awaited",
    "kept": ":13: assert_not_called() was not awaited",
    "destination": ":18: assert_received() was not awaited",
    "server": ":21: clear() was not awaited",
    "fixture": ":26: assert_all_good() was not awaited",
    "task": ":32: wait_for() was not awaited to its end, so its result was lost",
    "block": ":36: waiting_for() was not entered, so it did nothing; write `with ...",
    "async_block": ":39: faults() was not entered, so it did nothing; write `async with ...",
    "module_source": ":46: assert_called() was not awaited",
}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_was_not_awaited_fails_its_test_and_is_named(
    run: Run, pytester: pytest.Pytester, workers: str
) -> None:
    """In sync and async tests, in fixtures, for every kind of verb; what was awaited passes."""
    pytester.makepyfile(_FORGOTTEN)
    # An un-awaited coroutine brings no second complaint of Python's own.
    ini = "asyncio_mode = auto\nfilterwarnings =\n    error\n"
    result = run("-n", workers, "-p", "no:aiohttp", ini=ini)
    # The fixture forgets it when its test has passed.
    result.assert_outcomes(failed=len(_SAID) - 1, passed=2, errors=1)
    text = result.stdout.str()
    for name, said in _SAID.items():
        assert f"test_{name}" in text
        assert said in text, said
    assert "never awaited" not in text


def test_a_test_that_failed_already_keeps_its_failure(run: Run, pytester: pytest.Pytester) -> None:
    """What was not awaited does not hide why the test failed, and is not charged to the next."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_fails(segment):
            segment.aio.assert_called(track("X"))
            assert 0

        def test_next(segment):
            pass
        """
    )
    run().assert_outcomes(failed=1, passed=1)


def test_examples_of_hypothesis_are_charged_too(run: Run, pytester: pytest.Pytester) -> None:
    """The example that forgot it fails, as the test it belongs to."""
    pytester.makepyfile(
        """
        from hypothesis import given, settings, strategies as st
        from mockseg import track

        @settings(max_examples=3, database=None)
        @given(number=st.integers())
        def test_forgets(segment_server, number):
            with segment_server.example() as segment:
                segment.aio.assert_called(track("X"))
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert_called() was not awaited*"])
