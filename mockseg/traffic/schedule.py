"""The schedule: when each call is due, whatever the server does.

A shape cuts the time into steps and says how many calls fall into each; in whole numbers
throughout, so that the sum is exact and nothing depends on a machine's arithmetic. The timeline
turns the place in a run into the time of day at which it happened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from mockseg.clock import NANOSECONDS
from mockseg.errors import ConfigError
from mockseg.suggestions import unknown

_HOUR: Final = 3600 * NANOSECONDS
_DAY: Final = 24 * _HOUR
# What share of a day's visits falls into each hour: few at night, most in the forenoon
# and the afternoon.
_HOURS: Final = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    8,
    14,
    18,
    20,
    19,
    15,
    17,
    19,
    19,
    17,
    14,
    12,
    11,
    10,
    8,
    5,
    3,
)


class Timeline:
    """When things happen: in the time of the schedule itself, or over a longer one.

    Over a day or more people are awake by day.

    Args:
        start_ns: the moment of the beginning.
        length_ns: of the schedule.
        span_ns: over which time the schedule is spread, or None for its own.
        offset_minutes: of the people's time of day from UTC.
    """

    def __init__(
        self, *, start_ns: int, length_ns: int, span_ns: int | None, offset_minutes: int
    ) -> None:
        self._start = start_ns
        self._length = max(length_ns, 1)
        self._span = span_ns
        self._edges: list[int] = []
        self._bounds: list[int] = []
        if span_ns is not None and span_ns >= _DAY:
            self._set_hours(span_ns, offset_minutes)

    def _set_hours(self, span_ns: int, offset_minutes: int) -> None:
        local = self._start + offset_minutes * 60 * NANOSECONDS
        first = _HOUR - local % _HOUR
        self._edges = [0, *range(first, span_ns, _HOUR), span_ns]
        hour = local // _HOUR
        weights = [
            _HOURS[(hour + number) % 24] * ((end - begin) // NANOSECONDS)
            for number, (begin, end) in enumerate(zip(self._edges, self._edges[1:], strict=False))
        ]
        self._bounds = [0, *accumulate(weights)]

    def at(self, due_ns: int) -> int:
        """Return the moment for a place in the schedule; later places give later moments."""
        if self._span is None:
            return self._start + due_ns
        if not self._bounds:
            return self._start + self._span * due_ns // self._length
        weight = self._bounds[-1] * min(due_ns, self._length) // self._length
        hour = min(bisect_right(self._bounds, weight), len(self._bounds) - 1) - 1
        begin, end = self._edges[hour], self._edges[hour + 1]
        inside = weight - self._bounds[hour]
        width = max(self._bounds[hour + 1] - self._bounds[hour], 1)
        return self._start + begin + (end - begin) * inside // width


SHAPES: Final = ("constant", "ramp", "sine", "spike", "trace")
# Steps of a curve: enough to look smooth.
_STEPS: Final = 400
_SPIKE: Final = 5
_LONGEST_TRACE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of constant rate.

    Attributes:
        start_ns: from the beginning.
        length_ns: how long.
        calls: how many, evenly spread.
    """

    start_ns: int
    length_ns: int
    calls: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When calls are due.

    Attributes:
        steps: in order, without gaps.
    """

    steps: tuple[Step, ...]

    @property
    def calls(self) -> int:
        return sum(step.calls for step in self.steps)

    @property
    def length_ns(self) -> int:
        return self.steps[-1].start_ns + self.steps[-1].length_ns

    def due(self) -> Iterator[int]:
        for step in self.steps:
            for number in range(step.calls):
                yield step.start_ns + step.length_ns * number // step.calls


def schedule(
    shape: str, *, rate: Fraction, length_ns: int, trace: tuple[Fraction, ...] = ()
) -> Schedule:
    """Make the schedule of a shape.

    Args:
        shape: ``constant``; ``ramp`` from nothing to the rate; ``sine`` once around the
            rate, from half of it to one and a half; ``spike`` to five times the rate in
            the middle tenth; ``trace`` as the trace has it.
        rate: calls a second.
        length_ns: how long; a trace has its own length.
        trace: calls in each second.

    Raises:
        ConfigError: unknown shape, or no call falls into the time.
    """
    if shape not in SHAPES:
        raise ConfigError(unknown("shape", shape, SHAPES))
    if shape == "trace":
        made = _steps(trace, len(trace) * NANOSECONDS)
    elif shape == "constant":
        made = _steps((rate,), length_ns)
    else:
        middles = (Fraction(2 * step + 1, 2 * _STEPS) for step in range(_STEPS))
        made = _steps(tuple(rate * _share(shape, at) for at in middles), length_ns)
    if not made.calls:
        raise ConfigError("no call falls into this time: raise the rate or the duration")
    return made


def trace_rates(lines: Iterator[tuple[int, bytes]], *, file: str) -> tuple[Fraction, ...]:
    """Read a trace: a line a second, with the calls of that second; ``#`` begins a comment.

    Raises:
        ConfigError: a line is not a number; the sentence names it.
    """
    rates: list[Fraction] = []
    for number, line in lines:
        text = line.partition(b"#")[0].strip().decode("ascii", "replace")
        if not text:
            continue
        if not text.replace(".", "", 1).isdecimal() or len(text) > 20:
            raise ConfigError(
                f'{file}, line {number} is "{text[:80]}": it must be the calls of a second'
            )
        rates.append(Fraction(text))
        if len(rates) > _LONGEST_TRACE:
            raise ConfigError(f"{file}: at most {_LONGEST_TRACE} seconds are allowed")
    if not rates:
        raise ConfigError(f"{file} is empty: a trace has a line with the calls of each second")
    return tuple(rates)


def _share(shape: str, at: Fraction) -> Fraction:
    """Return how much of the rate holds at a place from 0 to 1."""
    if shape == "ramp":
        return at
    if shape == "spike":
        return Fraction(_SPIKE if Fraction(9, 20) <= at < Fraction(11, 20) else 1)
    half = 2 * at if at < Fraction(1, 2) else 2 * at - 1
    # Bhaskara's approximation of the sine, within 0.2 %, because it is exact arithmetic.
    lobe = 16 * half * (1 - half) / (5 - 4 * half * (1 - half))
    return 1 + (lobe if at < Fraction(1, 2) else -lobe) / 2


def _steps(rates: tuple[Fraction, ...], length_ns: int) -> Schedule:
    steps: list[Step] = []
    whole = Fraction(0)
    done = 0
    for number, rate in enumerate(rates):
        start = length_ns * number // len(rates)
        length = length_ns * (number + 1) // len(rates) - start
        whole += rate * length / NANOSECONDS
        calls = int(whole) - done
        done += calls
        steps.append(Step(start, length, calls))
    return Schedule(tuple(steps))
