"""The guard: the real Segment is not reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

_TESTS = """
    import asyncio
    import socket
    import threading
    import urllib.request

    import pytest

    def quietly(url):
        try:
            urllib.request.urlopen(url, timeout=5)
        except OSError:
            pass

    @pytest.mark.parametrize(
        "host",
        ["api.segment.io", "CDN.segment.com.", "events.eu1.segmentapis.com",
         "cdn-settings.segment.com"],
    )
    def test_swallowed(host):
        quietly(f"http://{host}/v1/track")

    def test_in_a_thread():
        thread = threading.Thread(target=quietly, args=("http://api.segment.io/",))
        thread.start()
        thread.join()

    def test_in_an_event_loop():
        async def resolve():
            await asyncio.get_running_loop().getaddrinfo("api.segment.io", 443)
        with pytest.raises(socket.gaierror, match="guard"):
            asyncio.run(resolve())

    def test_connect():
        with socket.socket() as sock, pytest.raises(OSError):
            sock.settimeout(5)
            sock.connect(("api.segment.io", 443))

    def test_loopback(segment, send):
        send(segment, "A")
        socket.getaddrinfo("localhost", 80)
"""


def test_tests_that_try_fail(run: Run, pytester: pytest.Pytester) -> None:
    """However they resolve, and although they swallow the error; loopback is untouched."""
    pytester.makepyfile(_TESTS)
    result = run("--mockseg-guard", "-k", "not connect")
    result.assert_outcomes(failed=6, passed=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["*stopped this test from reaching the real Segment at api.segment.io*"]
    )
    result.stdout.fnmatch_lines(["*this Python process only*"])


def test_ini_switches_it_on_and_what_is_outside_of_tests_fails_the_run(
    run: Run, pytester: pytest.Pytester
) -> None:
    """An import that phones home fails the run, too."""
    pytester.makepyfile(
        """
        import socket

        try:
            socket.getaddrinfo("api.segment.io", 443)
        except OSError:
            pass

        def test_nothing(): pass
        """
    )
    result = run(ini="mockseg_guard = true\n")
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*outside of its tests*api.segment.io*"])


_SDK = """
    import pytest
    import segment.analytics
    from segment.analytics import Client, consumer

    POSTS = []

    @pytest.fixture(scope="session", autouse=True)
    def counting(request):
        post = consumer.post
        def counted(*args, **kwargs):
            POSTS.append(kwargs["retry_count"])
            return post(*args, **kwargs)
        consumer.post = counted
        yield
        consumer.post = post
        print("posts:", *POSTS)

    def test_flush():
        sdk = Client("k")
        sdk.track("u1", "A")
        sdk.flush()

    def test_shutdown():
        sdk = Client("k")
        sdk.track("u1", "A")
        sdk.shutdown()

    def test_module():
        segment.analytics.write_key = "k"
        segment.analytics.track("u1", "A")
        segment.analytics.flush()

    def test_module_again():
        segment.analytics.track("u1", "A")
        segment.analytics.flush()

    def test_sync():
        Client("k", sync_mode=True).track("u1", "A")

    def test_told_to_the_app():
        told = []
        sdk = Client("k", on_error=lambda error, batch: told.append((error.status, len(batch))))
        sdk.track("u1", "A")
        try:
            sdk.flush()
        finally:
            sdk.join()
            assert told == [(400, 1)]
"""


def test_the_real_sdk_does_not_retry_and_fails_its_test_at_once(
    run: Run, pytester: pytest.Pytester
) -> None:
    """It takes a name without an address for a broken network, and would retry for minutes.

    One post for each test, none of them a retry; a client that tests share still works in the
    next one; and the sentence is the failure.
    """
    pytest.importorskip("segment.analytics")
    pytester.makepyfile(_SDK)
    result = run("--mockseg-guard", "-s")
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["*posts: 0 0 0 0 0"])
    result.stdout.fnmatch_lines(
        ["*_ test_flush _*", "mockseg's guard (--mockseg-guard) stopped*api.segment.io*"],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*may still be retrying*")


def test_the_sdk_of_before_is_answered_likewise(run: Run, pytester: pytest.Pytester) -> None:
    """The package was `analytics`; its own APIError of 400 is final there, too."""
    package = pytester.mkpydir("analytics")
    (package / "request.py").write_text(
        "import socket\n"
        "class APIError(Exception):\n"
        "    def __init__(self, status, code, message):\n"
        "        self.status = status\n"
        "def post():\n"
        "    socket.create_connection(('api.segment.io', 443))\n"
    )
    pytester.makepyfile(
        """
        import threading
        from analytics import request

        def test_a():
            seen = []
            def consume():
                try:
                    request.post()
                except request.APIError as error:
                    seen.append(error.status)
            thread = threading.Thread(target=consume)
            thread.start()
            try:
                thread.join()
            finally:
                thread.join()
                assert seen == [400]
        """
    )
    result = run("--mockseg-guard")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*guard (--mockseg-guard) stopped this test*api.segment.io*"])
    result.stdout.no_fnmatch_line("*seen == *")


_FOREVER = """
    import asyncio
    import socket
    import threading
    import select

    import pytest

    OVER = []
    THREADS = []

    @pytest.fixture(autouse=True)
    def over():
        OVER.append(threading.Event())
        yield
        OVER[-1].set()
        while THREADS:
            THREADS.pop().join()

    def again_and_again(over):
        while not over.wait(0.01):
            try:
                socket.create_connection(("api.segment.io", 443))
            except Exception:
                pass

    def in_a_thread():
        THREADS.append(threading.Thread(target=again_and_again, args=(OVER[-1],), daemon=True))
        THREADS[-1].start()

    async def in_a_task():
        while True:
            try:
                await asyncio.get_running_loop().getaddrinfo("api.segment.io", 443)
            except Exception:
                pass

    async def waits():
        task = asyncio.create_task(in_a_task())
        await asyncio.Event().wait()

    def test_itself():
        again_and_again(OVER[-1])

    def test_thread():
        in_a_thread()
        threading.Event().wait()

    def test_thread_and_select():
        in_a_thread()
        select.select([], [], [], 3600)

    def test_thread_and_socket():
        in_a_thread()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.recv(1)

    def test_task():
        asyncio.run(waits())

    async def test_coroutine():
        await waits()

    @pytest.fixture
    def setting_up():
        in_a_thread()
        threading.Event().wait()

    def test_setup(setting_up):
        pass

    @pytest.fixture
    def tearing_down():
        yield
        in_a_thread()
        threading.Event().wait()

    def test_teardown(tearing_down):
        pass

    def test_another():
        pass
"""


def test_whatever_retries_for_ever_does_not_hold_its_test_up(
    run: Run, pytester: pytest.Pytester
) -> None:
    """In the test, a thread, a task, a fixture: each of these waits would never end."""
    pytester.makepyfile(_FOREVER)
    # Hypothesis would be imported at the end, while threads still format their errors; CPython
    # 3.11 cannot parse in two threads at once (SystemError: AST constructor recursion depth).
    result = run("--mockseg-guard", "-p", "no:hypothesispytest", ini="asyncio_mode = auto\n")
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["errors"], outcomes["passed"]) == (6, 2, 2)
    result.stdout.fnmatch_lines(
        ["*ERROR at setup of test_setup*", "*ERROR at teardown of test_te*"]
    )


_ROUNDABOUT = """
    import asyncio
    import http.client
    import socket
    import ssl

    import pytest

    SEGMENT = "api.segment.io"

    @pytest.fixture
    def port():
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    def test_tunnel(port):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5)
        connection.set_tunnel(SEGMENT, 443)
        connection.request("POST", "/v1/batch")

    def test_proxy(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", f"http://{SEGMENT}/v1/batch")

    def test_server_name():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ssl.create_default_context().wrap_socket(ours, server_hostname=SEGMENT)

    def test_server_name_in_a_loop(port):
        async def connect():
            await asyncio.open_connection("127.0.0.1", port, ssl=True, server_hostname=SEGMENT)
        asyncio.run(connect())

    def test_datagram():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", (SEGMENT, 53))

    def test_another_name(port):
        assert socket.getaddrinfo("localhost", port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.putrequest("CONNECT", "example.com:443")
        connection.endheaders()
        connection.close()
"""


def test_names_that_python_does_not_resolve_are_seen(run: Run, pytester: pytest.Pytester) -> None:
    """Behind a proxy, and of TLS, where a resolver of another kind (aiodns) found the address."""
    pytester.makepyfile(_ROUNDABOUT)
    result = run("--mockseg-guard")
    result.assert_outcomes(failed=5, passed=1)


def test_what_else_went_wrong_is_still_shown(run: Run, pytester: pytest.Pytester) -> None:
    """The test's own failure keeps its traceback; the guard's sentence stands below it."""
    pytester.makepyfile(
        """
        import socket

        def test_a():
            try:
                socket.getaddrinfo("api.segment.io", 443)
            except BaseException:
                pass
            assert [1, 2] == [1, 3]
        """
    )
    result = run("--mockseg-guard")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert [[]1, 2[]] == [[]1, 3[]]*", "*guard*api.segment.io*"])


def test_nothing_is_left_of_the_guard(run: Run, pytester: pytest.Pytester) -> None:
    """TLS and signals are as they were when the run is over."""
    pytester.makeconftest(
        """
        import signal
        from ssl import SSLContext as Tls

        def state():
            return Tls.wrap_socket, Tls.wrap_bio, signal.getsignal(signal.SIGURG)

        BEFORE = state()

        def pytest_collection():
            assert all(new != old for new, old in zip(state(), BEFORE))

        import atexit
        atexit.register(lambda: print("as before:", state() == BEFORE))
        """
    )
    pytester.makepyfile("def test_a(): pass")
    result = run("--mockseg-guard")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["as before: True"])
