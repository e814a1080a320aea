"""The guard: no test reaches the real Segment from this process."""

from __future__ import annotations

import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["BlockedHostError", "Guard"]

# Segment's own (facts: endpoints): tracking, CDN, mobile, OAuth, profiles, objects; US and EU.
_HOSTS = frozenset(
    {
        "api.segment.io",
        "api.segment.com",
        "cdn.segment.com",
        "cdn.segment.io",
        "cdn-settings.segment.com",
        "mobile-service.segment.com",
        "oauth2.segment.io",
        "profiles.segment.com",
        "profiles.euw1.segment.com",
        "objects.segment.com",
        "objects.euw1.segment.com",
        "webhook-e2e.segment.com",
    }
)
# events.eu1..., oauth2.eu1..., in.eu2..., api., eu1.api., fn., objects-bulk-api.
_DOMAIN = "segmentapis.com"
# Audit event -> which of its arguments is the host, or holds it.
_EVENTS = {
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.connect": 1,
    "socket.sendto": 1,
}


class BlockedHostError(socket.gaierror):
    """The real Segment was about to be reached; to the app it is a name that has no address."""


class Guard:
    """Refuses to resolve Segment's hosts, and fails the tests that tried.

    The interpreter's own audit events tell of every resolution in this Python process, however
    it was asked for. What a subprocess does, a browser or a Node service, is not seen.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._attempts: list[str] = []
        self._outside: list[str] = []
        self._on = True
        # An audit hook cannot be taken away; it can do nothing.
        sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        position = _EVENTS.get(event)
        if position is None or not self._on:
            return
        host = _segment_host(args[position] if len(args) > position else None)
        if host is not None:
            with self._lock:
                self._attempts.append(host)
            raise BlockedHostError(socket.EAI_NONAME, _sentence(host))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Put what was tried outside of tests aside."""
        with self._lock:
            self._outside += self._attempts
            self._attempts.clear()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail a test that tried, also one that swallowed the error."""
        result = yield
        self._fail_if_tried()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Fail a test whose fixtures or threads tried."""
        result = yield
        self._fail_if_tried()
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that tried outside of its tests."""
        with self._lock:
            self._outside += self._attempts
            self._attempts.clear()
        if self._outside:
            from pytest_mockseg.tally import TALLY

            hosts = ", ".join(sorted(set(self._outside)))
            self._config.stash[TALLY].notes.append(
                f"outside of its tests this run tried to reach the real Segment ({hosts})"
            )
            if session.exitstatus == 0:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """See nothing more."""
        self._on = False

    def _fail_if_tried(self) -> None:
        __tracebackhide__ = True
        with self._lock:
            tried = sorted(set(self._attempts))
            self._attempts.clear()
        if tried:
            pytest.fail(_sentence(", ".join(tried)), pytrace=False)


def _sentence(host: str) -> str:
    return (
        f"mockseg's guard (--mockseg-guard) stopped this test from reaching the real Segment at"
        f" {host}: give its SDK the host segment.url. The guard sees this Python process only,"
        " not what other processes send."
    )


def _segment_host(target: object) -> str | None:
    """Give the name when it is one of Segment's hosts."""
    if isinstance(target, tuple) and target:
        target = target[0]
    if isinstance(target, bytes | bytearray):
        target = bytes(target).decode("ascii", "replace")
    if not isinstance(target, str):
        return None
    host = target.rstrip(".").lower()
    if host in _HOSTS or host == _DOMAIN or host.endswith(f".{_DOMAIN}"):
        return host
    return None
