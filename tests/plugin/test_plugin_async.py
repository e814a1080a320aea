"""Event loops of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

_SEND = """
    import aiohttp
    import pytest
    from mockseg import BlockingCallError, track

    async def send(source, event):
        async with aiohttp.ClientSession() as session:
            body = {"event": event, "userId": "u1", "writeKey": source.write_key}
            async with session.post(source.url + "/v1/track", json=body) as answer:
                assert answer.status == 200

    async def story(segment):
        async with segment.aio.waiting_for(track("A")) as waited:
            await send(segment, "A")
        assert waited.call.event == "A"
        await segment.aio.assert_called(track("A"), times=1)
        segment.analytics.track("u1", "B")
        await segment.aio.assert_called(track("B"))
        assert [call.event for call in await segment.aio.calls()] == ["A", "B"]
        with pytest.raises(BlockingCallError, match="segment|aio"):
            segment.wait_for(track("A"))
"""


def test_pytest_asyncio(run: Run, pytester: pytest.Pytester) -> None:
    """Coroutine tests use the awaitable verbs; a blocking one names them."""
    pytester.makepyfile(
        _SEND
        + """
    @pytest.mark.asyncio
    async def test_story(segment):
        await story(segment)

    @pytest.mark.asyncio
    async def test_bad(segment):
        async with aiohttp.ClientSession() as session:
            await session.post(segment.url + "/v1/track", json={"writeKey": segment.write_key})
        """
    )
    run("-p", "no:aiohttp").assert_outcomes(passed=2, errors=1)


def test_anyio(run: Run, pytester: pytest.Pytester) -> None:
    """The same with anyio's own plugin."""
    pytester.makepyfile(
        _SEND
        + """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    async def test_story(segment):
        await story(segment)
        """
    )
    run("-p", "no:asyncio", "-p", "no:aiohttp").assert_outcomes(passed=1)


def test_pytest_aiohttp(run: Run, pytester: pytest.Pytester) -> None:
    """The same with the client of pytest-aiohttp, whose app runs in the test's loop."""
    pytest.importorskip("pytest_aiohttp")
    pytester.makepyfile(
        _SEND
        + """
    from aiohttp import web

    async def test_story(segment, aiohttp_client):
        await story(segment)

        async def handle(request):
            await send(segment, "Handled")
            return web.Response()

        app = web.Application()
        app.router.add_get("/", handle)
        client = await aiohttp_client(app)
        async with segment.aio.waiting_for(track("Handled")):
            await client.get("/")
        """
    )
    run(ini="asyncio_mode = auto\n").assert_outcomes(passed=1)


def test_unittest_style(run: Run, pytester: pytest.Pytester) -> None:
    """TestCase classes take the fixture from an autouse fixture of their own."""
    pytester.makepyfile(
        """
        import os
        import unittest

        import pytest
        from mockseg import track

        class TestShop(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _segment(self, segment, send):
                self.segment, self.send = segment, send

            def test_signup(self):
                self.send(self.segment, "Signed Up")
                self.segment.assert_called(track("Signed Up"))

            def test_bad(self):
                self.send(self.segment, "Signed Up", user=None)

        @pytest.mark.usefixtures("segment_env")
        class TestEnvironment(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def _segment(self, segment):
                self.segment = segment

            async def test_environment(self):
                assert os.environ["SEGMENT_HOST"] == self.segment.url
                self.segment.analytics.track("u1", "A")
                await self.segment.aio.assert_called(track("A"))
        """
    )
    run().assert_outcomes(passed=3, errors=1)
