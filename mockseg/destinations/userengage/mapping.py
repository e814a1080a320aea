"""Traits and context of a call, mapped to the fields of users and companies."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Final

from mockseg.destinations.userengage.user_agent import browser_of
from mockseg.destinations.userengage.values import NUMBER, Unconvertible, convert, shown, text
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockseg.json_types import Json, JsonObject


# Source: User.com REST API, "Create user".
_MOST_PERSON_NAME: Final = 40

# No name that is mapped has more characters; longer ones would only fill the cache.
_LONGEST_KNOWN = 32

_GENDERS = {
    **dict.fromkeys(("1", "u", "unknown"), "unknown"),
    **dict.fromkeys(("2", "m", "male"), "male"),
    **dict.fromkeys(("3", "f", "female"), "female"),
}


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
        """Note a value that was ignored."""
        self.notes.append(Note("value_ignored", field[:200], f"Ignored: {shown(value)} {reason}."))


def words(value: Json, *, most: int | None = None) -> str:
    """Give text or a number as text.

    Raises:
        Unconvertible: another kind of value, or over `most` characters.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unconvertible("is neither text nor a number")
    result = text(value)
    if most is not None and len(result) > most:
        raise Unconvertible(f"has {len(result)} characters; allowed are {most}")
    return result


def gender(value: Json) -> str:
    """Read a gender: a word, its letter, or the vendor's code 1, 2 or 3.

    Raises:
        Unconvertible: none of them.
    """
    found = _GENDERS.get(words(value).strip().lower())
    if found is None:
        raise Unconvertible("is no gender: male, female, unknown, their letter, or 1, 2, 3")
    return found


def _squeezed(name: str) -> str:
    """Give a name without casing and gaps: ``firstName`` and ``first_name`` are one trait."""
    return _squeeze(name) if len(name) <= _LONGEST_KNOWN else name


@functools.lru_cache(maxsize=4096)
def _squeeze(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def person_name(value: Json) -> str:
    """Read a first or last name, of 40 characters at most.

    Raises:
        Unconvertible: longer, or neither text nor a number.
    """
    return words(value, most=_MOST_PERSON_NAME)


_USER_TRAITS: dict[str, tuple[str, str, Callable[[Json], Json]]] = {
    "email": ("email", "email", words),
    "firstname": ("first_name", "first_name", person_name),
    "lastname": ("last_name", "last_name", person_name),
    "phone": ("phone", "phone_number", words),
    "gender": ("gender", "gender", gender),
}


def map_user_traits(traits: JsonObject, *, place: str, address_text: str) -> Mapped:
    """Map the traits of an identify call (UE-07, UE-08, UE-10).

    Args:
        traits: of the call.
        place: where they stand, for notes.
        address_text: what becomes of an address that is text, see `UserEngageSetup`.
    """
    mapped = Mapped()
    for name, value in traits.items():
        squeezed = _squeezed(name)
        if squeezed == "address":
            if not _shadowed(mapped, traits, place, name, "address"):
                _map_address(mapped, f"{place}.{name}", value, address_text=address_text)
            continue
        trait = _USER_TRAITS.get(squeezed)
        if trait is None:
            mapped.custom.append((name, value))
        elif not _shadowed(mapped, traits, place, name, trait[0]):
            _map_value(mapped, f"{place}.{name}", value, trait[1:])
    return mapped


def map_company_traits(traits: JsonObject, *, place: str, company_address: str) -> Mapped:
    """Map the traits of a group call (UE-43, UE-44).

    Args:
        traits: of the call.
        place: where they stand, for notes.
        company_address: how the parts of an address are joined, see `UserEngageSetup`.
    """
    mapped = Mapped()
    for name, value in traits.items():
        squeezed = _squeezed(name)
        field = _COMPANY_TRAITS.get(squeezed)
        if field is None:
            mapped.custom.append((name, value))
        elif not _shadowed(mapped, traits, place, name, squeezed):
            read = _COMPANY_READERS.get(squeezed, words)
            if squeezed == "address":
                read = functools.partial(_joined, separator=_SEPARATORS[company_address])
            _map_value(mapped, f"{place}.{name}", value, (field, read))
    return mapped


def _shadowed(mapped: Mapped, traits: JsonObject, place: str, name: str, documented: str) -> bool:
    """Prefer the documented spelling where a call has a trait in two."""
    if name == documented or documented not in traits:
        return False
    mapped.ignore(f"{place}.{name}", traits[name], f"stands beside `{documented}`, which counts")
    return True


def _map_value(
    mapped: Mapped, place: str, value: Json, target: tuple[str, Callable[[Json], Json]]
) -> None:
    if value is None:
        return
    field, read = target
    try:
        mapped.profile[field] = read(value)
    except Unconvertible as error:
        mapped.ignore(place, value, str(error))


def _map_address(mapped: Mapped, place: str, value: Json, *, address_text: str) -> None:
    if isinstance(value, dict):
        parts = {_squeezed(key): part for key, part in value.items()}
        if parts.get("region") is None:
            parts["region"] = parts.get("state")
        for field in ("country", "region", "city"):
            _map_value(mapped, f"{place}.{field}", parts.get(field), (field, words))
    elif value is not None and address_text == "attribute":
        mapped.custom.append(("address", value))
    elif value is not None:
        mapped.ignore(place, value, "is no object with country, region and city")


def employees(value: Json) -> Json:
    """Read a number of people; a text that is no number, such as ``50-100``, stays as given."""
    try:
        return convert(value, NUMBER)
    except Unconvertible:
        return words(value)


def _joined(value: Json, *, separator: str) -> str:
    if not isinstance(value, dict):
        return words(value)
    return separator.join(
        words(part) for part in value.values() if isinstance(part, str | int | float)
    )


_SEPARATORS = {"comma": ", ", "concatenated": ""}
_COMPANY_TRAITS = {
    "address": "address",
    "description": "description",
    "email": "email",
    "employees": "size",
    "name": "name",
    "phone": "phone_numbers",
}
_COMPANY_READERS: dict[str, Callable[[Json], Json]] = {"employees": employees}

_CONTEXT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # Object of the context ("" is the context itself), field, keys of which the first counts.
    ("", "user_agent", ("userAgent",)),
    ("", "language", ("locale",)),
    ("", "ip_address", ("ip",)),
    ("", "timezone", ("timezone",)),
    ("device", "device_name", ("name", "model")),
    ("device", "device_type", ("type",)),
    ("page", "current_url", ("url",)),
)


def map_context(context: JsonObject) -> Mapped:
    """Take the fields of the document's list from a context, where it has them (UE-09).

    The list is the document's; which key of Segment's context each comes from is not written
    there: the one that the Spec has for it.
    """
    mapped = Mapped()
    for inner, field, keys in _CONTEXT:
        source = context if inner == "" else _object(context, inner)
        for key in keys:
            value = source.get(key)
            if value is not None:
                place = f"context.{inner}.{key}" if inner else f"context.{key}"
                _map_value(mapped, place, value, (field, words))
                break
    _map_os(mapped, _object(context, "os"))
    _map_screen(mapped, _object(context, "screen"))
    agent = mapped.profile.get("user_agent")
    browser = None if agent is None else browser_of(agent)
    if browser is not None:
        mapped.profile["browser_family"], mapped.profile["browser_version"] = browser
    return mapped


def _map_os(mapped: Mapped, os: Mapping[str, Json]) -> None:
    name, version = os.get("name"), os.get("version")
    if name is None:
        return
    try:
        mapped.profile["os"] = words(name) if version is None else f"{words(name)} {words(version)}"
    except Unconvertible as error:
        mapped.ignore("context.os", dict(os), str(error))


def _map_screen(mapped: Mapped, screen: Mapping[str, Json]) -> None:
    width, height = screen.get("width"), screen.get("height")
    if width is None or height is None:
        return
    try:
        sides = convert(width, NUMBER), convert(height, NUMBER)
    except Unconvertible as error:
        mapped.ignore("context.screen", dict(screen), str(error))
    else:
        mapped.profile["resolution"] = f"{sides[0]}x{sides[1]}"


def _object(context: JsonObject, name: str) -> Mapping[str, Json]:
    value = context.get(name)
    return value if isinstance(value, dict) else {}
