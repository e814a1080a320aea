"""Making an application as it is set up, before the first call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mockseg.destinations.userengage.definitions import name_fault
from mockseg.destinations.userengage.setup import AttributeSetup
from mockseg.destinations.userengage.values import FIXED, VALUE_TYPES
from mockseg.errors import VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.definitions import Attribute, Namespace
    from mockseg.destinations.userengage.setup import Types, UserEngageSetup


_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,20}|\[[0-9a-f:.]{2,45}\]")


def check_setup(setup: UserEngageSetup) -> None:
    """Refuse switches that contradict each other.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    if setup.event_attributes and setup.event_namespace != "global":
        raise VendorStateError(
            "is given while each event has attributes of its own;"
            " set `eventNamespace` to `global`, or name them under `events`",
            place="eventAttributes",
        )
    if setup.event_namespace == "global":
        for name, types in setup.events.items():
            if types:
                raise VendorStateError(
                    "has attributes while all events share theirs;"
                    " name them under `eventAttributes`",
                    place=f"events.{name}",
                )
    if setup.rest_token is not None and not setup.rest_token.strip():
        raise VendorStateError("is empty", place="restToken")


def define(
    app: App,
    namespace: Namespace,
    name: str,
    given: str | AttributeSetup,
    *,
    place: str,
    given_id: int | None = None,
) -> Attribute:
    """Define an attribute; the same again is no change.

    Raises:
        VendorStateError: a wrong name or type, or defined otherwise already; nothing is changed.
    """
    wanted = AttributeSetup(type=given) if isinstance(given, str) else given
    fault = name_fault(name)
    if fault is not None:
        raise VendorStateError(f"the name {fault}", place=place)
    if wanted.type not in VALUE_TYPES:
        raise VendorStateError(unknown("type of attribute", wanted.type, VALUE_TYPES), place=place)
    if wanted.type == FIXED and not wanted.choices:
        raise VendorStateError("a fixed attribute has no choices; give at least one", place=place)
    if wanted.type != FIXED and (wanted.choices or wanted.many):
        raise VendorStateError(
            f"choices are given for the type {wanted.type}; only fixed has them", place=place
        )
    found = namespace.find(name)
    if found is None:
        return app.define(
            namespace,
            name,
            wanted.type,
            choices=wanted.choices,
            many=wanted.many,
            given_id=given_id,
        )
    if (found.value_type, found.choices, found.many) != (wanted.type, wanted.choices, wanted.many):
        raise VendorStateError(
            f"`{found.name}` is defined already, as {found.value_type}; types do not change",
            place=place,
        )
    return found


def define_many(app: App, namespace: Namespace, types: Types, *, place: str) -> None:
    """Define attributes by name.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, given in types.items():
        define(app, namespace, name, given, place=f"{place}.{name}")


def define_events(app: App, events: Mapping[str, Types], *, place: str) -> None:
    """Define events with their attributes.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, types in events.items():
        if not name:
            raise VendorStateError("an event has an empty name", place=place)
        event = app.events.get(name) or app.define_event(name)
        define_many(app, event.attributes, types, place=f"{place}.{name}")


def domain_of(text: str, *, place: str) -> str:
    """Read a domain to trust.

    Raises:
        VendorStateError: not a bare host name.
    """
    domain = text.strip().lower().rstrip(".")
    if _DOMAIN.fullmatch(domain) is None:
        raise VendorStateError(
            f"{text[:100]!r} is no domain; give the bare host, such as example.com", place=place
        )
    return domain
