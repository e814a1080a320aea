"""The destinations of a server: which there are, what reaches them, what they are sent."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from mockseg.conversion import convert, invalid
from mockseg.delivery.destination import Destination, DestinationSpec, make_destination
from mockseg.delivery.dispatcher import Dispatcher
from mockseg.delivery.ledger import Ledger
from mockseg.destinations.kinds import KINDS, imitation_class
from mockseg.errors import ConfigError, OperationError, VendorStateError
from mockseg.hub.vendor import Vendor, VendorLog
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.clock import ShiftedClock
    from mockseg.delivery.records import KeptDelivery
    from mockseg.destinations.kinds import Kind
    from mockseg.destinations.vendor import Setup, VendorRequest, VendorResponse
    from mockseg.domain.call import KeptCall
    from mockseg.hub.audiences import Audiences
    from mockseg.hub.hub import Hub
    from mockseg.hub.sources import Source
    from mockseg.json_types import JsonObject
    from mockseg.operations.destinations import AddDestination, PatchDestination


MOST_DESTINATIONS = 10_000
# User.com's keys have 64 characters, others fewer.
_KEY_HEX_DIGITS = 32


@dataclasses.dataclass(slots=True)
class Connected:
    """A destination that is connected to a source.

    Attributes:
        asked: what it was made from, its minted key filled in.
        destination: the same as the delivery floor has it.
        vendor: the imitation that receives; None for a service of the user's own.
        source: whose calls it gets.
    """

    asked: AddDestination
    destination: Destination
    vendor: Vendor | None
    source: Source

    @property
    def id(self) -> str:
        """Give what names it."""
        return self.destination.id

    @property
    def kind(self) -> Kind:
        """Give what kind of destination it is."""
        return self.destination.kind

    @property
    def path(self) -> str:
        """Give where its imitation is on this server."""
        return f"/vendors/{self.kind.type}/{self.id}"

    @property
    def urls(self) -> tuple[str, ...]:
        """Give where calls are sent."""
        return self.destination.urls

    @property
    def told_of_deletions(self) -> bool:
        """Tell whether it hears when a user is to be deleted."""
        return "delete" in self.kind.forwards and self.destination.enabled

    def now_ns(self) -> int:
        """Tell the time of its source."""
        return self.source.clock.now_ns()


class Destinations:
    """All destinations of a server.

    Attributes:
        dispatcher: sends them what they are to have.
        audiences: by write key.
        strangers: by vendor, requests whose key belongs to no destination.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._all: dict[str, Connected] = {}
        self._added = 0
        self._random = random.Random(hub.seed)  # noqa: S311  (a test's keys, not secrets)
        self.strangers: dict[str, VendorLog] = {}
        self.audiences: dict[str, Audiences] = {}
        self.dispatcher = Dispatcher(
            ledger=Ledger(on_change=hub.delivery_changed),
            clock_of=self._clock_of,
            seed=hub.seed,
        )

    @property
    def vendors(self) -> tuple[str, ...]:
        """Name the vendors that are imitated."""
        return tuple(KINDS)

    # --- which there are

    def get(self, id_: str) -> Connected | None:
        """Give a destination."""
        return self._all.get(id_)

    def of(self, source: str | None) -> list[Connected]:
        """Give the destinations of a source, or all, in the order in which they were added."""
        return [each for each in self._all.values() if source in {None, each.source.key}]

    def add(self, asked: AddDestination, *, place: str = "") -> Connected:
        """Connect a destination to a source, which opens now if it is new.

        Args:
            asked: what is to be.
            place: the file that says so, or empty.

        Raises:
            OperationError: 422 with the field and what is allowed; 409 the key is in use.
                Nothing is changed then.
            ConfigError: the same, of a file.
        """
        try:
            return self._add(asked)
        except OperationError as refusal:
            if place:
                raise ConfigError(f"destinations: {place}: {refusal.message}") from None
            raise

    def _add(self, asked: AddDestination) -> Connected:
        if len(self._all) >= MOST_DESTINATIONS:
            raise OperationError(
                f"there are {MOST_DESTINATIONS} destinations already; take some away first",
                status=422,
                code="too_many_destinations",
                details={"allowed": MOST_DESTINATIONS},
            )
        kind = _kind(asked.type)
        key = asked.settings.get("apiKey")
        self._refuse_known_key(kind, key, besides=None)
        if key is None and not kind.type.startswith("webhook"):
            key = f"{self._random.getrandbits(4 * _KEY_HEX_DIGITS):0{_KEY_HEX_DIGITS}x}"
            asked = msgspec.structs.replace(asked, settings={**asked.settings, "apiKey": key})
        given = _given_setup(asked)
        setup = _setup(kind, given)
        own = bool({"url", "urls"} & set(asked.settings))
        if own and given:
            raise invalid(
                "setup",
                "`settings.url` names a service of your own, where mockseg can set nothing up",
                allowed="setup, attributes and events only without settings.url",
            )
        vendor = None if own else self._imitation(kind, setup, str(key or ""))
        id_ = f"{kind.type}-{self._added + 1}"
        destination = self._made(asked, id_, vendor)
        self._added += 1
        source = self._hub.sources.claim(asked.source)
        source.restored("destinations")
        connected = Connected(asked, destination, vendor, source)
        self._all[id_] = connected
        source.destinations = (*source.destinations, connected)
        return connected

    def patch(self, connected: Connected, asked: PatchDestination) -> Connected:
        """Change how calls are forwarded from now on.

        Raises:
            OperationError: as for `add`.
        """
        changes: dict[str, Any] = {
            name: value
            for name in asked.__struct_fields__
            if name != "id" and (value := getattr(asked, name)) is not UNSET
        }
        if "settings" in changes:
            merged = connected.asked.settings | changes["settings"]
            changes["settings"] = {k: v for k, v in merged.items() if v is not None}
        changed = msgspec.structs.replace(connected.asked, **changes)
        destination = self._made(changed, connected.id, connected.vendor)
        self._refuse_known_key(connected.kind, changed.settings.get("apiKey"), besides=connected)
        connected.asked, connected.destination = changed, destination
        self.dispatcher.replace(destination)
        return connected

    def remove(self, connected: Connected) -> None:
        """Take a destination away; what waits for it is not sent any more."""
        self._all.pop(connected.id, None)
        source = connected.source
        source.destinations = tuple(each for each in source.destinations if each is not connected)
        self.dispatcher.drop_destination(connected.id)

    def begin_anew(self, key: str) -> None:
        """Forget the deliveries of a source and what reached its vendors; they keep their state."""
        self.dispatcher.drop_source(key)
        for connected in self.of(key):
            if connected.vendor is not None:
                connected.vendor.log.clear()

    def forget_strangers(self) -> None:
        """Forget the requests that belong to no destination."""
        for log in self.strangers.values():
            log.clear()

    def drop_source(self, source: Source) -> None:
        """Forget a source with its destinations and audiences."""
        self.audiences.pop(source.key, None)
        self.dispatcher.drop_source(source.key)
        for connected in source.destinations:
            self.remove(connected)

    # --- what they are sent, and what reaches them

    def offer(self, source: Source, calls: Iterable[KeptCall]) -> None:
        """Hand accepted calls to the destinations of their source; waits for none of them."""
        accepted = [call for call in calls if call.verdict == "accepted"]
        if accepted:
            for connected in source.destinations:
                self.dispatcher.offer(connected.destination, accepted)

    def deliveries_of(self, call: int) -> list[KeptDelivery]:
        """Give the deliveries of a call, by its cursor."""
        return self.dispatcher.ledger.of_call(call)

    @property
    def finished(self) -> int:
        """Count the deliveries that became final since the start."""
        return self.dispatcher.ledger.finished

    def finals(self, *, after: int, limit: int, source: str | None) -> list[KeptDelivery]:
        """Give deliveries that became final after so many did, in that order."""
        return self.dispatcher.ledger.finals(after=after, limit=limit, source=source)

    def pending(self, key: str | None) -> int:
        """Count the deliveries of a source, or of all, that are queued or being retried."""
        return self.dispatcher.pending(key)

    def due(self, key: str | None) -> bool:
        """Tell whether a retry of a source, or of any, should have been made by now."""
        if not self.pending(key):
            return False
        ledger = self.dispatcher.ledger
        retrying = ledger.page(source=key, state="retrying", limit=len(ledger))
        return any(kept.next_ns <= self._clock_of(kept.source).now_ns() for kept in retrying)

    def pending_at(self, id_: str) -> int:
        """Count those of a destination."""
        return self.dispatcher.pending_at(id_)

    def receive(
        self,
        vendor: str,
        connected: Connected | None,
        request: VendorRequest,
        *,
        unread: VendorResponse | None = None,
    ) -> VendorResponse:
        """Answer a request that a client sent to a vendor, and keep both.

        Args:
            vendor: the kind.
            connected: the destination that its path names, or None: then its key says.
            request: as it came, without its moment.
            unread: what is answered where the body could not be read.
        """
        imitation = imitation_class(vendor)
        if connected is None:
            key = imitation.key_of(request)
            connected = None if key is None else self._known_by(vendor, key)
        if connected is None or connected.vendor is None:
            timed = dataclasses.replace(request, received_ns=self._hub.clock.now_ns())
            response = unread or imitation.stranger(timed)
            self.strangers.setdefault(vendor, VendorLog()).keep("client", timed, response)
            return response
        timed = dataclasses.replace(request, received_ns=connected.now_ns())
        if unread is not None:
            connected.vendor.log.keep("client", timed, unread)
            return unread
        return connected.vendor.receive(timed, sender="client")

    def _clock_of(self, key: str) -> ShiftedClock:
        source = self._hub.sources.get(key)
        return self._hub.clock if source is None else source.clock

    def _made(self, asked: AddDestination, id_: str, vendor: Vendor | None) -> Destination:
        fields = {name: getattr(asked, name) for name in DestinationSpec.__struct_fields__}
        return make_destination(
            DestinationSpec(**fields),
            id=id_,
            source=asked.source,
            receive=None if vendor is None else vendor.forwarded,
            inlet=f"/vendors/{asked.type}/{id_}/segment",
        )

    def _imitation(self, kind: Kind, setup: Setup, key: str) -> Vendor:
        class_ = imitation_class(kind.type)
        try:
            return Vendor(class_(setup, key=key, random=random.Random(self._random.random())))  # noqa: S311  (ids)
        except VendorStateError as error:
            allowed = [field.encode_name for field in msgspec.structs.fields(setup)]
            raise invalid("setup", f"invalid setup: {error}", allowed=allowed) from None

    def _known_by(self, vendor: str, key: str) -> Connected | None:
        for connected in self._all.values():
            if (
                connected.kind.type == vendor
                and connected.vendor is not None
                and connected.vendor.imitation.knows(key)
            ):
                return connected
        return None

    def _refuse_known_key(self, kind: Kind, key: object, *, besides: Connected | None) -> None:
        if key is None:
            return
        other = self._known_by(kind.type, str(key))
        if other is not None and other is not besides:
            raise OperationError(
                f"`settings.apiKey` belongs to {other.id} already: a key says whose a request is",
                status=409,
                code="key_in_use",
                details={"parameter": "settings.apiKey", "destination": other.id},
            )


def _kind(type_: str) -> Kind:
    kind = KINDS.get(type_)
    if kind is None:
        raise unknown_parameter("type", "destination type", type_, KINDS)
    return kind


def _given_setup(asked: AddDestination) -> JsonObject:
    """Collect what is to be set up at the vendor."""
    named = {"attributes": asked.attributes, "events": asked.events}
    return asked.setup | {name: value for name, value in named.items() if value is not None}


def _setup(kind: Kind, given: JsonObject) -> Setup:
    """Read what is to be set up at the vendor.

    Raises:
        OperationError: 422, its details name the field and what is allowed.
    """
    try:
        return convert(given, imitation_class(kind.type).setup_type, where="`setup`")
    except OperationError as refusal:
        refusal.details["parameter"] = f"setup.{refusal.details['parameter']}"
        raise
