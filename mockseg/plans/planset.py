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
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.errors import PlanError
from mockseg.plans.compiled import UnreadableValueError
from mockseg.plans.protocols import ALLOW_ALL, Outcome, ProtocolsSettings, decide
from mockseg.plans.rule_index import VIEWED, PlanIndex, Versions
from mockseg.plans.violations import unplanned_event, unreadable, violations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockseg.domain.findings import Violation
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Plan, Rule

__all__ = ["Assessment", "PlanSet"]

_MOST_FOUND: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the plans say of one call.

    Attributes:
        violations: of the call's own rules, or that it is unplanned.
        common: of the COMMON rules.
        rules: the rules that judged it, one for each plan that knows it.
    """

    violations: tuple[Violation, ...] = ()
    common: tuple[Violation, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def all(self) -> tuple[Violation, ...]:
        """Give all violations, those of the COMMON rules last."""
        return self.violations + self.common


class PlanSet:
    """The plans of a source with its settings; not changed after it is made.

    Args:
        plans: any number of plans; the order decides only between equally near findings.
        settings: what becomes of calls that the plans do not allow.

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
        self._events = tuple(
            dict.fromkeys(event for index in self._indexes for event in index.events)
        )
        # Type and name -> rules, as far as they were asked for.
        self._found: dict[tuple[str, str | None], tuple[Versions, ...]] = {}
        # Type and event -> all the tests that a good call passes, where the message does
        # not have to be asked which rules are for it.
        self._tests: dict[tuple[str, str | None], tuple[Callable[[Json], bool], ...]] = {}

    @property
    def events(self) -> tuple[str, ...]:
        """Give the names of all planned track events, in the order of the plans."""
        return self._events

    def knows(self, event: str) -> bool:
        """Tell whether a track event is planned, in any spelling that a plan allows."""
        return bool(self._rules_for({}, "track", event))

    def check(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> tuple[Violation, ...]:
        """Give what a normalised message violates, in a stable order; nothing for most calls.

        Args:
            message: the whole message.
            type: its type, in lower case.
            event: the event of a track call; the name of a page or screen may be left out.
        """
        tests = self._tests.get((type, event))
        if tests is not None:
            try:
                for test in tests:
                    if not test(message):
                        break
                else:
                    return ()
            except ValueError:
                # Not JSON: the long way says so.
                pass
        return self.assess(message, type=type, event=event).all

    def assess(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
    ) -> Assessment:
        """Judge a message as ``check`` does and tell which rules judged."""
        found = self._rules_for(message, type, event)
        common = tuple(
            violation for rules in self._common for violation in self._judge(rules, message)
        )
        if not found:
            return Assessment(violations=self._unplanned(type, event), common=common)
        rules = tuple(versions.rule(message) for versions in found)
        if (type == "track" or (type not in VIEWED and event is None)) and len(found) == 1:
            self._remember((type, event), (*found, *self._common))
        best: tuple[Violation, ...] | None = None
        for versions in found:
            violations = self._judge(versions, message)
            if not violations:
                best = ()
                break
            if best is None or len(violations) < len(best):
                best = violations
        return Assessment(violations=best or (), common=common, rules=rules)

    def decide(
        self,
        message: JsonObject,
        *,
        type: str,  # noqa: A002  # the field's own name
        event: str | None = None,
        source_id: str = "",
    ) -> Outcome:
        """Judge a message and apply the settings; see :func:`mockseg.plans.protocols.decide`."""
        if self.settings.leaves_good_calls_alone and not self.check(
            message, type=type, event=event
        ):
            return Outcome(message=message)
        assessment = self.assess(message, type=type, event=event)
        return decide(
            message,
            assessment.violations,
            self.settings,
            common=assessment.common,
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
        """Give the rules that judge a message with the names of their plans, COMMON ones aside."""
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
        fits = key not in self._tests and len(self._tests) < _MOST_FOUND
        if fits and all(versions.only for versions in judging):
            self._tests[key] = tuple(
                versions.compiled(versions.rule({})).is_valid for versions in judging
            )

    def _judge(self, versions: Versions, message: JsonObject) -> tuple[Violation, ...]:
        rule = versions.rule(message)
        compiled = versions.compiled(rule)
        try:
            if compiled.is_valid(message):
                return ()
            failures = compiled.failures(message)
        except (UnreadableValueError, ValueError) as error:
            return (unreadable(str(error).partition("\n")[0], plan=versions.plan),)
        return violations_of(failures, schema=rule.schema, plan=versions.plan)

    def _unplanned(self, kind: str, event: str | None) -> tuple[Violation, ...]:
        if kind != "track" or not self._events or not isinstance(event, str):
            return ()
        pairs = zip(self.plans, self._indexes, strict=True)
        names = tuple(plan.slug for plan, index in pairs if index.events)
        return (unplanned_event(event, planned=self._events, plans=names),)
