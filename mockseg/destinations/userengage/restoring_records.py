"""The event occurrences and page views of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.page_view import EMPTY_VISIT
from mockseg.destinations.userengage.records import Occurrence, PageView
from mockseg.destinations.userengage.values import convert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.reading import Entry
    from mockseg.destinations.userengage.records import User

__all__ = ["restore_occurrences", "restore_page_views"]


def restore_occurrences(app: App, given: Iterable[Entry]) -> None:
    """Add the occurrences of a state, whose users are there.

    Raises:
        VendorStateError: names the place.
    """
    ids: set[int] = set()
    for entry in given:
        entry.allow_only(("id", "name", "user_id", "timestamp", "created_at", "data"))
        name = entry.text("name", required=True)
        user = _user(app, entry, "user_id")
        data = entry.get("data", {})
        if not isinstance(data, dict):
            entry.refuse("is no object", "data")
        event = app.events.get(name) or app.define_event(name)
        resolved = event.attributes.resolve(data.items(), place="")
        for attribute, reason in resolved.refused.items():
            entry.refuse(reason, f"data.{attribute}"[:200])
        app.create_new(event.attributes, resolved)
        event.occurred = True
        timestamp_ns = entry.moment("timestamp") or 0
        created_ns = entry.moment("created_at")
        occurrence = Occurrence(
            id=app.next_id("occurrence", given=entry.new_id(ids)),
            user=user.id,
            event=name,
            timestamp_ns=timestamp_ns,
            created_ns=timestamp_ns if created_ns is None else created_ns,
            data=resolved.values,
        )
        ids.add(occurrence.id)
        app.keep_occurrence(occurrence)


def restore_page_views(app: App, given: Iterable[Entry]) -> None:
    """Add the page views of a state, whose users are there; their counters are the users' own.

    Raises:
        VendorStateError: names the place.
    """
    ids: set[int] = set()
    for entry in given:
        entry.allow_only(("id", "client", "timestamp", *EMPTY_VISIT))
        user = _user(app, entry, "client")
        visit = EMPTY_VISIT.copy()
        for field in EMPTY_VISIT:
            value = entry.get(field)
            if field == "extra_data":
                if value is not None:
                    visit[field] = entry.read(field, lambda extra: convert(extra, "json"))
            else:
                visit[field] = entry.text(field) if value is not None else None
        view = PageView(
            id=app.next_id("page_view", given=entry.new_id(ids)),
            user=user.id,
            timestamp_ns=entry.moment("timestamp") or 0,
            visit=visit,
        )
        ids.add(view.id)
        app.keep_page_view(view)


def _user(app: App, entry: Entry, name: str) -> User:
    user = app.users.get(entry.count(name))
    if user is None:
        entry.refuse(f"{entry.get(name)!r} is the id of no user of this state", name)
    return user
