"""The imitation of a vendor is imported when the first destination of its kind is made."""

from __future__ import annotations

import threading

from mockseg.config import Settings
from mockseg.destinations.kinds import imitation_class
from mockseg.hub.handlers import destinations
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination


async def test_an_import_does_not_hold_the_event_loop(monkeypatch):
    """The first destination of a kind waits for a thread that imports; the next ones do not."""
    threads = []

    def imported(kind):
        threads.append(threading.current_thread())
        return imitation_class(kind)

    monkeypatch.setattr(destinations, "imitation_class", imported)
    monkeypatch.setattr(destinations, "is_imported", lambda _: bool(threads))
    hub = Hub(Settings())
    for number in range(2):
        view = await hub.perform("add_destination", AddDestination(source="k", type="userengage"))
        assert view.id == f"userengage-{number + 1}"
    (thread,) = threads
    assert thread is not threading.current_thread()
