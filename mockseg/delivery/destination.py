"""A destination as Segment's side has it: where calls go, and which of them. Pure.

The order of the checks, as far as Segment's pages have it: consent is looked at before the
integrations object; both come before the check of supported types, which comes before
destination filters. Reasons are the codes of its delivery overview.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from mockseg.delivery.filters import Filters, GivenFilters, compile_filters, listed_filters
from mockseg.delivery.retrying import RetryPolicy
from mockseg.delivery.settings import Settings, read_settings, refuse
from mockseg.destinations.kinds import KINDS, Kind
from mockseg.destinations.vendor import VendorRequest, VendorResponse
from mockseg.json_types import Json, JsonObject, as_object
from mockseg.suggestions import unknown_parameter
from mockseg.warehouse.loader import excluded

CallType: TypeAlias = Literal["identify", "track", "page", "screen", "group", "alias"]
ConnectionMode: TypeAlias = Literal["cloud", "device"]


class Refusal(NamedTuple):
    """Why a call does not go to a destination.

    Attributes:
        reason: Segment's code.
        description: one sentence.
    """

    reason: str
    description: str


def route(
    message: JsonObject, destination: Destination, *, seed: int, replayed: bool = False
) -> Refusal | None:
    """Decide whether a call goes to a destination; filters change the message in place.

    Args:
        message: normalised, decoded for this delivery alone.
        destination: of the source of the call.
        seed: of samples.
        replayed: whether it is delivered again; then the destination need not be enabled, as
            Segment's page on replays says.

    Returns:
        None when it goes there.
    """
    if not destination.spec.enabled and not replayed:
        return Refusal(
            "NO_ENABLED_DESTINATIONS", f"the destination {destination.name} is not enabled"
        )
    refusal = _kept_from(message, destination)
    if refusal is not None:
        return refusal
    if message.get("type") not in destination.forwards:
        allowed = ", ".join(sorted(destination.forwards)) or "no"
        return Refusal(
            "UNSUPPORTED_EVENT_TYPE",
            f"{destination.kind.names[0]} is sent {allowed} calls, not {message.get('type')}",
        )
    if destination.filters.steps or destination.filters.invalid:
        sentence = destination.filters.apply(message, seed=seed)
        if sentence is not None:
            return Refusal("FILTERED_BY_RULES", sentence)
    return None


def _kept_from(message: JsonObject, destination: Destination) -> Refusal | None:
    """Look at what the user consents to, what the device has sent, and at ``integrations``."""
    if destination.spec.connection_mode == "device":
        return _sent_by_device(message, destination.kind) or Refusal(
            "device_mode",
            f"{destination.name} is connected in device mode: the SDK in the browser sends to it,"
            " and Segment's server does not",
        )
    integrations = as_object(message.get("integrations"))
    if destination.spec.consent_categories:
        refusal = _without_consent(message, destination, integrations=integrations)
        if refusal is not None:
            return refusal
    if destination.kind.storage:
        return _kept_out(message, destination)
    return _sent_by_device(message, destination.kind) or _not_integrated(
        integrations, destination.kind
    )


def own_settings(message: JsonObject, kind: Kind) -> JsonObject:
    """Return the settings that a call itself has for a kind of destination, else none."""
    integrations = message.get("integrations")
    if not integrations or not isinstance(integrations, dict) or kind.storage:
        return {}
    own = _own_value(integrations, kind)[1]
    return own if isinstance(own, dict) else {}


def for_replay(kind: Kind) -> JsonObject:
    """Return the integrations object of a replayed call: this destination and no other.

    Source: Segment's page on replays; filters and consent still apply.
    """
    return {"All": False, kind.names[0]: True}


def _without_consent(
    message: JsonObject, destination: Destination, *, integrations: JsonObject
) -> Refusal | None:
    """Look at ``context.consent``; the table is that of Segment's page on consent.

    Without the object nothing is enforced. An empty object counts as no consent at all when
    the call has an integrations object too; empty ``categoryPreferences`` always do. A
    category that the call does not name is not consented to.
    """
    context = message.get("context")
    consent = context.get("consent") if isinstance(context, dict) else None
    if not isinstance(consent, dict):
        return None
    preferences = consent.get("categoryPreferences")
    if not isinstance(preferences, dict):
        if not integrations:
            return None
        preferences = {}
    for category in destination.spec.consent_categories:
        if preferences.get(category) is not True:
            return Refusal(
                "FILTERED_BY_END_USER_CONSENT",
                f"the user does not consent to the category {category!r} of {destination.name}",
            )
    return None


def _sent_by_device(message: JsonObject, kind: Kind) -> Refusal | None:
    """Look at ``_metadata.bundled``: SDKs list the destinations there that they sent a call to.

    Source: the public code of the SDKs for browsers, Kotlin, Swift and React Native, which put
    it at the top level; ``unbundled`` has no such meaning.
    """
    metadata = message.get("_metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("bundled"), list):
        for name in kind.names:
            if name in metadata["bundled"]:
                return Refusal(
                    "MESSAGE_SENT_CLIENT_SIDE",
                    f"`_metadata.bundled` names {name}: the device sent it there",
                )
    return None


def _kept_out(message: JsonObject, destination: Destination) -> Refusal | None:
    """Look at ``integrations.Warehouses``; nothing else keeps a call out of a warehouse."""
    if not excluded(message, destination.id):
        return None
    return Refusal(
        "FILTERED_BY_INTEGRATIONS_OBJECT",
        f"`integrations.Warehouses` keeps it out of {destination.id}",
    )


def _not_integrated(integrations: JsonObject, kind: Kind) -> Refusal | None:
    """Look at the integrations object.

    Source: Segment's pages "Filtering your Segment data" and the Spec: names are case
    sensitive, ``All`` is true by default, a destination's own value goes before it. Values
    that are neither a boolean nor an object say nothing.
    """
    name, own = _own_value(integrations, kind)
    if own is False:
        return Refusal("FILTERED_BY_INTEGRATIONS_OBJECT", f"`integrations.{name}` is false")
    if own is None and integrations.get("All") is False:
        return Refusal(
            "FILTERED_BY_INTEGRATIONS_OBJECT",
            f"`integrations.All` is false and {kind.names[0]} is not named",
        )
    return None


def _own_value(integrations: JsonObject, kind: Kind) -> tuple[str, Json]:
    """Return what the integrations object has for a kind, by its first name that is there."""
    for name in kind.names:
        value = integrations.get(name)
        if isinstance(value, bool | dict):
            return name, value
    return "", None


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
        type: userengage, userleap, candu, userguiding, webhook, webhook-actions
            or warehouse.
        name: for people; by default Segment's name for the type.
        enabled: whether calls are forwarded to it.
        settings: as on its settings page at Segment: ``apiKey`` (minted if omitted),
            ``url`` or ``urls`` of your own service (without one, mockseg's imitation
            receives), ``headers``, ``sharedSecret``, and others of the type.
        filters: at most ten destination filters: ``if`` in FQL, and what happens to the calls
            that match; also the whole answer of Segment's Public API, ``{"data": {"filters"}}``.
        invalid_filters: what happens to filters that cannot be read: ``refuse`` names what is
            wrong, ``store`` keeps them as Segment does, and then nothing is delivered.
        forwards: the call types that Segment forwards to it; by default those that the
            destination's page at Segment names, and all for Candu, whose catalog entry says no
            screen calls.
        connection_mode: ``cloud``: the server sends to it; or ``device``: the SDK in the browser
            does, and the server sends nothing. The CDN's settings name it then, with its filters.
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
    filters: GivenFilters = []
    invalid_filters: Literal["refuse", "store"] = "refuse"
    forwards: list[CallType] | None = None
    connection_mode: ConnectionMode = "cloud"
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
    def forwards(self) -> frozenset[str]:
        """What Segment forwards to it: types of calls, and ``delete`` where its kind takes it."""
        own = self.spec.forwards
        return self.kind.forwards if own is None else frozenset(own)

    @property
    def takes_deletions(self) -> bool:
        return "delete" in self.kind.forwards and self.spec.enabled

    @property
    def urls(self) -> tuple[str, ...]:
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
    if kind.storage and spec.filters:
        refuse(
            "filters",
            "`filters` would do nothing: Segment's destination filters do not act on warehouses",
            allowed="no filters",
        )
    if spec.connection_mode == "device" and not kind.in_browsers:
        refuse(
            "connectionMode",
            f"`connectionMode` is 'device', and only a server sends to {kind.type}",
            allowed=["cloud"],
        )
    if not settings.urls and receive is None:
        refuse(
            "settings.url",
            "`settings.url` is missing, and mockseg does not imitate this destination",
            allowed="an absolute http or https URL",
        )
    return Destination(
        id=id,
        kind=kind,
        source=source,
        spec=spec,
        settings=settings,
        filters=compile_filters(
            listed_filters(spec.filters), store_invalid=spec.invalid_filters == "store"
        ),
        receive=None if settings.urls else receive,
        inlet=inlet,
    )
