"""A destination as Segment's side has it: where calls go, and which of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from mockseg.delivery.filters import Filters, FilterSpec, compile_filters
from mockseg.delivery.retrying import RetryPolicy
from mockseg.delivery.settings import Settings, read_settings, refuse
from mockseg.destinations.kinds import KINDS
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.destinations.kinds import Kind
    from mockseg.destinations.vendor import VendorRequest, VendorResponse


class DestinationSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The settings of a destination.

    Attributes:
        type: userengage, userleap, candu, userguiding, webhook or webhook-actions.
        name: for people; by default Segment's name for the type.
        enabled: whether calls are forwarded to it.
        settings: as on its settings page at Segment: ``apiKey`` (minted if omitted),
            ``url`` or ``urls`` of your own service (without one, mockseg's imitation
            receives), ``headers``, ``sharedSecret``, and others of the type.
        filters: at most ten destination filters: ``if`` in FQL, and what happens to the calls
            that match.
        consent_categories: the consent categories that it is mapped to. A call that says what
            its user consents to is only forwarded if the user consents to all of them.
        retry: how long and how often a delivery is retried.
        concurrency: maximum number of attempts at once; calls of one user are never sent at
            once.
        timeout_seconds: of one attempt, by the clock of the source; the type's own by default.
    """

    type: str
    name: str = ""
    enabled: bool = True
    settings: JsonObject = {}
    filters: list[FilterSpec] = []
    consent_categories: list[str] = []
    retry: RetryPolicy = RetryPolicy()
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    timeout_seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Destination:
    """A destination of one source: its settings, read and compiled.

    Attributes:
        id: names it; another object with the same id is the same destination, changed.
        kind: of destination.
        source: the write key of the source whose calls it gets.
        spec: its settings.
        settings: where and how it is sent to.
        filters: which calls, and what of them.
        receive: an imitation in this process, called instead of sending; else None.
        inlet: the URL that the ledger names for an imitation.
    """

    id: str
    kind: Kind
    source: str
    spec: DestinationSpec
    settings: Settings
    filters: Filters = dataclasses.field(default_factory=Filters)
    receive: Callable[[VendorRequest], VendorResponse] | None = None
    inlet: str = ""

    @property
    def name(self) -> str:
        return self.spec.name or self.kind.names[0]

    @property
    def timeout_seconds(self) -> float:
        own = self.spec.timeout_seconds
        return self.kind.timeout_seconds if own is None else own

    @property
    def takes_deletions(self) -> bool:
        return "delete" in self.kind.forwards and self.spec.enabled

    @property
    def urls(self) -> tuple[str, ...]:
        """Where attempts go."""
        return self.settings.urls if self.receive is None else (self.inlet,)


def make_destination(
    spec: DestinationSpec,
    *,
    id: str,  # noqa: A002  (the word that the API has for it)
    source: str,
    receive: Callable[[VendorRequest], VendorResponse] | None = None,
    inlet: str = "",
) -> Destination:
    """Make a destination.

    Args:
        spec: what it is made from.
        id: names it.
        source: a write key.
        receive: an imitation; used where the settings name no URL of the user's own.
        inlet: the imitation's URL.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    kind = KINDS.get(spec.type)
    if kind is None:
        raise unknown_parameter("type", "destination type", spec.type, KINDS)
    settings = read_settings(kind, spec.settings)
    if not settings.urls and receive is None:
        refuse(
            "settings.url",
            "`settings.url` is missing, and there is no imitation to send to",
            allowed="an absolute http or https URL",
        )
    return Destination(
        id=id,
        kind=kind,
        source=source,
        spec=spec,
        settings=settings,
        filters=compile_filters(spec.filters),
        receive=None if settings.urls else receive,
        inlet=inlet,
    )
