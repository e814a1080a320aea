"""The server of a run: one of its own in this process, or one that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.client.service import Server
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_mockseg.options import Options
    from pytest_mockseg.sources import SegmentSource

    Example = Callable[[dict[str, Any]], AbstractContextManager[SegmentSource]]


class SegmentServer(Server):
    """What the fixture ``segment_server`` gives: a server, and fresh sources for examples."""

    example_of: Example

    def example(self, **wishes: Any) -> AbstractContextManager[SegmentSource]:
        """Give a fresh source for one example of a ``@given`` test, judged when its block ends.

        Args:
            wishes: as ``make_segment_source`` takes them.
        """
        return self.example_of(wishes)

    def end(self) -> None:
        """Stop it, or let go of it."""


class OwnServer(SegmentServer, MockSegment):
    """A server in this process."""

    def end(self) -> None:
        """Stop it."""
        self.stop()


def start(options: Options, example: Example) -> SegmentServer:
    """Start a server, or attach to one; its ``end`` ends that."""
    server: SegmentServer
    if options.url is None:
        server = own = OwnServer()
        own.start()
    else:
        from pytest_mockseg.attached import AttachedServer

        server = AttachedServer(options.url, token=options.control_token)
    server.example_of = example
    return server
