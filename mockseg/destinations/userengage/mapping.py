"""Traits and context of a call, mapped to the fields of users, companies and page views."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import TypeAlias

from mockseg.destinations.userengage.user_agent import read_user_agent
from mockseg.destinations.userengage.values import (
    Unconvertible,
    convert,
    employees,
    gender,
    person_name,
    read_number,
    shown,
    words,
)
from mockseg.domain.delivery import Note
from mockseg.json_types import Json, JsonObject, as_object, as_text

# No name that is mapped has more characters; longer ones would only fill the cache.
_LONGEST_KNOWN = 32


@dataclasses.dataclass(slots=True)
class Mapped:
    """What traits or a context come to.

    Attributes:
        profile: standard fields to set.
        custom: names and values that become custom attributes.
        notes: what was ignored.
    """

    profile: dict[str, Json] = dataclasses.field(default_factory=dict)
    custom: list[tuple[str, Json]] = dataclasses.field(default_factory=list)
    notes: list[Note] = dataclasses.field(default_factory=list)

    def ignore(self, field: str, value: Json, reason: str) -> None:
        self.notes.append(Note("value_ignored", field[:200], f"Ignored: {shown(value)} {reason}."))


def _squeezed(name: str) -> str:
    """Return a name without casing and gaps: ``firstName`` and ``first_name`` are one trait."""
    return _squeeze(name) if len(name) <= _LONGEST_KNOWN else name


@functools.lru_cache(maxsize=4096)
def _squeeze(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


# How the document spells a trait, the field it becomes, and what reads it; by squeezed name.
_Traits: TypeAlias = "Mapping[str, tuple[str, str, Callable[[Json], Json]]]"
_USER_TRAITS: _Traits = {
    "email": ("email", "email", words),
    "firstname": ("first_name", "first_name", person_name),
    "lastname": ("last_name", "last_name", person_name),
    "phone": ("phone", "phone_number", words),
    "gender": ("gender", "gender", gender),
    # Taken apart afterwards.
    "address": ("address", "address", lambda value: value),
}
_COMPANY_TRAITS: _Traits = {
    "description": ("description", "description", words),
    "email": ("email", "email", words),
    "employees": ("employees", "size", employees),
    "name": ("name", "name", words),
    "phone": ("phone", "phone_numbers", words),
}


def map_user_traits(traits: JsonObject, *, place: str, address_text: str) -> Mapped:
    """Map the traits of an identify call (UE-07, UE-08, UE-10).

    Args:
        traits: of the call.
        place: where they are in the call, for notes.
        address_text: how an address that is text is treated, see `UserEngageSetup`.
    """
    mapped = _map_traits(traits, _USER_TRAITS, place=place)
    address = mapped.profile.pop("address", None)
    if isinstance(address, dict):
        parts = {_squeezed(key): part for key, part in address.items()}
        if parts.get("region") is None:
            parts["region"] = parts.get("state")
        for field in ("country", "region", "city"):
            _map_value(mapped, f"{place}.address.{field}", parts.get(field), (field, words))
    elif address is not None and address_text == "attribute":
        mapped.custom.append(("address", address))
    elif address is not None:
        reason = "is not an object with country, region and city"
        mapped.ignore(f"{place}.address", address, reason)
    return mapped


def map_company_traits(traits: JsonObject, *, place: str, company_address: str) -> Mapped:
    """Map the traits of a group call (UE-43, UE-44).

    Args:
        traits: of the call.
        place: where they are in the call, for notes.
        company_address: how the parts of an address are joined, see `UserEngageSetup`.
    """
    separator = ", " if company_address == "comma" else ""
    address = functools.partial(_joined, separator=separator)
    table: _Traits = {**_COMPANY_TRAITS, "address": ("address", "address", address)}
    return _map_traits(traits, table, place=place)


def _map_traits(traits: JsonObject, table: _Traits, *, place: str) -> Mapped:
    mapped = Mapped()
    for name, value in traits.items():
        trait = table.get(_squeezed(name))
        if trait is None:
            mapped.custom.append((name, value))
        elif not _shadowed(mapped, traits, place, name, trait[0]):
            _map_value(mapped, f"{place}.{name}", value, trait[1:])
    return mapped


def _shadowed(mapped: Mapped, traits: JsonObject, place: str, name: str, documented: str) -> bool:
    """Prefer the documented spelling where a call has a trait in two."""
    if name == documented or documented not in traits:
        return False
    mapped.ignore(f"{place}.{name}", traits[name], f"is given beside `{documented}`, which wins")
    return True


def _map_value(
    mapped: Mapped, place: str, value: Json, target: tuple[str, Callable[[Json], Json]]
) -> None:
    if value is None:
        return
    field, read = target
    try:
        found = read(value)
    except Unconvertible as error:
        mapped.ignore(place, value, str(error))
    else:
        mapped.profile |= {} if found is None else {field: found}


def _joined(value: Json, *, separator: str) -> str:
    if not isinstance(value, dict):
        return words(value)
    return separator.join(
        words(part) for part in value.values() if isinstance(part, str | int | float)
    )


def _os(value: Json) -> str | None:
    os = value if isinstance(value, dict) else {}
    name, version = os.get("name"), os.get("version")
    if name is None:
        return None
    return words(name) if version is None else f"{words(name)} {words(version)}"


def _resolution(value: Json) -> str | None:
    screen = value if isinstance(value, dict) else {}
    width, height = screen.get("width"), screen.get("height")
    if width is None or height is None:
        return None
    return f"{read_number(width)}x{read_number(height)}"


# Places in the context, of which the first that has a value counts.
_CONTEXT: tuple[tuple[tuple[str, ...], str, Callable[[Json], Json]], ...] = (
    (("userAgent",), "user_agent", words),
    (("locale",), "language", words),
    (("ip",), "ip_address", words),
    (("timezone",), "timezone", words),
    (("device.name", "device.model"), "device_name", words),
    (("device.type",), "device_type", words),
    (("page.url",), "current_url", words),
    (("os",), "os", _os),
    (("screen",), "resolution", _resolution),
)


def map_context(context: JsonObject) -> Mapped:
    """Take the fields of the document's list from a context, where it has them (UE-09).

    The list is the document's; which key of Segment's context each comes from is not written
    there: the one that the Spec has for it, else what the user agent says.
    """
    mapped = Mapped()
    for places, field, read in _CONTEXT:
        for place in places:
            inner, _, key = place.rpartition(".")
            source = context.get(inner) if inner else context
            value = source.get(key) if isinstance(source, dict) else None
            if value is not None:
                _map_value(mapped, f"context.{place}", value, (field, read))
                break
    _read_client(mapped, context)
    return mapped


def _read_client(mapped: Mapped, context: JsonObject) -> None:
    """Take from the user agent what the context does not say itself, as of analytics.js.

    A browser that hides its system from the user agent names it in the client hints, which
    analytics.js sends as `userAgentData`.
    """
    agent = read_user_agent(mapped.profile.get("user_agent") or "")
    if agent.browser is not None:
        mapped.profile["browser_family"], mapped.profile["browser_version"] = agent.browser
    hints = as_object(context.get("userAgentData"))
    of_hints: JsonObject = {"os": hints.get("platform"), "device_name": hints.get("model")}
    if isinstance(hints.get("mobile"), bool):
        of_hints["device_type"] = "mobile" if hints["mobile"] else "desktop"
    for field in ("os", "device_type", "device_name"):
        found = getattr(agent, field) or as_text(of_hints.get(field))
        if found:
            mapped.profile.setdefault(field, found)


# --- page views: the fields of the REST API's ping hit (UE-22)


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
    """Return the record of a visit; `properties` win over the context's page."""
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
