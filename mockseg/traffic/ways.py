"""What people do one after the other: the catalogue's journeys, or a mix of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.journeys import journeys
from mockseg.errors import ConfigError
from mockseg.suggestions import unknown
from mockseg.traffic.draw import Weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mockseg.catalogue.model import CataloguePlan
    from mockseg.traffic.kinds import Kind

__all__ = ["Way", "journey_ways", "mix_way"]

# Of four who did something, three do one thing more.
_GO_ON: Final = 3
_STOP: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of people through events.

    Attributes:
        name: of the journey, or ``mix``.
        starts: what it begins with.
        follows: what comes after an event, by its name; None where the way ends.
        identified_at: the event with which a visitor becomes a user, or None if known before.
        lived: whether the calls of a life come between.
    """

    name: str
    starts: Weighted[Kind]
    follows: Mapping[str, Weighted[Kind | None]]
    identified_at: str | None
    lived: bool


def journey_ways(plan: CataloguePlan, kind: Callable[[str], Kind]) -> list[Way]:
    """Give the journeys of a plan of the catalogue.

    Args:
        plan: the plan.
        kind: prepares an event of it.
    """
    return [
        Way(
            name=journey.name,
            starts=Weighted((kind(name), 1) for name in journey.starts),
            follows={
                name: Weighted(
                    (None if follow.event is None else kind(follow.event), follow.weight)
                    for follow in follows
                )
                for name, follows in journey.follows.items()
            },
            identified_at=journey.identified_at,
            lived=True,
        )
        for journey in journeys(plan.name)
    ]


def mix_way(kinds: Iterable[Kind], weights: Mapping[str, int], *, lived: bool) -> Way:
    """Give a way on which every event may follow every other.

    Args:
        kinds: the events that there are.
        weights: of some of them by name; when empty all are equally likely.
        lived: whether the calls of a life come between.

    Raises:
        ConfigError: a weight is for an event that there is not.
    """
    by_name: dict[str, Kind] = {}
    for kind in kinds:
        by_name.setdefault(kind.name, kind)
    for name in weights:
        if name not in by_name:
            see = "mockseg catalogue show PLAN"
            raise ConfigError(f"the mix: {unknown('event', name, by_name, see=see, label='Known')}")
    wanted = weights or dict.fromkeys(by_name, 1)
    pairs = [(by_name[name], weight) for name, weight in wanted.items()]
    total = sum(weight for _, weight in pairs)
    after: Weighted[Kind | None] = Weighted(
        [*((kind, weight * _GO_ON) for kind, weight in pairs), (None, total * _STOP)]
    )
    return Way(
        name="mix",
        starts=Weighted(pairs),
        follows=dict.fromkeys(wanted, after),
        identified_at=None,
        lived=lived,
    )
