"""The destinations of a server: which there are, what reaches them, what they are sent."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from mockseg.conversion import convert, invalid
from mockseg.delivery.destination import Destination, make_destination
from mockseg.delivery.dispatcher import Dispatcher
from mockseg.delivery.ledger import Ledger
from mockseg.delivery.records import KeptDelivery
from mockseg.destinations.kinds import KINDS, Kind, imitation_class
from mockseg.destinations.vendor import Setup, VendorRequest, VendorResponse
from mockseg.domain.call import KeptCall
from mockseg.errors import OperationError, VendorStateError
from mockseg.hub.audiences import Audiences
from mockseg.hub.sources import Source, Sources
from mockseg.hub.vendor import Vendor, VendorLog
from mockseg.journal.background import BackgroundWork
from mockseg.journal.meter import Meter
from mockseg.journal.records import evict_largest
from mockseg.json_types import JsonObject
from mockseg.operations.destinations import AddDestination
from mockseg.suggestions import unknown_parameter

MOST_DESTINATIONS = 10_000
# User.com's keys have 64 characters, others fewer.
_KEY_HEX_DIGITS = 32


@dataclasses.dataclass(slots=True)
class Connected:
    """A destination that is connected to a source.

    Attributes:
        given: what it was made from.
        asked: the same as it was changed since, its minted key filled in.
        destination: the same as the delivery floor has it.
        vendor: the imitation that receives; None for a service of the user's own.
        source: whose calls it gets.
        key: that the imitation was made with; may be empty.
        seed: likewise, of what it mints.
    """

    given: AddDestination
    asked: AddDestination
    destination: Destination
    vendor: Vendor | None
    source: Source
    key: str
    seed: float

    @property
    def id(self) -> str:
        return self.destination.id

    @property
    def number(self) -> int:
        """Its place among all that were ever added."""
        return int(self.id.rpartition("-")[2])

    @property
    def kind(self) -> Kind:
        return self.destination.kind

    @property
    def path(self) -> str:
        return f"/vendors/{self.kind.type}/{self.id}"


class Destinations:
    """All destinations of a server.

    Args:
        sources: whose calls they get.
        seed: of keys, of vendors' ids, of samples and of jitter.
        on_change: called with each delivery that was opened or changed.
        meter: bounds the bytes of queues, deliveries, vendors' logs and states.
        background: frees what was cleared.

    Attributes:
        by_source: by write key, in the order in which they were added; none is empty.
        dispatcher: sends them what they are to have.
        ledger: of deliveries.
        audiences: and computed traits, of all sources.
        strangers: by vendor, requests whose key belongs to no destination.
        added: number of destinations that were ever added.
        on_connected: called with each destination that was added or changed.
        on_removed: called with each that was taken away.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        seed: int,
        on_change: Callable[[KeptDelivery], object],
        meter: Meter,
        background: BackgroundWork,
    ) -> None:
        self._sources = sources
        self._meter = meter
        self._background = background
        meter.accounts["vendor_logs"].evict = self._evict_logs
        self._all: dict[str, Connected] = {}
        self.by_source: dict[str, tuple[Connected, ...]] = {}
        self.added = 0
        self._seed = seed
        # What restored ones were made from.
        self._restored: list[AddDestination] = []
        self.on_connected: Callable[[Connected], object] = lambda _: None
        self.on_removed: Callable[[Connected], object] = lambda _: None
        self.strangers: dict[str, VendorLog] = {}
        self.audiences = Audiences(meter=meter)
        self.ledger = Ledger(on_change=on_change, meter=meter, background=background)
        self.dispatcher = Dispatcher(
            ledger=self.ledger,
            clock_of=sources.clock_of,
            seed=seed,
            meter=meter,
            background=background,
        )

    # --- which there are

    def __len__(self) -> int:
        return len(self._all)

    def get(self, id_: str) -> Connected | None:
        return self._all.get(id_)

    def of(self, source: str | None) -> tuple[Connected, ...]:
        """Return the destinations of a source, or all, in the order in which they were added."""
        return tuple(self._all.values()) if source is None else self.by_source.get(source, ())

    def add(self, asked: AddDestination) -> Connected:
        """Connect a destination to a source, which opens now if it is new.

        Raises:
            OperationError: 422 with the field and what is allowed; 409 the key is in use.
                Nothing is changed then.
        """
        if len(self._all) >= MOST_DESTINATIONS:
            raise OperationError(
                f"there are {MOST_DESTINATIONS} destinations already; remove some first",
                status=422,
                code="too_many_destinations",
                details={"allowed": MOST_DESTINATIONS},
            )
        kind = KINDS.get(asked.type)
        if kind is None:
            raise unknown_parameter("type", "destination type", asked.type, KINDS)
        given, key = asked, asked.settings.get("apiKey")
        self._refuse_known_key(kind, key, besides=None)
        # The same for the same place among all, whether the server was restarted before or not.
        chance = random.Random(f"{self._seed} {self.added + 1}")  # noqa: S311  (ids and a test's keys, not secrets)
        if key is None and not kind.type.startswith("webhook"):
            key = f"{chance.getrandbits(4 * _KEY_HEX_DIGITS):0{_KEY_HEX_DIGITS}x}"
            asked = replace(asked, settings={**asked.settings, "apiKey": key})
        # A name that is unknown is told first, even where nothing can be set up.
        _setup(kind, _given_setup(asked))
        if _is_own(asked) and _given_setup(asked):
            raise invalid(
                "setup",
                "`settings.url` names a service of your own, where mockseg can set nothing up",
                allowed="setup, attributes and events only without settings.url",
            )
        id_ = f"{kind.type}-{self.added + 1}"
        seed = 0.0 if _is_own(asked) else chance.random()
        connected = self._connect(id_, given, asked, key=str(key or ""), seed=seed)
        self.added += 1
        connected.source.restored("destinations")
        self.on_connected(connected)
        return connected

    def add_missing(self, asked: AddDestination) -> None:
        """Connect a destination, unless one that was made from the same was restored.

        Raises:
            OperationError: as for `add`.
        """
        if asked in self._restored:
            self._restored.remove(asked)
        else:
            self.add(asked)

    def restore(
        self, id_: str, *, given: AddDestination, asked: AddDestination, key: str, seed: float
    ) -> Connected:
        """Connect a destination of an earlier run; as :class:`Connected` has it.

        Raises:
            OperationError: it can no longer be used.
        """
        if asked.type not in KINDS:
            raise unknown_parameter("type", "destination type", asked.type, KINDS)
        self._restored.append(given)
        return self._connect(id_, given, asked, key=key, seed=seed)

    def _connect(
        self, id_: str, given: AddDestination, asked: AddDestination, *, key: str, seed: float
    ) -> Connected:
        kind = KINDS[asked.type]
        setup = _setup(kind, _given_setup(given))
        vendor = None if _is_own(given) else self._imitation(kind, setup, key, seed=seed)
        destination = _destination_of(asked, id_, vendor)
        source = self._sources.claim(asked.source)
        connected = Connected(given, asked, destination, vendor, source, key, seed)
        self._all[id_] = connected
        self.by_source[source.key] = (*self.of(source.key), connected)
        return connected

    def patch(self, connected: Connected, changes: dict[str, Any]) -> Connected:
        """Change how calls are forwarded from now on.

        Args:
            connected: the destination.
            changes: settings by their names; ``settings`` are merged into those it has.

        Raises:
            OperationError: as for `add`.
        """
        if "settings" in changes:
            merged = connected.asked.settings | changes["settings"]
            changes["settings"] = {k: v for k, v in merged.items() if v is not None}
        changed = replace(connected.asked, **changes)
        destination = _destination_of(changed, connected.id, connected.vendor)
        self._refuse_known_key(connected.kind, changed.settings.get("apiKey"), besides=connected)
        connected.asked, connected.destination = changed, destination
        self.dispatcher.replace(destination)
        self.on_connected(connected)
        return connected

    def remove(self, connected: Connected) -> None:
        """Take a destination away; what waits for it is not sent any more."""
        self._all.pop(connected.id, None)
        key = connected.source.key
        self.by_source[key] = tuple(each for each in self.of(key) if each is not connected)
        if not self.by_source[key]:
            del self.by_source[key]
        self.dispatcher.drop_destination(connected.id)
        if connected.vendor is not None:
            connected.vendor.close()
        self.on_removed(connected)

    def reset_source(self, key: str) -> None:
        """Forget the deliveries of a source and what reached its vendors; they keep their state."""
        self.dispatcher.drop_source(key)
        for connected in self.of(key):
            if connected.vendor is not None:
                connected.vendor.log.clear()

    def forget_strangers(self) -> None:
        for log in self.strangers.values():
            log.clear()

    def drop_source(self, key: str) -> None:
        self.audiences.drop(key)
        self.dispatcher.drop_source(key)
        for connected in self.of(key):
            self.remove(connected)

    # --- what they are sent, and what reaches them

    def offer(self, source: str, calls: Iterable[KeptCall]) -> None:
        """Hand accepted calls to the destinations of their source; waits for none of them."""
        for connected in self.by_source.get(source, ()):
            self.dispatcher.offer(connected.destination, calls)

    def due(self, key: str | None) -> bool:
        """Return whether a retry of a source, or of any, should have been made by now."""
        return any(
            next_ns <= self._sources.clock_of(source).now_ns()
            for source, next_ns in self.ledger.next_retries(key)
        )

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
            timed = dataclasses.replace(request, received_ns=self._sources.clock_of(None).now_ns())
            response = unread or imitation.stranger(timed)
            log = self.strangers.get(vendor)
            if log is None:
                log = self.strangers[vendor] = VendorLog(self._meter, self._background)
            log.keep("client", timed, response)
            return response
        timed = dataclasses.replace(request, received_ns=connected.source.clock.now_ns())
        if unread is not None:
            connected.vendor.log.keep("client", timed, unread)
            return unread
        return connected.vendor.receive(timed, sender="client")

    def _evict_logs(self, excess: Callable[[], int]) -> None:
        vendors = {id_: each.vendor for id_, each in self._all.items() if each.vendor is not None}
        # Kinds and ids have different names.
        logs = self.strangers | {id_: vendor.log for id_, vendor in vendors.items()}
        evict_largest(
            logs,
            size=lambda log: log.size_bytes,
            evict=lambda log, _: log.evict(1),
            excess=excess,
            slack=self._meter.max_bytes // 100,
        )

    def _imitation(self, kind: Kind, setup: Setup, key: str, *, seed: float) -> Vendor:
        class_ = imitation_class(kind.type)
        try:
            imitation = class_(setup, key=key, random=random.Random(seed))  # noqa: S311  (ids and a test's keys, not secrets)
            return Vendor(imitation, meter=self._meter, background=self._background)
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


def _destination_of(asked: AddDestination, id_: str, vendor: Vendor | None) -> Destination:
    return make_destination(
        asked,
        id=id_,
        source=asked.source,
        receive=None if vendor is None else vendor.receive,
        inlet=f"/vendors/{asked.type}/{id_}/segment",
    )


def _is_own(asked: AddDestination) -> bool:
    """Return whether it is a service of the user's own, and nothing is imitated."""
    return bool({"url", "urls"} & set(asked.settings))


def _given_setup(asked: AddDestination) -> JsonObject:
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
