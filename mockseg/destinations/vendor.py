"""What all imitations of a vendor have in common: a request in, a response out, no IO."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.domain.delivery import Note
    from mockseg.json_types import JsonObject


Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VendorRequest:
    """A request that reached a vendor's surface.

    Attributes:
        method: HTTP method, upper case.
        path: below the destination's prefix, percent-decoded, beginning with ``/``:
            ``/segment`` for the inlet that Segment posts to, else the vendor's own REST path.
        query: names and values, decoded, in the order sent.
        headers: names as sent, and values.
        body: bytes, inflated.
        received_ns: a moment by the clock of the destination's source.
        base_url: what stands before the path in links, as the client knows this vendor's
            address; empty where that is not known.
    """

    method: str
    path: str
    received_ns: int
    base_url: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Give the first header of this name in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def argument(self, name: str) -> str | None:
        """Give the first query argument of this name, or None."""
        return next((value for key, value in self.query if key == name), None)


@dataclasses.dataclass(frozen=True, slots=True)
class VendorResponse:
    """What a vendor answers.

    Attributes:
        status: HTTP status.
        body: bytes.
        headers: names and values, the content type among them where there is a body.
        notes: what it refused, ignored or dropped.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    notes: tuple[Note, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """Something that only the vendor's own page or SDK could do.

    Attributes:
        summary: one sentence.
        arguments: a record whose fields are what it takes; a wrong one is refused by it.
    """

    summary: str
    arguments: type[msgspec.Struct]


class Setup(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a destination is set up at the vendor before anything arrives: the base of each kind's.

    Fields have a default each, and the switches for what nothing public settles stand here.
    """


class Imitation(Protocol):
    """One destination at one vendor, with its state; two never share users.

    Made as ``Class(setup, key=..., random=...)``. Used from one thread. A request is applied
    whole or not at all: whatever may fail comes before the first change.

    Attributes:
        setup_type: what it is set up with.
        actions: by name.
        errors: the vendor's documented errors by name, which can be demanded of it
            (``rate_limited``, ``server_error`` ...); the web and delivery floors' registry
            gives these answers, an imitation need not.
    """

    setup_type: ClassVar[type[Setup]]
    actions: ClassVar[Mapping[str, Action]]
    errors: ClassVar[Mapping[str, VendorResponse]]

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        """Make one without users.

        Args:
            setup: of the class's own `setup_type`.
            key: the API key that Segment and REST clients authenticate with.
            random: mints ids and tokens, reproducibly.

        Raises:
            VendorStateError: the setup contradicts itself; names the place and what is allowed.
        """
        ...

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the API key that a request authenticates with, however this vendor takes it."""
        ...

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer a request whose key belongs to no destination, or that has none."""
        ...

    def knows(self, key: str) -> bool:
        """Tell whether this key is or was one of its own (a revoked one is)."""
        ...

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request, at the inlet or at the vendor's REST API; never raises."""
        ...

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the vendor's own page or SDK would; give what there is to see of it.

        Raises:
            VendorStateError: no such action, or wrong arguments; nothing is changed.
        """
        ...

    def state(self) -> JsonObject:
        """Give the whole state as JSON, in the names of the vendor's REST API."""
        ...

    def restore(self, state: JsonObject) -> None:
        """Have this state instead, as `state` gave it; what is left out begins empty.

        Raises:
            VendorStateError: names the place and what is allowed; nothing is changed.
        """
        ...
