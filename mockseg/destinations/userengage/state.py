"""The whole state as JSON, and an application made from such a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.objects import (
    attribute_object,
    company_object,
    event_object,
    occurrence_object,
    page_view_object,
    user_object,
)

if TYPE_CHECKING:
    from mockseg.destinations.userengage.app import App
    from mockseg.json_types import JsonObject

__all__ = ["state_of"]


def state_of(app: App) -> JsonObject:
    """Give the state in the names of REST version 2; `restored` reads it.

    Sections: ``users``, ``companies``, ``attributes``, ``events`` (with their attributes, or
    ``event_attributes`` where all share them), ``event_occurrences``, ``page_views``, ``tags``,
    ``segment_keys``, ``rest_token``, ``trusted_domains``; ``forgotten`` counts occurrences and
    page views beyond those that are kept.
    """
    shared = app.shared
    state: JsonObject = {
        "users": [user_object(app, user) for user in app.users.values()],
        "companies": [company_object(app, company) for company in app.companies.values()],
        "attributes": [
            attribute_object(attribute, content_type=kind)
            for kind, namespace in app.attributes.items()
            for attribute in namespace.attributes.values()
        ],
        "events": [event_object(event, shared=shared is not None) for event in app.events.values()],
        "event_occurrences": [occurrence_object(app, each) for each in app.occurrences],
        "page_views": [page_view_object(view) for view in app.page_views],
        "tags": [{"id": tag_id, "name": name} for name, tag_id in app.tags.items()],
        "segment_keys": [
            {"key": key, "revoked": revoked} for key, revoked in app.segment_keys.items()
        ],
        "rest_token": app.rest_token,
        "trusted_domains": list(app.trusted_domains),
        "forgotten": {
            "event_occurrences": app.forgotten_occurrences,
            "page_views": app.forgotten_page_views,
        },
    }
    if shared is not None:
        state["event_attributes"] = [attribute_object(each) for each in shared.attributes.values()]
    return state
