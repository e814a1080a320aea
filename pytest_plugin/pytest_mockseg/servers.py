"""The server of a run: one of its own in this process, or one that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.client.client import Client, Server
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_mockseg.options import Options
    from pytest_mockseg.sources import SegmentSource

    Example = Callable[[dict[str, Any]], AbstractContextManager[SegmentSource]]


class SegmentServer(Server):
    """What the fixture ``segment_server`` returns: a server, and fresh sources for examples."""

    example_of: Example

    def example(self, **wishes: Any) -> AbstractContextManager[SegmentSource]:
        """Return a fresh source for one example of a ``@given`` test, judged when its block ends.

        Args:
            wishes: as ``make_segment_source`` takes them.
        """
        return self.example_of(wishes)

    def end(self) -> None:
        """Stop it, or disconnect from it."""


class _OwnServer(SegmentServer, MockSegment):
    def end(self) -> None:
        self.stop()


class _AttachedServer(SegmentServer, Client):
    def end(self) -> None:
        self.close()


def start(options: Options, example: Example) -> SegmentServer:
    server: SegmentServer = (
        _OwnServer().start()
        if options.url is None
        else _AttachedServer(options.url, token=options.control_token)
    )
    server.example_of = example
    return server
