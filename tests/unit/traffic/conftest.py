"""Recipes for the tests of traffic."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.traffic.generator import Traffic
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.schedule import schedule

if TYPE_CHECKING:
    from collections.abc import Callable

# 2026-01-01T00:00:00Z.
START_NS = 1_767_225_600 * 10**9


@pytest.fixture
def traffic() -> Callable[..., Traffic]:
    """Give a function that makes traffic: 2000 calls in ten seconds unless told otherwise."""

    def make(*, rate: int = 200, seconds: int = 10, **asked: Any) -> Traffic:
        facts: dict[str, Any] = {
            "schedule": schedule("constant", rate=Fraction(rate), length_ns=seconds * 10**9),
            "start_ns": START_NS,
            "catalogue": ("userguiding", "candu"),
            "users": 100,
            "seed": "7",
        }
        return Traffic(Recipe(**(facts | asked)))

    return make
