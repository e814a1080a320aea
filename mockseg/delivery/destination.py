"""A destination as Segment's side has it: where calls go, and which of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from mockseg.delivery.filters import Filters, FilterSpec, compile_filters
from mockseg.delivery.retrying import RetryPolicy
from mockseg.delivery.settings import Settings, read_settings, refuse
from mockseg.destinations.kinds import KINDS
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.destinations.kinds import Kind
    from mockseg.destinations.vendor import VendorRequest, VendorResponse


class DestinationSpec(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What a destination is made from.

    Attributes:
        type: of :data:`mockseg.destinations.kinds.KINDS`.
        name: for people; by default the kind's.
        enabled: nothing is sent to one that is not.
        settings: see :func:`mockseg.delivery.settings.read_settings`.
        filters: at most ten.
        consent_categories: a call that says what its user consents to goes to a destination
            in categories only when it consents to all of them.
        retry: of failed attempts.
        concurrency: attempts at once; calls of one user are never sent at once.
        timeout_seconds: of one attempt; by default the kind's.
    """

    type: str
    name: str = ""
    enabled: bool = True
    settings: dict[str, Any] = {}
    filters: list[FilterSpec] = []
    consent_categories: list[str] = []
    retry: RetryPolicy = RetryPolicy()
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    timeout_seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Destination:
    """A destination of one source.

    Attributes:
        id: names it; another object with the same id is the same destination, changed.
        kind: of destination.
        source: the write key of the source whose calls it gets.
        name: for people.
        enabled: nothing is sent to one that is not.
        settings: where and how it is sent to.
        filters: which calls, and what of them.
        consent_categories: of which its users' consent is needed.
        retry: of failed attempts.
        concurrency: attempts at once.
        timeout_seconds: of one attempt, by the clock of the source.
        receive: an imitation in this process, called instead of sending; else None.
        inlet: the URL that the ledger names for an imitation.
    """

    id: str
    kind: Kind
    source: str
    name: str = ""
    enabled: bool = True
    settings: Settings = dataclasses.field(default_factory=Settings)
    filters: Filters = dataclasses.field(default_factory=Filters)
    consent_categories: tuple[str, ...] = ()
    retry: RetryPolicy = dataclasses.field(default_factory=RetryPolicy)
    concurrency: int = 10
    timeout_seconds: float = 10.0
    receive: Callable[[VendorRequest], VendorResponse] | None = None
    inlet: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """Give where attempts go."""
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
        name=spec.name or kind.names[0],
        enabled=spec.enabled,
        settings=settings,
        filters=compile_filters(spec.filters),
        consent_categories=tuple(dict.fromkeys(spec.consent_categories)),
        retry=spec.retry,
        concurrency=spec.concurrency,
        timeout_seconds=(
            kind.timeout_seconds if spec.timeout_seconds is None else spec.timeout_seconds
        ),
        receive=None if settings.urls else receive,
        inlet=inlet,
    )
