"""Questions cost their answers: what asking, streaming and hostile input cost a busy server.

python tests/bench/bench_bounds.py [--only NAME ...] [--list] [--sources 10000]

Each scenario has a server of its own. `held` is the longest that one callback held the event
loop, in processor time of its thread, so that a busy machine does not blur it. Rates are ratios
within one scenario. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import http.client
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self

import servers
from load import closed_loop, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection


def watched(ready: Connection) -> None:
    """Run mockseg, and tell on request how long the loop was held at the most since then."""
    from mockseg.config import Settings
    from mockseg.server import serve

    longest = 0.0
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        began = time.thread_time()
        run(handle)
        longest = max(longest, time.thread_time() - began)

    asyncio.Handle._run = timed  # type: ignore[method-assign]

    async def main() -> None:
        settings = ready.recv()
        async with serve(Settings(port=0, **settings)) as server:
            gc.freeze()

            def tell() -> None:
                nonlocal longest
                ready.recv()
                ready.send(longest * 1e3)
                longest = 0.0

            asyncio.get_running_loop().add_reader(ready.fileno(), tell)
            ready.send(int(server.url.rsplit(":", 1)[1].rstrip("/")))
            await asyncio.Event().wait()

    asyncio.run(main())


class Watched(servers.Running):
    """A server that tells how long its loop was held."""

    def __init__(self, **settings: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=watched, args=(theirs,), daemon=True)
        self._process.start()
        self._pipe.send(settings)
        if not self._pipe.poll(60):
            raise RuntimeError("the server did not start within 60 s")
        super().__init__(self._pipe.recv(), self._process.pid or 0, self._pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def held_ms(self) -> float:
        """Return the longest that the loop was held since the last question, in ms."""
        self._pipe.send(None)
        return float(self._pipe.recv())

    def ask(self, path: str, *, body: Any = None, timeout: float = 300) -> tuple[float, int, bytes]:
        """Return seconds, status and body of one request to the control plane."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        began = time.perf_counter()
        if body is None:
            connection.request("GET", path)
        else:
            headers = {"Content-Type": "application/json"}
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", path, data, headers)
        answer = connection.getresponse()
        data = answer.read()
        seconds = time.perf_counter() - began
        connection.close()
        return seconds, answer.status, data

    def put(self, path: str, body: bytes) -> int:
        """Return the status of one PUT to the control plane."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("PUT", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def fill(self, sources: int, *, calls: int = 100_000) -> None:
        """Record calls of many sources, 50 in a request."""
        each = max(1, min(50, calls // sources))
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for number in range(sources):
            for _ in range(max(1, calls // sources // each)):
                message = {"type": "track", "event": f"E{number % 20}", "userId": "u"}
                body = {"writeKey": f"key{number}", "batch": [message] * each}
                connection.request("POST", "/v1/batch", json.dumps(body))
                connection.getresponse().read()
        connection.close()

    def rate(self, *, seconds: float = 3.0, key: str = "busy") -> float:
        """Return how many single calls a second are answered, 8 connections."""
        body = f'{{"writeKey":"{key}","type":"track","event":"E","userId":"u1"}}'.encode()
        request = post("/v1/track", body, self.port)
        return closed_loop(self.port, repeat(request), connections=8, seconds=seconds).rate


def _say(name: str, **figures: float) -> None:
    shown = "  ".join(f"{key} {value:,.4g}" for key, value in figures.items())
    print(f"  {name:44} {shown}", flush=True)


def questions(asked: argparse.Namespace) -> None:
    """Summaries, metrics, the page and one call, at many sources."""
    for sources in (1, 1_000, asked.sources):
        with Watched() as server:
            server.fill(sources)
            for path in (
                "/_mockseg/v1/summary",
                "/_mockseg/v1/metrics",
                "/_mockseg/v1/calls?limit=1",
                "/_mockseg/v1/calls?limit=100&order=newest",
                "/_mockseg/v1/calls/call-500",
                "/_mockseg/v1/requests?limit=10",
                "/_mockseg/",
            ):
                server.held_ms()
                times = [server.ask(path)[0] * 1e3 for _ in range(5)]
                held = server.held_ms()
                _say(f"{sources} sources {path}", ms=statistics.median(times), held=held)


def streams(asked: argparse.Namespace) -> None:
    """Ingestion beside readers of the stream, as a share of that without."""
    for sources in (1, 1_000, asked.sources):
        for readers in (1, 50):
            with Watched() as server:
                server.fill(sources, calls=max(sources, 10_000))
                before = server.rate()
                stop = threading.Event()
                threads = [
                    threading.Thread(target=_read_stream, args=(server.port, stop), daemon=True)
                    for _ in range(readers)
                ]
                for thread in threads:
                    thread.start()
                stop.wait(0.5)
                server.held_ms()
                during = server.rate()
                held = server.held_ms()
                stop.set()
                _say(f"{sources} sources, {readers} readers", ratio=during / before, held=held)


def _read_stream(port: int, stop: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/_mockseg/v1/stream")
    answer = connection.getresponse()
    # The server is killed at the end.
    with contextlib.suppress(http.client.HTTPException, OSError):
        while not stop.is_set() and answer.read1(1 << 20):
            # A reader that leaves the processor to the server.
            stop.wait(0.05)
    connection.close()


def wrong_batch(_: argparse.Namespace) -> None:
    """One legal batch with 225,000 wrong items against a plan."""
    properties = {"properties": {"items": {"items": {"type": "string"}}}}
    rule = {"type": "TRACK", "key": "E", "jsonSchema": {"properties": {"properties": properties}}}
    with Watched() as server:
        memory = server.memory_bytes()
        plan = {"rules": [rule]}
        status = server.ask("/_mockseg/v1/sources", body={"writeKey": "k", "plan": plan})[1]
        message = {"type": "track", "event": "E", "userId": "u"}
        big = {**message, "properties": {"items": [1] * 15_000}}
        body = {"writeKey": "k", "batch": [big] * 15}
        server.held_ms()
        seconds, answered, _body = server.ask(
            "/v1/batch", body=json.dumps(body, separators=(",", ":")).encode()
        )
        held = server.held_ms()
        listed, _, found = server.ask("/_mockseg/v1/calls")
        _say(
            f"batch (answered {status}, {answered})",
            s=seconds,
            held=held,
            list_s=listed,
            list_MB=len(found) / 1e6,
            MB=(server.memory_bytes() - memory) / 1e6,
        )


def waits(_: argparse.Namespace) -> None:
    """800 waits with `where` beside ingestion, and 20 globs over long values."""
    with Watched() as server:
        before = server.rate()
        wheres = (f'properties.plan = "gold{number}"' for number in range(800))

        def wait() -> None:
            with contextlib.suppress(http.client.HTTPException, OSError):
                match = {"source": "waited", "where": next(wheres)}
                server.ask("/_mockseg/v1/calls/wait", body={"match": match, "timeout": 30})

        for _ in range(800):
            threading.Thread(target=wait, daemon=True).start()
        threading.Event().wait(3)
        server.held_ms()
        during = server.rate(key="waited")
        _say("800 waits with where", before=before, during=during, held=server.held_ms())
    with Watched() as server:
        message = {"type": "track", "event": "E", "userId": "u", "properties": {"v": "ab" * 5_000}}
        for _ in range(20):
            server.ask("/v1/batch", body={"writeKey": "k", "batch": [message] * 10})
        globs = " or ".join(f'match(properties.v, "*{"a*b" * 10}{n}")' for n in range(20))
        server.held_ms()
        from urllib.parse import quote

        seconds, status, _body = server.ask(f"/_mockseg/v1/calls?where={quote(globs)}")
        _say(f"20 globs over 200 calls ({status})", s=seconds, held=server.held_ms())


def big_requests(_: argparse.Namespace) -> None:
    """A page of 1,000 requests with bodies of 500 KB, read whole."""
    with Watched() as server:
        message = {"type": "track", "event": "E", "userId": "u", "properties": {"v": "x" * 30_000}}
        for _ in range(400):
            server.ask("/v1/batch", body={"writeKey": "k", "batch": [message] * 15})
        memory = server.memory_bytes()
        server.held_ms()
        seconds, status, body = server.ask("/_mockseg/v1/requests?limit=1000&body=true")
        _say(
            f"requests ({status})",
            s=seconds,
            held=server.held_ms(),
            MB=len(body) / 1e6,
            grown_MB=(server.memory_bytes() - memory) / 1e6,
        )


def bad_calls(_: argparse.Namespace) -> None:
    """One batch of 2,500 small calls that violate a plan."""
    inner = {"properties": {"n": {"type": "string"}}}
    schema = {"properties": {"properties": inner}}
    plan = {"rules": [{"type": "TRACK", "key": "E", "jsonSchema": schema}]}
    with Watched() as server:
        server.ask("/_mockseg/v1/sources", body={"writeKey": "k", "plan": plan})
        message = {"type": "track", "event": "E", "userId": "u", "properties": {"n": 1}}
        body = {"writeKey": "k", "batch": [message] * 2_500}
        server.held_ms()
        seconds, status, _body = server.ask("/v1/batch", body=body)
        _say(f"2,500 bad calls ({status})", s=seconds, held=server.held_ms())


def old_calls(_: argparse.Namespace) -> None:
    """Questions for calls of an earlier run, each of a request of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"journal": f"{folder}/journal.db"}
        with Watched(**settings) as server:
            server.rate(seconds=4)
        with Watched(**settings) as server:
            calls = json.loads(server.ask("/_mockseg/v1/summary?source=busy")[2])["total"]
            for path in (
                "/_mockseg/v1/calls?limit=100",
                f"/_mockseg/v1/calls?limit=100&after={calls // 2}",
                "/_mockseg/v1/calls?limit=100&order=newest",
                "/_mockseg/v1/requests?limit=100",
                "/_mockseg/v1/calls?limit=100&where=properties.a%20%3D%201",
            ):
                server.held_ms()
                seconds, status, _body = server.ask(path)
                _say(f"{path[12:]} ({status})", s=seconds, held=server.held_ms(), calls=calls)


def removing(_: argparse.Namespace) -> None:
    """A destination with tens of thousands waiting is removed."""
    with Watched() as server:
        asked = {"type": "webhook", "source": "k", "settings": {"url": "http://127.0.0.1:9/"}}
        made = json.loads(server.ask("/_mockseg/v1/destinations", body=asked)[2])
        message = {"type": "track", "event": "E", "userId": "u"}
        for _ in range(40):
            server.ask("/v1/batch", body={"writeKey": "k", "batch": [message] * 1_000})
        server.held_ms()
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        began = time.perf_counter()
        connection.request("DELETE", f"/_mockseg/v1/destinations/{made['id']}")
        connection.getresponse().read()
        seconds = time.perf_counter() - began
        for _ in range(20):
            server.ask("/_mockseg/v1/summary")
        _say("remove a destination, 40,000 waiting", ms=seconds * 1e3, held=server.held_ms())


def clearing(_: argparse.Namespace) -> None:
    """One source with 100,000 calls is cleared."""
    with Watched() as server:
        server.fill(1)
        server.held_ms()
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        began = time.perf_counter()
        connection.request("DELETE", "/_mockseg/v1/calls?all=true")
        connection.getresponse().read()
        seconds = time.perf_counter() - began
        server.ask("/_mockseg/v1/summary")
        _say("clear 100,000 calls", ms=seconds * 1e3, held=server.held_ms())


def memory(_: argparse.Namespace) -> None:
    """What grows beside bodies, with `max_bytes` of 10 MB: asked at most 1.5 x that and 30 MB."""
    most = 10_000_000
    loads = (
        _headers,
        _urls,
        _findings,
        _message_ids,
        _dead_destination,
        _two_dead_destinations,
        _vendors,
    )
    for load in loads:
        with Watched(max_bytes=most) as server:
            server.ask("/v1/track", body=_tiny("k", 0))
            idle = server.memory_bytes()
            server.held_ms()
            load(server)
            held, grown = server.held_ms(), server.memory_bytes() - idle
            allowed = (1.5 * most) / 1e6 + 30
            _say(load.__name__, grown_MB=grown / 1e6, allowed_MB=allowed, held=held)


def plans(_: argparse.Namespace) -> None:
    """A plan that is replaced, with calls between that violate it; asked as for `memory`."""
    most = 100_000_000
    for name, times, rules, notes in (("small", 1_000, 20, 1_000_000), ("dense", 40, 100, 0)):
        with Watched(max_bytes=most) as server:
            server.ask("/v1/track", body=_tiny("k", 0))
            idle = server.memory_bytes()
            server.held_ms()
            size_bytes = 0
            for number in range(times):
                plan = _plan(number, rules=rules, notes=notes)
                size_bytes = len(plan)
                if (status := server.put("/_mockseg/v1/sources/k/plan", plan)) != 200:
                    raise RuntimeError(f"the plan was answered {status}")
                server.ask("/v1/batch", body={"writeKey": "k", "batch": [_VIOLATION] * 5})
            held, grown = server.held_ms(), server.memory_bytes() - idle
            _say(
                f"{times} {name} plans of {size_bytes / 1e6:.1f} MB",
                grown_MB=grown / 1e6,
                allowed_MB=(1.5 * most) / 1e6 + 30,
                held=held,
            )


_VIOLATION = {"type": "track", "event": "E1", "userId": "u", "properties": {"p1": 1}}


def _plan(number: int, *, rules: int, notes: int) -> bytes:
    """Return a plan unlike all others, with 100 properties a rule and a long text."""
    about = f"what it says, plan {number}, in words " * 2
    properties = {f"p{n}": {"type": "string", "description": about} for n in range(100)}
    schema = {"properties": {"properties": {"type": "object", "properties": properties}}}
    each = [{"type": "TRACK", "key": f"E{n}", "jsonSchema": schema} for n in range(rules)]
    return json.dumps({"plan": {"name": "p", "notes": "x" * notes, "rules": each}}).encode()


def _headers(server: Watched) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(20_000):
        own = {f"X-Own-{n}": f"{number}" * 200 for n in range(5)}
        connection.request("POST", "/v1/track", _tiny("k", number), own)
        connection.getresponse().read()


def _urls(server: Watched) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(20_000):
        query = f"q={number}" * 1_000
        connection.request("POST", f"/v1/track?{query[:7_000]}", _tiny("k", number))
        connection.getresponse().read()


def _findings(server: Watched) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(20_000):
        body = {"writeKey": "k", "type": "track", "userId": ["x"] * 50, "messageId": str(number)}
        connection.request("POST", "/v1/track", json.dumps(body))
        connection.getresponse().read()


def _message_ids(server: Watched) -> None:
    """Batches of small calls, each with an id of its own: the window outlives the calls."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(400):
        message = {"type": "track", "event": "E", "userId": "u"}
        batch = [{**message, "messageId": f"{number:018d}{n:018d}"} for n in range(1_000)]
        connection.request("POST", "/v1/batch", json.dumps({"writeKey": "k", "batch": batch}))
        connection.getresponse().read()


_DEAD = {"type": "webhook", "settings": {"url": "http://127.0.0.1:9/"}}


def _dead_destination(server: Watched) -> None:
    _to_destinations(server, [_DEAD], pad=4_000)


def _two_dead_destinations(server: Watched) -> None:
    """Small calls, and retries of those that wait: an hour of them."""
    _to_destinations(server, [_DEAD, _DEAD], pad=0)
    for _ in range(4):
        server.ask("/_mockseg/v1/clock/advance", body={"seconds": 900})
        _to_destinations(server, [], pad=0)


def _vendors(server: Watched) -> None:
    """What reaches two imitations, and their users."""
    _to_destinations(server, [{"type": "userengage"}, {"type": "candu"}], pad=400)


def _to_destinations(server: Watched, wanted: list[dict[str, Any]], *, pad: int) -> None:
    for each in wanted:
        asked = {**each, "source": "k"}
        status, body = server.ask("/_mockseg/v1/destinations", body=asked)[1:]
        if status != 201:
            raise RuntimeError(body)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(10_000):
        connection.request("POST", "/v1/track", _tiny("k", number, pad=pad))
        connection.getresponse().read()


def _tiny(key: str, number: int, *, pad: int = 0) -> bytes:
    body = {"writeKey": key, "type": "track", "event": "E", "userId": f"u{number}"}
    if pad:
        body["properties"] = {"pad": "x" * pad}  # type: ignore[assignment]
    return json.dumps(body).encode()


SCENARIOS: dict[str, Callable[[argparse.Namespace], None]] = {
    each.__name__: each
    for each in (
        questions,
        streams,
        wrong_batch,
        bad_calls,
        waits,
        big_requests,
        clearing,
        old_calls,
        removing,
        memory,
        plans,
    )
}


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    arguments.add_argument("--sources", type=int, default=10_000, help="the largest number")
    asked = arguments.parse_args()
    for name in asked.only:
        print(f"{name}: {(SCENARIOS[name].__doc__ or '').splitlines()[0]}", flush=True)
        SCENARIOS[name](asked)


if __name__ == "__main__":
    main()
