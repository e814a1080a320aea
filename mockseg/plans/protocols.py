"""The settings of Protocols: what becomes of a call that the plan does not allow.

Names and values are those of ``GET /sources/{id}/settings`` of Segment's Public API.
Standard controls (unplanned events and properties, violations) run before those of
the common schema (Protocols, "Customize your schema controls"). Segment has them for
track, identify and group; pages, screens and aliases are never blocked. The default
allows everything, as Segment's does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mockseg.conversion import convert
from mockseg.errors import ConfigError, OperationError
from mockseg.plans.omission import Omissions
from mockseg.plans.violations import segment_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.domain.findings import Violation
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Rule

__all__ = [
    "ALLOW_ALL",
    "Outcome",
    "ProtocolsSettings",
    "TrackSettings",
    "TraitSettings",
    "decide",
    "settings_from_json",
    "settings_to_json",
]


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
    def leaves_good_calls_alone(self) -> bool:
        """Tell whether nothing becomes of a call without violations."""
        return (
            self.track.allow_unplanned_event_properties
            and self.identify.allow_unplanned_traits
            and self.group.allow_unplanned_traits
            and not self.disabled_events
        )


ALLOW_ALL: Final = ProtocolsSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a call.

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
    """Write settings with Segment's names, all of them."""
    document: JsonObject = msgspec.to_builtins(settings)
    return document


def decide(
    message: JsonObject,
    violations: tuple[Violation, ...],
    settings: ProtocolsSettings,
    *,
    common: tuple[Violation, ...] = (),
    rules: tuple[Rule, ...] = (),
    source_id: str = "",
) -> Outcome:
    """Apply the settings to a call; pure, the message given is not changed.

    Args:
        message: the normalised message.
        violations: of its own rules, or that it is unplanned.
        settings: the source's.
        common: violations of COMMON rules.
        rules: the rules that judged it; what none of them names is unplanned.
        source_id: for ``context.protocols``.
    """
    kind = message.get("type")
    omissions = Omissions(message)
    code: str | None = None
    if kind == "track":
        code = _judge_track(message, violations, settings, common=common)
        _omit(
            omissions,
            (settings.track.allow_unplanned_event_properties, rules),
            (settings.track.allow_properties_on_violations, violations),
            (settings.track.common_event_on_violations != "OMIT_PROPERTIES", common),
        )
    elif kind in {"identify", "group"}:
        controls = settings.identify if kind == "identify" else settings.group
        if common and controls.common_event_on_violations == "BLOCK":
            code = "common_schema_violation"
        _omit(
            omissions,
            (controls.allow_unplanned_traits, rules),
            (controls.allow_traits_on_violations, violations),
            (controls.common_event_on_violations != "OMIT_TRAITS", common),
        )
    every = violations + common
    return Outcome(
        message=_traced(omissions, every, source_id),
        blocked=code is not None,
        code=code,
        violations=every,
        omitted=tuple(omissions.unplanned),
        omitted_on_violation=tuple(omissions.violating),
    )


def _judge_track(
    message: JsonObject,
    violations: tuple[Violation, ...],
    settings: ProtocolsSettings,
    *,
    common: tuple[Violation, ...],
) -> str | None:
    """Give Segment's discard code if the settings block this track call."""
    track = settings.track
    if message.get("event") in settings.disabled_events:
        return "event_setting"
    unplanned = any(violation.code == "unplanned_event" for violation in violations)
    common_blocks = bool(common) and track.common_event_on_violations == "BLOCK"
    if unplanned and not track.allow_unplanned_events:
        return "unplanned_and_schema_violation" if common_blocks else "unplanned"
    if violations and not unplanned and not track.allow_event_on_violations:
        return "schema_violation"
    return "common_schema_violation" if common_blocks else None


def _omit(
    omissions: Omissions,
    unplanned: tuple[bool, tuple[Rule, ...]],
    violating: tuple[bool, tuple[Violation, ...]],
    common: tuple[bool, tuple[Violation, ...]],
) -> None:
    """Take out what each control does not allow: pairs of "allowed" and what it is about."""
    if not unplanned[0] and unplanned[1]:
        omissions.omit_unplanned([rule.schema for rule in unplanned[1]])
    for allowed, violations in (violating, common):
        if not allowed:
            omissions.omit_violating([violation.instance_path for violation in violations])


def _traced(omissions: Omissions, violations: Iterable[Violation], source_id: str) -> JsonObject:
    """Give the message with what was found in ``context.protocols`` (facts on in-event traces)."""
    trace: JsonObject = {
        "violations": [
            {"type": each.type, "field": each.field, "description": segment_text(each)}
            for each in violations
        ],
        "omitted": omissions.unplanned,
        "omitted_on_violation": omissions.violating,
    }
    message = omissions.message
    if not any(trace.values()):
        return message
    context = message.get("context")
    context = dict(context) if isinstance(context, dict) else {}
    protocols = context.get("protocols")
    own = protocols if isinstance(protocols, dict) else {}
    filled = {key: value for key, value in trace.items() if value}
    context["protocols"] = {**own, "sourceId": source_id, **filled}
    return {**message, "context": context}
