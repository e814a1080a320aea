"""All the plans of a source, compiled: what a call violates.

Rules of the game (Segment's Protocols, and mockseg's where a source has several
plans, which Segment does not allow):

- A track call is checked by the rule whose key is exactly its event (or, in a plan of
  the catalogue that is lenient, another spelling of it). An event that several plans
  know must satisfy one of them. One that no plan knows is unplanned,
  if any plan has a rule for track calls at all.
- Other calls are checked by the rules for their type; a rule for pages or screens
  with a key is for the one of that name. Where a plan has no rule for pages, its
  track rule ``Page Viewed`` is one, and likewise ``Screen Viewed``.
- The version is ``context.protocols.event_version``; missing or unknown: the oldest.
- Every COMMON rule of every plan holds for every call.
- Where every plan of a source is strict and of the catalogue of a source (such as Candu),
  a page, screen or other call that none of them has a rule for is unplanned, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from mockseg.domain.findings import CallWarning, Violation
from mockseg.domain.message import SET_BY_SERVER, SHARED_BY_BATCH
from mockseg.errors import PlanError
from mockseg.json_types import JsonObject, as_object, as_text
from mockseg.plans.model import KEYED, Plan, Rule
from mockseg.plans.protocols import ALLOW_ALL, Outcome, ProtocolsSettings, decide
from mockseg.plans.reported import ReportedViolation, as_reported, reported
from mockseg.plans.violations import (
    uncounted,
    unplanned_call,
    unplanned_event,
    unreadable,
    user_id_differs,
    violations_of,
)
from mockseg.schemas.compiled import CompiledSchema, UnreadableValueError
from mockseg.schemas.soundness import sound_schema
from mockseg.schemas.tree import members_judged

# A plan without rules for pages may plan them as this track event (Protocols, FAQ).
VIEWED: Final = {"page": "Page Viewed", "screen": "Screen Viewed"}


class Versions:
    """The rules of one plan for one event, by version; compiled at first use.

    Attributes:
        plan: the plan's short name.
        only: whether there is one version, so that no message has to be asked.
    """

    __slots__ = ("_compiled", "_oldest", "_rules", "only", "plan")

    def __init__(self, rules: list[Rule], *, plan: str) -> None:
        self._rules = {rule.version: rule for rule in rules}
        self._oldest = min(self._rules)
        self._compiled: dict[int, CompiledSchema] = {}
        self.plan = plan
        self.only = len(rules) == 1

    def rule(self, message: JsonObject) -> Rule:
        """Return the rule of the version that a message asks for, else of the oldest."""
        if self.only:
            return self._rules[self._oldest]
        wanted = version_wanted(message)
        return self._rules[wanted if wanted in self._rules else self._oldest]

    def compiled(self, rule: Rule) -> CompiledSchema:
        """Return the compiled schema of one of the rules.

        Raises:
            PlanError: the plan was read without a check, and this schema is wrong.
        """
        found = self._compiled.get(rule.version)
        if found is None:
            found = sound_schema(rule.schema, file=self.plan, place=f"{rule.label}.jsonSchema")
            self._compiled[rule.version] = found
        return found


class PlanIndex:
    """One plan, to be asked for the rule of a call.

    Attributes:
        common: the COMMON rules.
        events: the keys of the track rules, without other spellings.
    """

    __slots__ = ("_exact", "_folded", "common", "events")

    def __init__(self, plan: Plan) -> None:
        grouped: dict[tuple[str, str | None], list[Rule]] = {}
        for rule in plan.rules:
            key = rule.key if rule.type in KEYED else None
            grouped.setdefault((rule.type.lower(), key), []).append(rule)
        common = [name for name in grouped if name[0] == "common"]
        self.common = tuple(Versions(grouped.pop(name), plan=plan.slug) for name in common)
        self._exact = {name: Versions(rules, plan=plan.slug) for name, rules in grouped.items()}
        self.events = tuple(key for kind, key in self._exact if kind == "track" and key)
        for (kind, _), rules in grouped.items():
            for alias in (alias for rule in rules for alias in rule.aliases):
                self._exact.setdefault((kind, alias), self._exact[kind, rules[0].key])
        for kind, event in VIEWED.items():
            viewed = self._exact.get(("track", event))
            if viewed is not None and not any(known == kind for known, _ in self._exact):
                self._exact[kind, None] = viewed
        self._folded: dict[tuple[str, str], Versions] | None = None
        if plan.caseless:
            self._folded = {}
            for (kind, name), versions in self._exact.items():
                if name is not None:
                    self._folded.setdefault((kind, name.casefold()), versions)

    def find(self, kind: str, name: str | None) -> Versions | None:
        if name is not None:
            found = self._exact.get((kind, name))
            if found is None and self._folded is not None:
                found = self._folded.get((kind, name.casefold()))
            if found is not None or kind == "track":
                return found
        return self._exact.get((kind, None))


def version_wanted(message: JsonObject) -> int | None:
    """Return the event version that a message asks for, or None if it asks for none or nonsense.

    Source: Segment's "Dynamically validate track events against an event version":
    ``context.protocols.event_version``, an integer.
    """
    protocols = as_object(as_object(message.get("context")).get("protocols"))
    version = protocols.get("event_version")
    if isinstance(version, bool) or not isinstance(version, int | float):
        return None
    # JSON does not tell 2 from 2.0.
    return int(version) if version == version // 1 else None


_MOST_FOUND: Final = 10_000
# How much is looked at for what is wrong with a call: schemas with their values, and failures.
_MOST_STEPS: Final = 2_000
_MOST_FAILURES: Final = 100


class _Tests:
    """What a good call passes.

    Args:
        schemas: those that judge it.

    Attributes:
        as_sent: whether a message may be judged as it was sent, before it is normalised.
        alone: whether that holds also where its batch says context and integrations.
    """

    __slots__ = ("_tests", "alone", "as_sent")

    def __init__(self, schemas: list[CompiledSchema]) -> None:
        self._tests = tuple(schema.is_valid for schema in schemas)
        judged = [members_judged(schema.schema) for schema in schemas]
        self.as_sent = all(names is not None and not names & SET_BY_SERVER for names in judged)
        self.alone = self.as_sent and not any(names and names & SHARED_BY_BATCH for names in judged)

    def all_of(self, message: JsonObject) -> bool:
        try:
            for test in self._tests:
                if not test(message):
                    return False
        except ValueError:
            # Not JSON: the long way says so.
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the plans say of one call.

    Attributes:
        violations: of the call's own rules, or that it is unplanned.
        common: of the COMMON rules.
        reported: the same as Segment reports it.
        rules: the rules that judged it, one for each plan that knows it.
    """

    violations: tuple[Violation, ...] = ()
    common: tuple[Violation, ...] = ()
    reported: tuple[ReportedViolation, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def all(self) -> tuple[Violation, ...]:
        return self.violations + self.common


class _Judged(NamedTuple):
    """What one rule finds in a call, in mockseg's words and in Segment's."""

    violations: tuple[Violation, ...] = ()
    reported: tuple[ReportedViolation, ...] = ()


_GOOD: Final = _Judged()


class PlanSet:
    """The plans of a source with its settings; not changed after it is made.

    Args:
        plans: any number of plans; the order decides only between equally near findings.
        settings: what becomes of calls that the plans do not allow.

    Attributes:
        events: the names of all planned track events, in the order of the plans.
        only_region: the region of Segment that all of its plans' sources can send to, where there
            is one alone; else empty.

    Raises:
        PlanError: two plans have the same name, so that findings could not say whose rule it is.
    """

    def __init__(self, plans: Iterable[Plan] = (), settings: ProtocolsSettings = ALLOW_ALL) -> None:
        self.plans = tuple(plans)
        self.settings = settings
        names = [plan.slug for plan in self.plans]
        for name in names:
            if names.count(name) > 1:
                raise PlanError("two plans of this name on one source; allowed is one", file=name)
        self._indexes = tuple(PlanIndex(plan) for plan in self.plans)
        self._common = tuple(common for index in self._indexes for common in index.common)
        self.events = tuple(
            dict.fromkeys(event for index in self._indexes for event in index.events)
        )
        # Plans of an application say nothing of regions: it sends where it is set up to.
        regions = [plan.wire.regions for plan in self.plans if plan.wire.complete]
        self.only_region = ""
        if regions and len(regions) == len(self.plans) and len({*regions}) == 1:
            self.only_region = regions[0][0] if len(regions[0]) == 1 else ""
        self._closed = bool(self.plans) and all(plan.closes_calls for plan in self.plans)
        repeating = ((plan.slug, plan.wire.user_id_allowed) for plan in self.plans)
        self._user_id_properties = {slug: name for slug, name in repeating if name is not None}
        # Type and name -> rules, as far as they were asked for.
        self._found: dict[tuple[str, str | None], tuple[Versions, ...]] = {}
        # Type and event -> what a good call passes, where the message does not have to be
        # asked which rules are for it.
        self._passes: dict[tuple[str, str | None], _Tests] = {}

    def knows(self, event: str) -> bool:
        """Return whether a track event is planned, in any spelling that a plan allows."""
        return bool(self._rules_for({}, "track", event))

    def check(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> tuple[Violation, ...]:
        """Return what a normalised message violates, in a stable order; nothing for most calls.

        Args:
            message: the whole message.
            type: its type, in lower case.
            event: the event of a track call; the name of a page or screen may be left out.
        """
        if self._passed(message, type, event):
            return ()
        return self.assess(message, type=type, event=event).all

    def warnings(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> tuple[CallWarning, ...]:
        """Return what is probably a mistake in a message, though no plan forbids it.

        A source that repeats the userId among the properties has one user in both.
        """
        if not self._user_id_properties:
            return ()
        sent, properties = message.get("userId"), as_object(message.get("properties"))
        found = []
        for versions in self._rules_for(message, type, event):
            name = self._user_id_properties.get(versions.plan)
            repeated = properties.get(name or "")
            if sent and repeated is not None and str(repeated) != sent:
                found.append(user_id_differs(sent, repeated, name=str(name), plan=versions.plan))
        return tuple(found)

    def _passed(self, message: JsonObject, kind: str, event: str | None) -> bool:
        """Return whether a message passes what is remembered for its event; False says nothing."""
        passes = self._passes.get((kind, event))
        return passes is not None and passes.all_of(message)

    def passes(self, message: JsonObject, type_: str, event: str | None, *, shared: bool) -> bool:
        """Return whether a message as it was sent is certainly good; False says nothing.

        Most rules look at nothing that normalising changes, and most calls are good: then
        normalising is needless.

        Args:
            message: as sent.
            type_: its type.
            event: the event of a track call, else None.
            shared: whether its batch says context or integrations for all of its messages.
        """
        passes = self._passes.get((type_, event))
        return (
            passes is not None
            and (passes.alone if shared else passes.as_sent)
            and self.settings.leaves_good_calls_alone
            and passes.all_of(message)
        )

    def assess(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> Assessment:
        """Judge a message as ``check`` does and tell which rules judged."""
        found = self._rules_for(message, type, event)
        by_event = type == "track" or (type not in VIEWED and event is None)
        unplanned = () if found else self._unplanned(message, type, event)
        if by_event and len(found) <= 1 and not unplanned:
            self._remember((type, event), (*found, *self._common))
        best = _Judged(unplanned, tuple(map(as_reported, unplanned)))
        # An event that several plans know must satisfy one of them.
        for index, versions in enumerate(found):
            judged = self._judge(versions, message)
            if not index or len(judged.violations) < len(best.violations):
                best = judged
            if not best.violations:
                break
        common = [self._judge(rules, message) for rules in self._common]
        return Assessment(
            violations=best.violations,
            common=tuple(violation for each in common for violation in each.violations),
            reported=tuple(report for each in (best, *common) for report in each.reported),
            rules=tuple(versions.rule(message) for versions in found),
        )

    def decide(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
        source_id: str = "",
    ) -> Outcome:
        untouched = self.settings.leaves_good_calls_alone
        if untouched and self._passed(message, type, event):
            return Outcome(message=message)
        assessment = self.assess(message, type=type, event=event)
        if untouched and not assessment.all:
            return Outcome(message=message)
        return decide(
            message,
            assessment.violations,
            self.settings,
            common=assessment.common,
            reported=assessment.reported,
            rules=assessment.rules,
            source_id=source_id,
        )

    def rules_for(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> tuple[tuple[str, Rule], ...]:
        """Return the rules that judge a message with their plans' names, COMMON ones aside."""
        return tuple(
            (versions.plan, versions.rule(message))
            for versions in self._rules_for(message, type, event)
        )

    def _rules_for(self, message: JsonObject, kind: str, event: str | None) -> tuple[Versions, ...]:
        name = event if kind == "track" else message.get("name") if kind in VIEWED else None
        key = (kind, name if isinstance(name, str) else None)
        found = self._found.get(key)
        if found is None:
            each = (index.find(*key) for index in self._indexes)
            found = tuple(versions for versions in each if versions is not None)
            # Names of calls are without number; those of plans are not.
            if found and len(self._found) < _MOST_FOUND:
                self._found[key] = found
        return found

    def _remember(self, key: tuple[str, str | None], judging: tuple[Versions, ...]) -> None:
        fits = key not in self._passes and len(self._passes) < _MOST_FOUND
        if fits and all(versions.only for versions in judging):
            self._passes[key] = _Tests(
                [versions.compiled(versions.rule({})) for versions in judging]
            )

    def _judge(self, versions: Versions, message: JsonObject) -> _Judged:
        compiled = versions.compiled(versions.rule(message))
        # What is omitted because it violates a rule has to be known in full.
        bounded = not self.settings.omits_violating
        try:
            if compiled.is_valid(message):
                return _GOOD
            failures, whole = compiled.failures(
                message,
                most_steps=_MOST_STEPS if bounded else None,
                most_failures=_MOST_FAILURES if bounded else None,
            )
        except (UnreadableValueError, ValueError) as error:
            internal = unreadable(str(error).partition("\n")[0], plan=versions.plan)
            return _Judged((internal,), (as_reported(internal),))
        found = violations_of(failures, schema=compiled.schema, plan=versions.plan)
        return _Judged(
            found if whole else (*found, uncounted(versions.plan)),
            tuple(dict.fromkeys(reported(failures, schema=compiled.schema))),
        )

    def _unplanned(
        self, message: JsonObject, kind: str, event: str | None
    ) -> tuple[Violation, ...]:
        if kind != "track" and self._closed:
            return (self._unplanned_call(kind, as_text(message.get("name"))),)
        if kind != "track" or not self.events or not isinstance(event, str):
            return ()
        pairs = zip(self.plans, self._indexes, strict=True)
        names = tuple(plan.slug for plan, index in pairs if index.events)
        return (unplanned_event(event, planned=self.events, plans=names),)

    def _unplanned_call(self, kind: str, name: str) -> Violation:
        """Say which calls the sources of the plans make instead of one that is not planned."""
        calls = dict.fromkeys(call for plan in self.plans for call in plan.wire.calls)
        others = [each for each in calls if any(i.find(each, name) for i in self._indexes)]
        return unplanned_call(
            kind,
            name,
            calls=tuple(calls),
            instead=others[0] if name and others else "",
            plans=tuple(plan.slug for plan in self.plans),
        )
