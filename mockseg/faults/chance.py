"""Chance without luck: numbers that follow from a seed and what a message is."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import NamedTuple

from mockseg import json_types
from mockseg.faults.effect import Effect, Spread
from mockseg.json_types import Json

_BITS = 53


class Draw(NamedTuple):
    """What a chance may depend on, and nothing else.

    Neither the order of arrival is in it nor the random messageId: so the same traffic has
    the same faults, however many clients send it at once.

    Attributes:
        type, event, user_id: of the message; for a request without messages its route, and None.
        ordinal: how many others of this type, event and user came before it.
        attempt: 1 + how many requests carried it before.
    """

    type: str
    event: str | None
    user_id: str | None
    ordinal: int
    attempt: int


def chance(draw: Draw, *, seed: int, rule: str, about: str) -> float:
    """Return a number from 0 to below 1.

    Args:
        draw: what it depends on.
        seed: of the rule.
        rule: what tells the rule from others.
        about: what is drawn, so that one draw tells nothing of another.
    """
    return fraction([seed, rule, about, *draw])


def fraction(of: Json) -> float:
    """Return a number from 0 to below 1 that follows from a JSON value, and from nothing else."""
    number = int.from_bytes(blake2b(json_types.encode(of), digest_size=8).digest(), "big")
    return (number >> (64 - _BITS)) / (1 << _BITS)


def delay_seconds(effect: Effect, draw: Draw, *, seed: int, rule: str) -> float:
    delay = effect.delay
    if delay is None:
        return 0.0
    if not isinstance(delay, Spread):
        return delay
    share = chance(draw, seed=seed, rule=rule, about="delay")
    if delay.uniform is not None:
        least, most = delay.uniform
        return least + share * (most - least)
    assert delay.lognormal is not None  # noqa: S101  (one of the two is there, it was checked)
    # Its import costs more than all of this floor, and few delays are lognormal.
    from statistics import NormalDist

    shape = delay.lognormal
    # The inverse knows no 0.
    deviation = NormalDist().inv_cdf(max(share, 1 / (1 << _BITS)))
    return min(shape.median * math.exp(shape.sigma * deviation), shape.most)
