"""What is asked of a run of traffic, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.catalogue.model import Strictness
    from mockseg.plans.model import Plan
    from mockseg.traffic.shapes import Schedule

__all__ = ["MOST_USERS", "Recipe"]

MOST_USERS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Which people do what, when; the same recipe gives the same bytes.

    Attributes:
        schedule: when calls are due.
        start_ns: the moment of the beginning.
        catalogue: names of plans of the catalogue.
        plans: the user's own plans.
        strictness: of the catalogue's plans where they decide what is broken.
        users: how many people, from 1.
        seed: any text.
        invalid: share of calls that are broken on purpose, 0 to 1.
        duplicates: share of calls that were sent before.
        late: share of calls that happened long before they are sent.
        locale: where the people live, as faker names it.
        mix: weights by event, instead of journeys; empty for those.
        span_ns: over which time the calls happened, or None for the schedule's own.
        share: which part of all people this is; no two parts have anybody in common.
        types: the only types of call, or empty for all.
    """

    schedule: Schedule
    start_ns: int
    catalogue: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()
    strictness: Strictness = "lenient"
    users: int = 100
    seed: str = "0"
    invalid: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    locale: str = "en_US"
    mix: Mapping[str, int] = field(default_factory=dict)
    span_ns: int | None = None
    share: int = 0
    types: frozenset[str] = frozenset()
