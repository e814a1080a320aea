"""What a page view keeps of a page call: the fields of the REST API's ping hit (UE-22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.mapping import map_context
from mockseg.destinations.userengage.values import Unconvertible, convert
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject


EMPTY_VISIT: JsonObject = {
    "ip_address": None,
    "user_agent": None,
    "browser_family": None,
    "browser_version": None,
    "os_type": None,
    "city": None,
    "country": None,
    "url": None,
    "referer": None,
    "timezone": None,
    "resolution": None,
    "extra_data": None,
}
"""Source: the vendor's .NET client, the record of a ping hit."""

_OF_CONTEXT = {
    "ip_address": "ip_address",
    "user_agent": "user_agent",
    "browser_family": "browser_family",
    "browser_version": "browser_version",
    "os": "os_type",
    "timezone": "timezone",
    "resolution": "resolution",
    "current_url": "url",
}


def visit_of(properties: JsonObject, context: JsonObject) -> tuple[JsonObject, list[Note]]:
    """Give the record of a visit; `properties` win over the context's page."""
    seen = map_context(context)
    visit = EMPTY_VISIT.copy()
    for field, name in _OF_CONTEXT.items():
        if field in seen.profile:
            visit[name] = seen.profile[field]
    page = context.get("page")
    if isinstance(page, dict):
        visit["referer"] = _text(page.get("referrer"))
    for name, field in (("url", "url"), ("referrer", "referer")):
        given = _text(properties.get(name))
        if given is not None:
            visit[field] = given
    extra = {name: value for name, value in properties.items() if name not in ("url", "referrer")}
    if extra:
        try:
            visit["extra_data"] = convert(extra, "json")
        except Unconvertible as error:
            seen.notes.append(Note("value_ignored", "properties", f"Ignored: the page {error}."))
    return visit, seen.notes


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
