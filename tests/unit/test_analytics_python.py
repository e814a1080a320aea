"""Segment's Python SDK and a source, without pytest's fixtures."""

from __future__ import annotations

import threading

import pytest
from segment import analytics

from mockseg.errors import UnreachableError
from mockseg.integrations import analytics_python
from mockseg.integrations.analytics_python import AnalyticsPython, patch_default_client
from mockseg.matching.matchers import track
from mockseg.server import MockSegment


def test_module_level_calls_reach_the_source_for_a_block() -> None:
    """What is pending at its end is sent; the app's own settings and client are back."""
    before = (analytics.default_client, analytics.write_key, analytics.host)
    with MockSegment() as server:
        source = server.source()
        with patch_default_client(source) as client:
            analytics.track("u1", "Inside")
            assert analytics.default_client is client
        source.assert_called(track("Inside"), wait=0)
        assert (analytics.default_client, analytics.write_key, analytics.host) == before
    assert "Consumer" not in {type(thread).__name__ for thread in threading.enumerate()}


def test_everything_is_back_where_the_block_fails() -> None:
    """And its own error is the one that is seen."""
    with (
        MockSegment() as server,
        pytest.raises(ZeroDivisionError),
        patch_default_client(server.source()),
    ):
        raise ZeroDivisionError
    assert analytics.default_client is None


def test_calls_that_cannot_be_sent_are_said_to_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would retry for minutes."""
    monkeypatch.setattr(analytics_python, "_FLUSH_SECONDS", 0.01)
    with MockSegment() as server:
        source = server.source()
        with source.faults(hang=True):
            clients = AnalyticsPython(write_key=source.write_key, host=source.url)
            clients.client.track("u1", "Lost")
            with pytest.raises(UnreachableError, match="did not send 1 of its calls"):
                clients.flush()
    with pytest.raises(UnreachableError, match="did not send 1 of its calls"):
        clients.close()
    with pytest.raises(UnreachableError, match="has ended"):
        _ = clients.client
