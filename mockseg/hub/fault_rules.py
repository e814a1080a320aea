"""From what is asked for to rules that were checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from mockseg.domain.timestamps import parse_moment
from mockseg.faults.checking import make_rule, refuse
from mockseg.faults.effect import Effect
from mockseg.faults.routes import TOKEN
from mockseg.faults.rule import FaultMatch
from mockseg.faults.scenarios import SCENARIOS
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from mockseg.faults.rule import Rule
    from mockseg.operations.faults import AddFault


# How often a rule that chooses among requests hits when nobody says how often.
FEW = 1000
_NANOSECONDS = 1_000_000_000


def rules_of(asked: AddFault, *, seed: int, now_ns: int) -> tuple[Rule, ...]:
    """Make the rules of a fault: one, or those of a scenario.

    Args:
        asked: what is to be.
        seed: of chances.
        now_ns: the moment by the clock that it follows.

    Raises:
        OperationError: 422 with the field and what is allowed.
    """
    _check_source(asked)
    until_ns = _until(asked, now_ns)
    if asked.scenario is not None:
        rules = _of_scenario(asked, seed=seed, until_ns=until_ns)
    else:
        if asked.effect is None:
            refuse(
                "effect",
                "a fault needs an effect, or a scenario",
                allowed=["effect", "scenario"],
            )
        probability = 1.0 if asked.probability is UNSET else asked.probability
        rule = make_rule(
            asked.match,
            asked.effect,
            times=_times(asked, until_ns, probability),
            until_ns=until_ns,
            probability=probability,
            seed=seed,
        )
        rules = (rule,)
    if asked.source and any(rule.route == TOKEN for rule in rules):
        refuse(
            "source",
            "`source` cannot match: a request for a token names no write key",
            allowed="no source",
        )
    return rules


def _check_source(asked: AddFault) -> None:
    inner = asked.match.source
    if inner is not None and asked.source is not None and inner != asked.source:
        refuse(
            "match.source",
            f"`match.source` is {inner[:100]!r} and `source` is {asked.source[:100]!r}",
            allowed="one of them, or the same",
        )


def _until(asked: AddFault, now_ns: int) -> int | None:
    if asked.until is None:
        return None
    if not isinstance(asked.until, str):
        return now_ns + round(asked.until * _NANOSECONDS)
    moment = parse_moment(asked.until)
    if moment is None:
        refuse(
            "until",
            f'`until` is "{asked.until[:60]}", which is no moment',
            allowed="seconds from now, or ISO 8601 such as 2026-01-31T12:00:00Z",
        )
    if moment <= now_ns:
        refuse(
            "until",
            f'`until` is "{asked.until[:60]}", which has passed: the fault would hit nothing',
            allowed="a moment to come, by the clock of the source",
        )
    return moment


def _times(asked: AddFault, until_ns: int | None, probability: float) -> int | None:
    """Decide how often a rule hits at most: always an end, unless somebody wants none."""
    if asked.times == "unlimited":
        return None
    if isinstance(asked.times, int):
        return asked.times
    if until_ns is not None:
        return None
    match, effect = asked.match, asked.effect
    chooses = probability < 1 or match.every is not None or match.attempt is not None
    patches = effect is not None and any(
        patch is not None for patch in (effect.settings, effect.http_config, effect.token)
    )
    return FEW if chooses or patches else 1


def _of_scenario(asked: AddFault, *, seed: int, until_ns: int | None) -> tuple[Rule, ...]:
    assert asked.scenario is not None  # noqa: S101  (the caller has looked)
    scenario = SCENARIOS.get(asked.scenario)
    if scenario is None:
        raise unknown_parameter("scenario", "scenario", asked.scenario, SCENARIOS)
    for name in ("effect", "times", "probability"):
        # Not by equality: an effect has a dict in it, which a set would want to hash.
        if not any(getattr(asked, name) is nothing for nothing in (None, UNSET)):
            refuse(
                name,
                f"`{name}` contradicts `scenario`, whose rules have their own",
                allowed=["source", "match", "until", "seed"],
            )
    return tuple(
        make_rule(
            _narrowed(rule.get("match", {}), asked.match),
            msgspec.convert(rule["effect"], Effect),
            times=rule["times"],
            until_ns=until_ns,
            probability=rule.get("probability", 1.0),
            seed=seed,
        )
        for rule in scenario.rules
    )


def _narrowed(own: dict[str, Any], given: FaultMatch) -> FaultMatch:
    """Put together what a scenario's rule matches and what is asked for besides."""
    more = msgspec.to_builtins(given)
    for name, value in own.items():
        if more.get(name, value) != value:
            refuse(
                f"match.{name}",
                f"`match.{name}` contradicts the scenario, which has {value!r}",
                allowed=value,
            )
    return msgspec.convert({**own, **more}, FaultMatch)
