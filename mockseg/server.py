"""Running a mockseg: `serve` in an event loop, `MockSegment` in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import warnings
from collections.abc import AsyncIterator
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from mockseg.client.client import Server
from mockseg.client.in_process import InProcess
from mockseg.config import SERVER_SETTINGS, Settings, with_new_names
from mockseg.errors import UnreachableError
from mockseg.extras import require
from mockseg.hub.hub import Hub
from mockseg.listening import Acceptor, bind, http_log, is_loopback, log, url_of
from mockseg.suggestions import unknown_option
from mockseg.tls import TlsMaterial
from mockseg.web.app import Runner, make_app

# Longer than the idle time of load balancers and SDKs, as Segment's edge has it.
_KEEPALIVE_SECONDS = 75.0
# Twice this is what a stop waits for requests under way; answering one takes far less.
_SHUTDOWN_SECONDS = 0.01


class RunningServer:
    """A server in the running event loop; :func:`serve` makes and ends it.

    Attributes:
        hub: the machine behind it.
        url: for http, such as ``http://127.0.0.1:8765``; where all interfaces are listened
            on, the loopback address.
        tls_url: for https, or None.
        ca_path: what clients are told to trust for https, or None.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = Hub(settings)
        self.url = ""
        self.tls_url: str | None = None
        self.ca_path: Path | None = None
        self._acceptor = Acceptor(
            self._connection, handshake_seconds=float(settings.header_timeout)
        )
        self._runner = Runner(
            make_app(self.hub),
            keepalive_timeout=_KEEPALIVE_SECONDS,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            logger=http_log(),
        )

    @property
    def exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not is_loopback(self.settings.host)

    async def start(self) -> None:
        """Listen; connections are answered when this returns.

        Raises:
            ServerStartError: a port is taken or not allowed, a certificate is unreadable.
        """
        settings = self.settings
        sockets: list[socket.socket] = []
        try:
            plain = await bind(settings.host, settings.port, name="port")
            sockets += plain
            secure = (
                await bind(settings.host, settings.tls_port, name="tls_port")
                if (settings.tls)
                else []
            )
            sockets += secure
            material = await asyncio.to_thread(_certificate, settings) if secure else None
            await self._runner.setup()
            for listening in plain:
                await self._acceptor.listen(listening)
            tls = None if material is None else material.context
            for listening in secure:
                await self._acceptor.listen(listening, tls=tls)
        except BaseException:
            await self._acceptor.stop()
            await self._runner.cleanup()
            for opened in sockets:
                opened.close()
            await self._close_journal()
            raise
        self.url = url_of("http", settings.host, plain[0])
        if material is not None:
            self.tls_url = url_of("https", settings.host, secure[0])
            self.ca_path = material.ca_path

    async def stop(self) -> None:
        """Answer nothing more; open streams and waits are ended."""
        await self._acceptor.stop()
        await self._runner.cleanup()
        await self._close_journal()

    async def _close_journal(self) -> None:
        if self.settings.journal is not None:
            await self.hub.finish()
            await asyncio.to_thread(self.hub.close)

    def _connection(self) -> web.RequestHandler:
        assert self._runner.server is not None  # noqa: S101  (it has been set up)
        return self._runner.server()


@contextlib.asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[RunningServer]:
    """Run a server in this event loop for as long as the block takes.

    Raises:
        ServerStartError: it could not start; one sentence says why and what to do.
    """
    # Plans and other files are read there.
    running = await asyncio.to_thread(RunningServer, settings)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


class MockSegment(Server):
    """A mockseg in this process, in a thread and an event loop of its own.

    ::

        with MockSegment() as server:
            source = server.source()
            ...

    ``async with`` works too, and :meth:`start` and :meth:`stop` where neither fits. Its
    verbs may be called from any thread. It keeps nothing after the stop, and another start
    begins empty, on another port unless one was given. The file ``mockseg.toml`` and the
    environment are not looked at: what is not given has its default.

    A child of a fork can reach the server at its URL but not through this object, whose
    thread stayed with the parent; its verbs then say so. The thread is a daemon: a
    forgotten server does not keep the process alive, but it does give a
    ``ResourceWarning``.
    """

    def __init__(self, *, port: int = 0, tls: bool = False, **settings: Any) -> None:
        """Make a server that does not listen yet.

        Args:
            port: for http; 0 takes any free one.
            tls: listen for https too, on any free port unless ``tls_port`` is given.
            settings: any other field of :class:`mockseg.config.Settings`.

        Raises:
            UnknownOptionError: a setting is unknown.
            ConfigError: a value is not allowed.
        """
        settings = with_new_names(settings)
        known = [setting.name for setting in SERVER_SETTINGS]
        for name in settings:
            if name not in known:
                raise unknown_option("MockSegment", name, known)
        settings.setdefault("tls_port", 0)
        self._settings = Settings(port=port, tls=tls, **settings)
        self._lock = threading.Lock()
        self._thread: _ServerThread | None = None
        self._stopped = False

    def start(self) -> Self:
        """Start listening, if it does not already; the server answers when this returns.

        Raises:
            ServerStartError: it could not; one sentence says why and what to do.
        """
        self._launch().started.result()
        return self

    def stop(self) -> None:
        """End it, if it runs; open waits end in ``UnreachableError``. Takes some milliseconds."""
        thread = self._begin_stop()
        if thread is not None and thread.ident != threading.get_ident():
            thread.join()

    def __enter__(self) -> Self:
        self.unused.watched = True
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self.unused.refuse(error)

    async def __aenter__(self) -> Self:
        self.unused.watched = True
        await asyncio.wrap_future(self._launch().started)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread = self._begin_stop()
        if thread is not None:
            await asyncio.wrap_future(thread.finished)
            thread.join()
        self.unused.refuse(error)

    def __del__(self) -> None:
        thread = getattr(self, "_thread", None)
        if thread is not None and thread.is_alive():
            warnings.warn(
                f"{self!r} was dropped while it ran; use `with`, or call stop()",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )
            thread.request_stop()

    def __repr__(self) -> str:
        thread = self._thread
        if thread is None or not _succeeded(thread.started):
            return f"<MockSegment {'stopped' if self._stopped else 'not started'}>"
        return f"<MockSegment {thread.started.result().url}>"

    @property
    def url(self) -> str:
        """Address for http, without a slash at the end.

        Raises:
            UnreachableError: it does not run.
        """
        return self._running().url

    @property
    def tls_url(self) -> str | None:
        """Address for https, or None without TLS."""
        return self._running().tls_url

    @property
    def ca_path(self) -> Path | None:
        """Certificate to trust for https, a PEM file, or None."""
        return self._running().ca_path

    @property
    def _transport(self) -> InProcess:
        self._running()
        assert self._thread is not None  # noqa: S101  (it runs)
        return self._thread.transport.result()

    def _running(self) -> RunningServer:
        thread = self._thread
        if thread is None or not _succeeded(thread.started):
            state = "has been stopped" if self._stopped else "has not been started"
            raise UnreachableError(
                f"this MockSegment {state}; use `with MockSegment() as server:` or server.start()"
            )
        return thread.started.result()

    def _launch(self) -> _ServerThread:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = _ServerThread(self._settings)
                self._thread.start()
            return self._thread

    def _begin_stop(self) -> _ServerThread | None:
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopped = self._stopped or thread is not None
        if thread is not None:
            thread.request_stop()
        return thread


def event_loop_runner(settings: Settings) -> asyncio.Runner:
    """Return what runs a server in an event loop of its own, of the kind that its settings name.

    Raises:
        MissingExtraError: uvloop is asked for and not installed.
    """
    if settings.event_loop == "asyncio":
        return asyncio.Runner()
    require("uvloop", user="event_loop = uvloop")
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


class _ServerThread(threading.Thread):
    """The thread of a :class:`MockSegment`, which it must not keep alive.

    Attributes:
        started: carries the server, or why it did not start.
        transport: the way to its hub.
        finished: done when nothing of it runs any longer.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="mockseg", daemon=True)
        self.started: Future[RunningServer] = Future()
        self.transport: Future[InProcess] = Future()
        self.finished: Future[None] = Future()
        self._stop_requested: Future[None] = Future()
        self._settings = settings

    def run(self) -> None:
        try:
            with event_loop_runner(self._settings) as runner:
                # Its files are read before the loop runs, which they would block.
                runner.run(self._serve(RunningServer(self._settings)))
        except BaseException as error:  # noqa: BLE001  (the starter gets it)
            if not self.started.done():
                self.started.set_exception(error)
            else:
                log.exception("the server of a MockSegment broke")
        finally:
            self.finished.set_result(None)

    def request_stop(self) -> None:
        """Let the server end; returns at once, from any thread."""
        if _succeeded(self.transport):
            self.transport.result().close()
        # It may have been requested by another thread.
        with contextlib.suppress(InvalidStateError):
            self._stop_requested.set_result(None)

    async def _serve(self, running: RunningServer) -> None:
        await running.start()
        transport = InProcess(running.hub, asyncio.get_running_loop(), url=running.url)
        self.transport.set_result(transport)
        self.started.set_result(running)
        try:
            await asyncio.wrap_future(self._stop_requested)
        finally:
            transport.close()
            await running.stop()


def _certificate(settings: Settings) -> TlsMaterial:
    from mockseg import tls

    if settings.tls_cert is not None and settings.tls_key is not None:
        return tls.from_files(settings.tls_cert, settings.tls_key)
    folder = None if settings.state_dir is None else Path(settings.state_dir)
    wildcard = settings.host in {"0.0.0.0", "::"}  # noqa: S104  (compared, not bound)
    # The names by which others reach it: in Docker the name of the service.
    allowed = (name.rsplit(":", 1)[0] for name in settings.allow_host)
    return tls.issue(folder, names=(*allowed, *(() if wildcard else (settings.host,))))


def _succeeded(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
