"""The guard: no test reaches the real Segment from this process."""

from __future__ import annotations

import functools
import signal
import socket
import ssl
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

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
# Method of SSLContext -> the position of its argument `server_hostname`, after the context.
_WRAPPING = {"wrap_socket": 4, "wrap_bio": 3}


def segment_host(target: object) -> str | None:
    """Return the name when it, or the address with it, is one of Segment's hosts."""
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


def host_in_request(data: object) -> str | None:
    """Return Segment's host that a request asks a proxy for.

    Args:
        data: what is sent; the head of a request begins with ``CONNECT host:443`` or
            ``POST http://host/``.
    """
    if not isinstance(data, bytes | bytearray):
        return None
    line = bytes(data[:300]).split(b"\r\n", 1)[0].decode("latin-1")
    method, _, rest = line.partition(" ")
    target = rest.partition(" ")[0]
    if method == "CONNECT":
        return segment_host(target.rpartition(":")[0])
    if "://" not in target:
        return None
    try:
        return segment_host(urlsplit(target).hostname)
    except ValueError:
        return None


def watch_server_names(refuse: Callable[[str | None], None]) -> Callable[[], None]:
    """Look at the server name of every TLS connection before it is made.

    That is how a name shows that Python did not resolve itself: aiohttp with aiodns, or any
    client behind a proxy.

    Args:
        refuse: is given Segment's host, or None.

    Returns:
        What ends it.
    """
    before: dict[str, Callable[..., Any]] = {}

    def watched(name: str, position: int) -> Callable[..., Any]:
        wrap = before[name] = getattr(ssl.SSLContext, name)

        @functools.wraps(wrap)
        def wrapped(context: ssl.SSLContext, *args: Any, **named: Any) -> Any:
            positional = args[position] if len(args) > position else None
            refuse(segment_host(named.get("server_hostname", positional)))
            return wrap(context, *args, **named)

        return wrapped

    for name, position in _WRAPPING.items():
        setattr(ssl.SSLContext, name, watched(name, position))

    def end() -> None:
        for name, wrap in before.items():
            setattr(ssl.SSLContext, name, wrap)

    return end


T = TypeVar("T")

# Audit event -> which of its arguments is the host, or holds it.
_EVENTS = {
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
}
# To a proxy: the host is in the request.
_SENDING = "http.client.send"
# Segment's Python SDK, today's and the one before.
_SDKS = ("segment.analytics", "analytics")
# Ignored by default, so that a late one does nothing; applications hardly use it.
_WAKE: int = getattr(signal, "SIGURG", 0)
# A broken wait ends its test within this, or the error was swallowed on its way.
_CLEANING_UP_SECONDS = 2.0


class BlockedHostError(socket.gaierror):
    """The real Segment was about to be reached; to the app it is a name that has no address."""


# pytest declares its exception as a value, not as a class.
class StoppedTestError(pytest.fail.Exception, SystemExit):  # type: ignore[name-defined,misc]
    """The same in the thread that runs the test, which it ends.

    It is not an ``Exception``, so that no library retries it, and a ``SystemExit``, which an
    event loop does not keep to itself.
    """

    # As that of pytest's own failures, so that a summary has the sentence and not a path.
    __module__ = "builtins"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, pytrace=False)  # type: ignore[call-arg]  # likewise


class Guard:
    """Refuses to reach Segment's hosts, and fails the tests that tried.

    The interpreter's own audit events report every resolution in this Python process, however
    it was asked for, and TLS reports every server name. What a subprocess does, a browser or a Node
    service, is not seen.

    A test fails at once. An SDK takes a name without an address for a broken network and
    retries for minutes; so in the test's own thread it gets an error that no library catches;
    in another thread Segment's Python SDK gets the answer that it never retries, and the wait
    of the test's thread is broken. (Not on Windows, and not where tests run beside the main
    thread: there a test that waits for another thread fails when that wait ends.)
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        # Host -> what is said of it.
        self._attempts: dict[str, str] = {}
        self._outside: set[str] = set()
        # Threads that tried -> the test in which they first did.
        self._retrying: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()
        self._test = ""
        # The thread that runs a phase of a test, while it does.
        self._runner: int | None = None
        # When its wait was broken, by the monotonic clock.
        self._woken_at: float | None = None
        # Whether this test has failed already; its threads may go on retrying in its teardown.
        self._has_failed = False
        self._on = True
        # An audit hook cannot be taken away; it can do nothing.
        sys.addaudithook(self._audit)
        self._unwatch = watch_server_names(self._refuse)
        self._before: Any = None
        self._can_wake = (
            _WAKE != 0
            and hasattr(signal, "pthread_kill")
            and threading.current_thread() is threading.main_thread()
        )
        if self._can_wake:
            self._before = signal.signal(_WAKE, self._wake)

    # --- seeing

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        position = _EVENTS.get(event)
        if position is not None:
            self._refuse(segment_host(args[position] if len(args) > position else None))
        elif event == _SENDING:
            self._refuse(host_in_request(args[1]))

    def _refuse(self, host: str | None) -> None:
        """Raise what fails the test at once, if this is one of Segment's hosts."""
        if host is None or not self._on:
            return
        thread, sentence = threading.current_thread(), _sentence(host)
        final = _final_for_sdk(sentence)
        with self._lock:
            runner = self._runner
            if runner is not None and thread.ident != runner and final is None:
                first = self._retrying.setdefault(thread, self._test)
                if first != self._test:
                    sentence += f" The same thread tried in {first}, and may still be retrying."
            self._attempts.setdefault(host, sentence)
        if runner == thread.ident:
            raise StoppedTestError(sentence)
        if runner is not None and self._can_wake and runner == threading.main_thread().ident:
            signal.pthread_kill(runner, _WAKE)
        raise final or BlockedHostError(socket.EAI_NONAME, sentence)

    def _wake(self, *_: object) -> None:
        """Break the wait of the test's thread, and again if something swallowed the error."""
        if self._runner != threading.get_ident() or not self._attempts:
            return
        now = time.monotonic()
        if self._woken_at is not None and now - self._woken_at < _CLEANING_UP_SECONDS:
            return
        self._woken_at = now
        raise StoppedTestError("\n".join(self._attempts.values()))

    # --- failing

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, T, T]:
        """Put what was tried outside of tests aside, and fail a test whose fixtures try."""
        with self._lock:
            self._outside.update(self._attempts)
            self._attempts.clear()
            self._test, self._woken_at, self._has_failed = item.nodeid, None, False
        return (yield from self._watching())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, T, T]:
        return (yield from self._watching())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, T, T]:
        return (yield from self._watching())

    def _watching(self) -> Generator[None, T, T]:
        __tracebackhide__ = True
        self._runner = threading.get_ident()
        try:
            result = yield
        except StoppedTestError:
            self._runner = None
            self._take()
            self._has_failed = True
            raise
        except BaseException as error:
            # What else went wrong is shown as ever, with this below.
            self._runner = None
            for sentence in self._take():
                error.add_note(sentence)
                self._has_failed = True
            raise
        self._runner = None
        if (tried := self._take()) and not self._has_failed:
            self._has_failed = True
            pytest.fail("\n".join(tried), pytrace=False)
        return result

    def _take(self) -> list[str]:
        with self._lock:
            tried = [self._attempts[host] for host in sorted(self._attempts)]
            self._attempts.clear()
        return tried

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        with self._lock:
            self._outside.update(self._attempts)
            self._attempts.clear()
        if self._outside:
            from pytest_mockseg.tally import TALLY

            hosts = ", ".join(sorted(self._outside))
            self._config.stash[TALLY].notes.append(
                f"outside of its tests this run tried to reach the real Segment ({hosts})"
            )
            if session.exitstatus == 0:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        self._on = False
        self._unwatch()
        if self._can_wake and signal.getsignal(_WAKE) == self._wake:
            signal.signal(_WAKE, self._before)


def _sentence(host: str) -> str:
    return (
        f"mockseg's guard (--mockseg-guard) stopped this test from reaching the real Segment at"
        f" {host}: give its SDK the host segment.url. The guard sees this Python process only,"
        " not what other processes send."
    )


def _final_for_sdk(sentence: str) -> Exception | None:
    """Make the error that Segment's Python SDK does not retry, where it is the one that asks.

    It is the SDK's own for an answer of 400. Its thread lives on, so a later test can flush.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  (the documented way to one's callers)
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        for sdk in _SDKS:
            if module.startswith(f"{sdk}."):
                error = getattr(sys.modules.get(f"{sdk}.request"), "APIError", None)
                return None if error is None else error(400, "blocked", sentence)
        frame = frame.f_back
    return None
