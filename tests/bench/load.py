"""A load generator that costs little: raw sockets, prepared bytes, one epoll loop.

The generator shares the machine with the server it measures, so it must not be the
slower of the two. Closed loop: each connection sends its next request when the answer to
the last one is there. Open loop: requests are due at fixed times whatever the server
does, and latency counts from the due time.
"""

from __future__ import annotations

import dataclasses
import select
import socket
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Burst", "closed_loop", "open_loop", "post"]


@dataclasses.dataclass(frozen=True, slots=True)
class Burst:
    """What a burst of load measured.

    Attributes:
        answers: how many came back, all of them 200.
        seconds: how long it took.
        latencies_ms: of each answer.
    """

    answers: int
    seconds: float
    latencies_ms: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in milliseconds that so large a share of answers did not exceed."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def post(path: str, body: bytes, port: int) -> bytes:
    """Prepare a POST as an SDK sends it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Authorization: Basic YmVuY2hrZXk6\r\nContent-Type: application/json\r\n"
        "User-Agent: analytics-python/2.4.0\r\nAccept: */*\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection:
    """One keep-alive connection; answers are recognised by their length."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.due = 0.0

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Take in what is there; tell whether the answer is complete."""
        self.received += self.socket.recv(65_536)
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {head[:200]!r}")
        start = head.lower().index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        self.received = b""
        return True


def closed_loop(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int = 16,
    seconds: float = 1.0,
    most: int | None = None,
) -> Burst:
    """Send as fast as the answers come, for a time or until so many were sent."""
    opened = [_Connection(port) for _ in range(connections)]
    poll = select.epoll()
    by_number = {connection.socket.fileno(): connection for connection in opened}
    latencies = []
    started = time.perf_counter()
    until = started + seconds
    left = most if most is not None else sys.maxsize
    for number, connection in by_number.items():
        poll.register(number, select.EPOLLIN)
        connection.send(next(requests), time.perf_counter())
    left -= len(opened)
    waiting = len(opened)
    while waiting:
        for number, _ in poll.poll():
            connection = by_number[number]
            if not connection.answered():
                continue
            now = time.perf_counter()
            latencies.append((now - connection.due) * 1000)
            if now < until and left > 0:
                left -= 1
                connection.send(next(requests), now)
            else:
                waiting -= 1
    spent = time.perf_counter() - started
    _close(opened, poll)
    return Burst(len(latencies), spent, latencies)


def open_loop(
    port: int, requests: Iterator[bytes], *, rate: float, connections: int = 16, seconds: float
) -> Burst:
    """Send at a fixed rate; what finds no free connection waits, and its latency counts that."""
    opened = [_Connection(port) for _ in range(connections)]
    poll = select.epoll()
    by_number = {connection.socket.fileno(): connection for connection in opened}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    free = list(opened)
    latencies: list[float] = []
    started = time.perf_counter()
    total = int(rate * seconds)
    sent = 0
    while len(latencies) < total:
        now = time.perf_counter()
        while sent < total and free and started + sent / rate <= now:
            free.pop().send(next(requests), started + sent / rate)
            sent += 1
        next_due = started + sent / rate if sent < total and free else now + 1
        for number, _ in poll.poll(max(0.0, next_due - time.perf_counter())):
            connection = by_number[number]
            if connection.answered():
                latencies.append((time.perf_counter() - connection.due) * 1000)
                free.append(connection)
    spent = time.perf_counter() - started
    _close(opened, poll)
    return Burst(len(latencies), spent, latencies)


def _close(opened: list[_Connection], poll: select.epoll) -> None:
    poll.close()
    for connection in opened:
        connection.socket.close()
