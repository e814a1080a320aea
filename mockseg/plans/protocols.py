"""The settings of Protocols: which calls are blocked, and which values are omitted.

Names and values are those of ``GET /sources/{id}/settings`` of Segment's Public API.
Standard controls (unplanned events and properties, violations) run before those of
the common schema (Protocols, "Customize your schema controls"). Segment has them for
track, identify and group; pages, screens and aliases are never blocked. The default
allows everything, as Segment's does.

Calls that Protocols sends to another source: "Forward Violations", "Forward blocked events".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from mockseg.conversion import convert
from mockseg.domain.findings import Violation
from mockseg.domain.message import holder_of
from mockseg.errors import ConfigError, OperationError
from mockseg.json_types import Json, JsonObject, as_object, as_text
from mockseg.plans.model import Rule
from mockseg.plans.reported import ReportedViolation
from mockseg.schemas.tree import pointer_path, properties_of

VIOLATION_EVENT: Final = "Violation Generated"

# What Go writes for a time that was not given; Segment's own example has it.
_NO_TIME: Final = "0001-01-01T00:00:00Z"
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a forwarded call comes from.

    Attributes:
        source_id: Segment's id of the source; mockseg uses the write key.
        source_name: its name for people.
        source_slug: its name in addresses.
        plan_id: the id of the tracking plan (``rs_...``).
        plan_name: the plan's name.
    """

    source_id: str
    source_name: str = ""
    source_slug: str = ""
    plan_id: str = ""
    plan_name: str = ""


def violation_generated(
    message: JsonObject, violation: ReportedViolation, *, origin: Origin, now: str
) -> JsonObject:
    """Make the ``Violation Generated`` call for one violation, exactly as documented.

    Args:
        message: the normalised message that violates the plan.
        violation: one of its violations; each gets a call of its own.
        origin: the source and plan that it was found by.
        now: the time, ISO 8601, for ``receivedAt`` and ``timestamp``.

    Returns:
        A whole track message. Its messageId follows from the violating message and the
        violation, so that checking a message twice does not count twice.
    """
    app = as_object(as_object(message.get("context")).get("app"))
    return {
        "context": {"app": None, "library": {"name": "analytics-node", "version": "2.1.0"}},
        "event": VIOLATION_EVENT,
        "integrations": {},
        "messageId": _message_id(message, violation),
        "properties": {
            "appVersion": as_text(app.get("version")),
            "eventMessageID": as_text(message.get("messageId")),
            "eventName": as_text(message.get("event")),
            "eventSentAt": as_text(message.get("sentAt")) or _NO_TIME,
            "eventTimestamp": as_text(message.get("originalTimestamp")) or _NO_TIME,
            "eventType": as_text(message.get("type")),
            "sourceID": origin.source_id,
            "sourceName": origin.source_name,
            "sourceSlug": origin.source_slug,
            "trackingPlanID": origin.plan_id,
            "trackingPlanName": origin.plan_name,
            "violationDescription": violation.description,
            "violationField": violation.field,
            "violationType": violation.type,
        },
        "receivedAt": now,
        "timestamp": now,
        "type": "track",
        "userId": "schema-violations",
        "forwardedFromProject": origin.source_id,
    }


def reported_in(message: JsonObject) -> tuple[ReportedViolation, ...]:
    """Return the violations that a judged message carries in ``context.protocols``."""
    protocols = as_object(as_object(message.get("context")).get("protocols"))
    entries: list[JsonObject] = protocols.get("violations", [])
    return tuple(ReportedViolation(**entry) for entry in entries)


def forwarded_blocked(message: JsonObject, *, origin: Origin) -> JsonObject:
    """Make the call that a source for blocked calls gets: the same, marked with its origin."""
    return {**message, "forwardedFromProject": origin.source_id}


def _message_id(message: JsonObject, violation: ReportedViolation) -> str:
    seed = "\0".join(
        (as_text(message.get("messageId")), violation.type, violation.field, violation.description)
    )
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "replace")).digest(), "big")
    letters = []
    for _ in range(32):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "sch-" + "".join(letters)


class Omissions:
    """A message from which values are taken out.

    Attributes:
        message: what is left; the message given itself until something is taken out.
        unplanned: what was taken out because no rule names it, dotted.
        violating: what was taken out because it violates a rule, dotted.
    """

    __slots__ = ("_holder", "message", "unplanned", "violating")

    def __init__(self, message: JsonObject) -> None:
        self.message = message
        self.unplanned: list[str] = []
        self.violating: list[str] = []
        self._holder = holder_of(str(message.get("type")))

    def omit_unplanned(self, schemas: list[JsonObject]) -> None:
        held = self.message.get(self._holder)
        if not isinstance(held, dict):
            return
        planned: set[str] = set()
        for schema in schemas:
            planned |= planned_names(schema, self._holder)
        for name in sorted(set(held) - planned):
            self._take_out([self._holder, name])
            self.unplanned.append(f"{self._holder}.{name}")

    def omit_violating(self, pointers: Iterable[str]) -> None:
        """Take out what stands at these JSON pointers, below properties or traits only.

        An item of a list is not taken out alone, which would move the others: the
        property that holds the list goes.
        """
        for pointer in pointers:
            path = list(map(str, pointer_path(self.message, pointer)))
            if len(path) < 2 or path[0] != self._holder:
                continue
            if kept := self._present(path):
                self._take_out(kept)
                self.violating.append(".".join(kept))

    def _present(self, path: list[str]) -> list[str]:
        """Return the part of a path that may be taken out, or nothing if nothing is there."""
        node: object = self.message
        for depth, name in enumerate(path):
            if isinstance(node, list):
                return path[:depth]
            if not isinstance(node, dict) or name not in node:
                return []
            node = node[name]
        return path

    def _take_out(self, path: list[str]) -> None:
        copy = dict(self.message)
        self.message = copy
        for name in path[:-1]:
            copy[name] = dict(copy[name])
            copy = copy[name]
        del copy[path[-1]]


def planned_names(schema: JsonObject, holder: str) -> set[str]:
    """Return the names of properties or traits that a rule knows, in whichever branch.

    Args:
        schema: the rule's, over the whole message.
        holder: ``properties`` or ``traits``.
    """
    return {
        name
        for held, path in properties_of(schema, ())
        if held == holder
        for name, _ in properties_of(schema, path)
    }


class TrackSettings(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The controls of track calls.

    Attributes:
        allow_unplanned_events: false blocks events that no plan knows.
        allow_unplanned_event_properties: false omits properties that no plan knows.
        allow_event_on_violations: false blocks calls that violate their rule.
        allow_properties_on_violations: false omits the properties that violate it.
        common_event_on_violations: what violations of the common schema do.
    """

    allow_unplanned_events: bool = True
    allow_unplanned_event_properties: bool = True
    allow_event_on_violations: bool = True
    allow_properties_on_violations: bool = True
    common_event_on_violations: Literal["ALLOW", "BLOCK", "OMIT_PROPERTIES"] = "ALLOW"


class TraitSettings(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The controls of identify calls, or of group calls.

    Attributes:
        allow_unplanned_traits: false omits traits that no plan knows.
        allow_traits_on_violations: false omits the traits that violate the rule.
        common_event_on_violations: what violations of the common schema do.
    """

    allow_unplanned_traits: bool = True
    allow_traits_on_violations: bool = True
    common_event_on_violations: Literal["ALLOW", "BLOCK", "OMIT_TRAITS"] = "ALLOW"


class ProtocolsSettings(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """All controls of a source.

    Attributes:
        track: of track calls.
        identify: of identify calls.
        group: of group calls.
        disabled_events: events switched off in the source's schema, which are blocked as
            ``event_setting``; Segment keeps these elsewhere, the name is ours.
        forwarding_violations_to: write key of the source that gets a ``Violation Generated``
            call for each violation; Segment has a source's id here.
        forwarding_blocked_events_to: write key of the source that gets the blocked calls.
    """

    track: TrackSettings = TrackSettings()
    identify: TraitSettings = TraitSettings()
    group: TraitSettings = TraitSettings()
    disabled_events: tuple[str, ...] = ()
    forwarding_violations_to: str | None = None
    forwarding_blocked_events_to: str | None = None

    @property
    def omits_violating(self) -> bool:
        """Whether values are taken out of a call because they violate a rule."""
        return not (
            self.track.allow_properties_on_violations
            and self.identify.allow_traits_on_violations
            and self.group.allow_traits_on_violations
            and self.track.common_event_on_violations != "OMIT_PROPERTIES"
            and "OMIT_TRAITS"
            not in {
                self.identify.common_event_on_violations,
                self.group.common_event_on_violations,
            }
        )

    def omits_unplanned(self, kind: Json) -> bool:
        """Return whether names that no rule knows are taken out of calls of a type."""
        if kind == "track":
            return not self.track.allow_unplanned_event_properties
        if kind == "identify":
            return not self.identify.allow_unplanned_traits
        return kind == "group" and not self.group.allow_unplanned_traits

    @property
    def blocks(self) -> bool:
        """Whether there are calls that do not go on."""
        track = self.track
        return bool(
            self.disabled_events
            or not track.allow_unplanned_events
            or not track.allow_event_on_violations
            or "BLOCK"
            in {
                track.common_event_on_violations,
                self.identify.common_event_on_violations,
                self.group.common_event_on_violations,
            }
        )

    @property
    def leaves_good_calls_alone(self) -> bool:
        return (
            self.track.allow_unplanned_event_properties
            and self.identify.allow_unplanned_traits
            and self.group.allow_unplanned_traits
            and not self.disabled_events
        )


ALLOW_ALL: Final = ProtocolsSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fate of a call.

    Attributes:
        message: the message that goes on: what was omitted is gone, and
            ``context.protocols`` tells what was found; the very message if nothing was.
        blocked: whether it goes on at all.
        code: why it is blocked, one of Segment's discard codes.
        violations: all of them, those of the common schema last.
        omitted: the unplanned properties or traits that were taken out, dotted.
        omitted_on_violation: the same for those that violated a rule.
    """

    message: JsonObject
    blocked: bool = False
    code: str | None = None
    violations: tuple[Violation, ...] = ()
    omitted: tuple[str, ...] = ()
    omitted_on_violation: tuple[str, ...] = ()


def settings_from_json(value: Json) -> ProtocolsSettings:
    """Read settings, with Segment's names; what is left out is allowed.

    Raises:
        ConfigError: a name is unknown or a value is not allowed there.
    """
    try:
        return convert(value, ProtocolsSettings, where="")
    except OperationError as refusal:
        raise ConfigError(f"protocols: {refusal.message}") from None


def settings_to_json(settings: ProtocolsSettings) -> JsonObject:
    document: JsonObject = msgspec.to_builtins(settings)
    return document


def decide(
    message: JsonObject,
    violations: tuple[Violation, ...],
    settings: ProtocolsSettings,
    *,
    common: tuple[Violation, ...] = (),
    reported: tuple[ReportedViolation, ...] = (),
    rules: tuple[Rule, ...] = (),
    source_id: str = "",
) -> Outcome:
    """Apply the settings to a call; pure, the message given is not changed.

    Args:
        message: the normalised message.
        violations: of its own rules, or that it is unplanned.
        settings: the source's.
        common: violations of COMMON rules.
        reported: all of them as Segment reports them, for ``context.protocols``.
        rules: the rules that judged it; what none of them names is unplanned.
        source_id: for ``context.protocols``.
    """
    kind = message.get("type")
    omissions = Omissions(message)
    code = blocked_by(
        message,
        settings,
        unplanned=any(violation.code == "unplanned_event" for violation in violations),
        violates=bool(violations),
        common=bool(common),
    )
    # Whether violating values, and those of the common schema may stay.
    allowed = (True, True)
    if kind == "track":
        allowed = (
            settings.track.allow_properties_on_violations,
            settings.track.common_event_on_violations != "OMIT_PROPERTIES",
        )
    elif kind in {"identify", "group"}:
        controls = settings.identify if kind == "identify" else settings.group
        allowed = (
            controls.allow_traits_on_violations,
            controls.common_event_on_violations != "OMIT_TRAITS",
        )
    if settings.omits_unplanned(kind) and rules:
        omissions.omit_unplanned([rule.schema for rule in rules])
    for stays, found in zip(allowed, (violations, common), strict=True):
        if not stays:
            omissions.omit_violating(each.instance_path for each in found)
    every = violations + common
    return Outcome(
        message=_traced(omissions, reported, source_id),
        blocked=code is not None,
        code=code,
        violations=every,
        omitted=tuple(omissions.unplanned),
        omitted_on_violation=tuple(omissions.violating),
    )


def blocked_by(
    message: JsonObject,
    settings: ProtocolsSettings,
    *,
    unplanned: bool,
    violates: bool,
    common: bool,
) -> str | None:
    """Return the discard code of what blocks a call, or None.

    Args:
        message: the normalised message.
        settings: the source's.
        unplanned: whether no plan knows its event.
        violates: whether it violates its own rules.
        common: whether it violates a COMMON rule.
    """
    kind = message.get("type")
    if kind in {"identify", "group"}:
        controls = settings.identify if kind == "identify" else settings.group
        blocks = common and controls.common_event_on_violations == "BLOCK"
        return "common_schema_violation" if blocks else None
    if kind != "track":
        return None
    track = settings.track
    if message.get("event") in settings.disabled_events:
        return "event_setting"
    common_blocks = common and track.common_event_on_violations == "BLOCK"
    if unplanned and not track.allow_unplanned_events:
        return "unplanned_and_schema_violation" if common_blocks else "unplanned"
    if violates and not unplanned and not track.allow_event_on_violations:
        return "schema_violation"
    return "common_schema_violation" if common_blocks else None


def _traced(
    omissions: Omissions, reported: Iterable[ReportedViolation], source_id: str
) -> JsonObject:
    trace: JsonObject = {
        "violations": [each.as_json() for each in reported],
        "omitted": omissions.unplanned,
        "omitted_on_violation": omissions.violating,
    }
    message = omissions.message
    if not any(trace.values()):
        return message
    context = as_object(message.get("context"))
    filled = {key: value for key, value in trace.items() if value}
    protocols = as_object(context.get("protocols")) | {"sourceId": source_id} | filled
    return {**message, "context": {**context, "protocols": protocols}}
