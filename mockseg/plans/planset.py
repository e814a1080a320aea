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

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from mockseg.domain.findings import CallWarning, Violation
from mockseg.domain.message import SET_BY_SERVER, SHARED_BY_BATCH, holder_of
from mockseg.errors import PlanError
from mockseg.json_types import JsonObject, as_object, as_text
from mockseg.plans.model import Plan, Rule
from mockseg.plans.plan_index import VIEWED, PlanIndex, Versions
from mockseg.plans.protocols import (
    ALLOW_ALL,
    Outcome,
    ProtocolsSettings,
    blocked_by,
    decide,
)
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
from mockseg.schemas.tree import members_judged

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


class Judgement(NamedTuple):
    """What the plans decide about a call, without the words for it.

    Attributes:
        violates: whether :meth:`PlanSet.decide` finds violations.
        changed: whether it changes the message; it does where a call violates.
        code: why the call is blocked, one of Segment's discard codes, or None.
    """

    violates: bool = False
    changed: bool = False
    code: str | None = None


_PASSED: Final = Judgement()
_VIOLATES: Final = Judgement(violates=True, changed=True)


class PlanSet:
    """The plans of a source with its settings; not changed after it is made.

    Args:
        plans: any number of plans; the order decides only between equally near findings.
        settings: what happens to calls that the plans do not allow.

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

    def compiling(self) -> Generator[None, None, None]:
        """Compile all rules, step by step; else each is compiled for the first call of it."""
        for index in self._indexes:
            yield from index.compiling()

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
        if not self.judge(message, type=type, event=event).violates:
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

    def judge_as_sent(
        self, message: JsonObject, type_: str, event: str | None, *, shared: bool
    ) -> Judgement | None:
        """Judge a message before it is normalised; None where that cannot be told.

        Most rules look at nothing that normalising changes: then it is needless.

        Args:
            message: as sent.
            type_: its type.
            event: the event of a track call, else None.
            shared: whether its request says something of context or integrations for all of its
                messages.
        """
        passes = self._passes.get((type_, event))
        if passes is None or not (passes.alone if shared else passes.as_sent):
            return None
        if passes.all_of(message):
            return _PASSED if self.settings.leaves_good_calls_alone else None
        return None if self.settings.blocks else _VIOLATES

    def judge(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> Judgement:
        """Decide about a normalised message, each rule of which is asked at most once.

        :meth:`decide` says the same in words, which takes many times longer.
        """
        found = self._rules_for(message, type, event)
        unplanned = not found and self._is_unplanned(type, event)
        by_event = type == "track" or (type not in VIEWED and event is None)
        if by_event and len(found) <= 1 and not unplanned:
            self._remember((type, event), (*found, *self._common))
        violates = unplanned or (bool(found) and not any(each.accepts(message) for each in found))
        common = not all(each.accepts(message) for each in self._common)
        return Judgement(
            violates=violates or common,
            changed=violates or common or self._has_unplanned_names(message, found),
            code=blocked_by(
                message,
                self.settings,
                unplanned=unplanned and type == "track",
                violates=violates,
                common=common,
            ),
        )

    def _has_unplanned_names(self, message: JsonObject, found: tuple[Versions, ...]) -> bool:
        """Return whether the settings take names out of a message that no rule knows."""
        kind = message.get("type")
        if not found or not self.settings.omits_unplanned(kind):
            return False
        holder = holder_of(str(kind))
        names = set(as_object(message.get(holder)))
        for versions in found:
            names -= versions.planned_names(message, holder)
        return bool(names)

    def assess(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> Assessment:
        """Judge a message as ``check`` does and tell which rules judged."""
        found = self._rules_for(message, type, event)
        unplanned = () if found else self._unplanned(message, type, event)
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
        """Apply the settings to a normalised message, and say what it violates."""
        assessment = self.assess(message, type=type, event=event)
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

    def judging(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> tuple[tuple[str, Rule], ...]:
        """Return the rules that judge a message with their plans' names, COMMON ones last."""
        return (
            *self.rules_for(message, type=type, event=event),
            *(
                (plan.slug, rule)
                for plan in self.plans
                for rule in plan.rules
                if rule.type == "COMMON"
            ),
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
        if not self._is_unplanned(kind, event):
            return ()
        if kind != "track" or event is None:
            return (self._unplanned_call(kind, as_text(message.get("name"))),)
        pairs = zip(self.plans, self._indexes, strict=True)
        names = tuple(plan.slug for plan, index in pairs if index.events)
        return (unplanned_event(event, planned=self.events, plans=names),)

    def _is_unplanned(self, kind: str, event: str | None) -> bool:
        """Return whether a call that no rule is for should have one."""
        if kind != "track":
            return self._closed
        return bool(self.events) and isinstance(event, str)

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
