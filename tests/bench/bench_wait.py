"""How soon a wait wakes: from the answer of the request to the return of `wait_for`.

python tests/bench/bench_wait.py [--rounds 200] [--waiters 200]
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import threading
import time
from urllib.parse import urlsplit


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=200, help="waits one after another")
    arguments.add_argument("--waiters", type=int, default=200, help="waits at the same time")
    asked = arguments.parse_args()
    from mockseg import Client, MockSegment

    with MockSegment() as server:
        _one_by_one("in this process", server, server.url, asked.rounds)
        with Client(server.url) as client:
            _one_by_one("over HTTP", client, server.url, asked.rounds)
        _at_once(server, server.url, asked.waiters)


def _send(connection: http.client.HTTPConnection, key: str, event: str) -> float:
    body = f'{{"userId":"u1","event":"{event}","writeKey":"{key}"}}'
    connection.request("POST", "/v1/track", body)
    connection.getresponse().read()
    return time.perf_counter()


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port)


def _one_by_one(name: str, server: object, url: str, rounds: int) -> None:
    from mockseg import track

    source = server.source()  # type: ignore[attr-defined]  # either kind of server has it
    connection = _connect(url)
    delays = []
    for number in range(rounds):
        event = f"Round {number}"
        woken = []
        waiting = threading.Event()

        def wait(
            event: str = event, woken: list[float] = woken, waiting: threading.Event = waiting
        ) -> None:
            waiting.set()
            source.wait_for(track(event), timeout=10)
            woken.append(time.perf_counter())

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        answered = _send(connection, source.write_key, event)
        thread.join()
        delays.append(max(0.0, (woken[0] - answered) * 1000))
    connection.close()
    print(f"wake-up {name}: median {statistics.median(delays):.2f} ms, worst {max(delays):.2f} ms")


def _at_once(server: object, url: str, waiters: int) -> None:
    from mockseg import track

    source = server.source()  # type: ignore[attr-defined]  # either kind of server has it
    woken: list[float] = []
    ready = threading.Barrier(waiters + 1)

    def wait() -> None:
        ready.wait()
        source.wait_for(track("Together"), timeout=30)
        woken.append(time.perf_counter())

    threads = [threading.Thread(target=wait) for _ in range(waiters)]
    for thread in threads:
        thread.start()
    ready.wait()
    connection = _connect(url)
    answered = _send(connection, source.write_key, "Together")
    for thread in threads:
        thread.join()
    connection.close()
    delays = sorted(max(0.0, (moment - answered) * 1000) for moment in woken)
    print(
        f"{len(delays)} of {waiters} waiters woken; median {statistics.median(delays):.1f} ms,"
        f" last {delays[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
