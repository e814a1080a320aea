"""What is kept, counted as it arrives and goes: a summary never walks what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

import msgspec

from mockseg.domain.call import KeptCall, Verdict
from mockseg.domain.request import KeptRequest, refusal_reason

_Key = TypeVar("_Key")
# Status, method, path and reason.
RefusalKind: TypeAlias = "tuple[int, str, str, str]"

MINUTE_SECONDS: Final = 60
_MINUTE_NS: Final = MINUTE_SECONDS * 10**9
MINUTE_BYTES: Final = 150
"""What the number of one minute's good or bad calls takes, of a source and of all (measured)."""


class SavedCounts(msgspec.Struct, frozen=True, array_like=True):
    """Counts as a file has them.

    Attributes:
        calls: name, verdict, whether they are good, and number; no verdict for good calls.
        minutes: as in :class:`Counts`, with the number.
        refusals: status, method, path, reason, and number.
        violations, retried: as in :class:`Counts`.
    """

    calls: list[tuple[str, Verdict | None, bool, int]]
    minutes: list[tuple[int, int]]
    refusals: list[tuple[int, str, str, str, int]]
    violations: int
    retried: int


class Counts:
    """Numbers of calls and of refused requests, of one source or of all.

    Attributes:
        refusals: number of requests that were answered 4xx or 5xx, by how and why.
        violations: number of calls with a violation of a plan.
        retried: number of calls that came in a second attempt or a later one.
    """

    __slots__ = ("_calls", "_minutes", "refusals", "retried", "violations")

    def __init__(self) -> None:
        # By name where the call is accepted and good, else by name, verdict and whether it is good.
        self._calls: dict[str | tuple[str, Verdict, bool], int] = {}
        # By twice the minute since 1970, and one more for bad calls.
        self._minutes: dict[int, int] = {}
        self.refusals: dict[RefusalKind, int] = {}
        self.violations = self.retried = 0

    @property
    def minutes(self) -> int:
        """Return how many minutes are counted, good and bad calls apart."""
        return len(self._minutes)

    def saved(self) -> SavedCounts:
        return SavedCounts(
            [(*_parts(key), count) for key, count in self._calls.items()],
            list(self._minutes.items()),
            [(*kind, count) for kind, count in self.refusals.items()],
            self.violations,
            self.retried,
        )

    def add_saved(self, saved: SavedCounts) -> None:
        """Count what was counted before it was saved, too."""
        for name, verdict, good, count in saved.calls:
            key = name if verdict is None else (name, verdict, good)
            self._calls[key] = self._calls.get(key, 0) + count
        for minute, count in saved.minutes:
            self._minutes[minute] = self._minutes.get(minute, 0) + count
        for status, method, path, reason, count in saved.refusals:
            refusal = (status, method, path, reason)
            self.refusals[refusal] = self.refusals.get(refusal, 0) + count
        self.violations += saved.violations
        self.retried += saved.retried

    def add_arrivals(self, requests: Sequence[KeptRequest], calls: Sequence[KeptCall]) -> None:
        """Count requests and calls."""
        remarked = _remarked(calls)
        for key, count in _numbers(calls, remarked).items():
            self._calls[key] = self._calls.get(key, 0) + count
        for minute, count in _minutes(calls, remarked).items():
            self._minutes[minute] = self._minutes.get(minute, 0) + count
        self.add_remarks(remarked)
        for request in requests:
            if request.answer.status >= 400:
                kind = _kind(request)
                self.refusals[kind] = self.refusals.get(kind, 0) + 1

    def subtract(self, other: Counts) -> None:
        """Count no longer what others counted."""
        for key, count in other._calls.items():
            _subtract(self._calls, key, count)
        for minute, count in other._minutes.items():
            _subtract(self._minutes, minute, count)
        for kind, count in other.refusals.items():
            _subtract(self.refusals, kind, count)
        self.violations -= other.violations
        self.retried -= other.retried

    def by_name(self) -> dict[str, int]:
        """Return the number of calls by event, or by type for those without an event."""
        found: dict[str, int] = {}
        for key, count in self._calls.items():
            name = key if isinstance(key, str) else key[0]
            found[name] = found.get(name, 0) + count
        return found

    def by_verdict(self) -> tuple[dict[Verdict, int], int]:
        """Return the number of calls by verdict, and how many are good."""
        verdicts: dict[Verdict, int] = {"accepted": 0, "dropped": 0, "blocked": 0, "rejected": 0}
        good = 0
        for key, count in self._calls.items():
            if isinstance(key, str):
                verdicts["accepted"] += count
                good += count
            else:
                verdicts[key[1]] += count
                good += count * key[2]
        return verdicts, good

    def by_time(self, minutes: int) -> dict[int, list[int]]:
        """Return the numbers of good and bad calls by spans of this many minutes since 1970."""
        found: dict[int, list[int]] = {}
        for minute, count in self._minutes.items():
            found.setdefault(minute // 2 // minutes, [0, 0])[minute % 2] += count
        return found

    def add_remarks(self, remarked: Sequence[KeptCall], times: int = 1) -> None:
        """Count violations and second attempts among calls with a remark, or with -1 no longer."""
        for call in remarked:
            self.violations += times * call.violates
            self.retried += times * (call.remark is not None and call.remark.attempt > 1)


def count_arrival(
    request: KeptRequest, calls: Sequence[KeptCall], one: Counts, all_: Counts
) -> int:
    """Count a request and its calls, both for one source and for all: every call takes this way.

    Returns:
        How many minutes are counted for the source that were not before.
    """
    of_one, of_all = one._calls, all_._calls  # noqa: SLF001  (our own)
    minutes_of_one, minutes_of_all = one._minutes, all_._minutes  # noqa: SLF001  (our own)
    minutes = len(minutes_of_one)
    if len(calls) == 1:
        # The most frequent request has a short way.
        call = calls[0]
        minute = request.received_ns // _MINUTE_NS * 2
        key: str | tuple[str, Verdict, bool] = call.event or call.type
        if call.remark is not None:
            key, minute = _key(call), _minute(call)
            for counts in (one, all_):
                counts.add_remarks(calls)
        of_one[key] = of_one.get(key, 0) + 1
        of_all[key] = of_all.get(key, 0) + 1
        minutes_of_one[minute] = minutes_of_one.get(minute, 0) + 1
        minutes_of_all[minute] = minutes_of_all.get(minute, 0) + 1
    elif calls:
        remarked = _remarked(calls)
        for name, count in _numbers(calls, remarked).items():
            of_one[name] = of_one.get(name, 0) + count
            of_all[name] = of_all.get(name, 0) + count
        for minute, count in _minutes(calls, remarked).items():
            minutes_of_one[minute] = minutes_of_one.get(minute, 0) + count
            minutes_of_all[minute] = minutes_of_all.get(minute, 0) + count
        for counts in (one, all_):
            counts.add_remarks(remarked)
    if request.answer.status >= 400:
        kind = _kind(request)
        for counts in (one, all_):
            counts.refusals[kind] = counts.refusals.get(kind, 0) + 1
    return len(minutes_of_one) - minutes


def count_departure(
    requests: Sequence[KeptRequest], calls: Sequence[KeptCall], one: Counts, all_: Counts
) -> int:
    """Count requests and calls of one source no longer, neither for it nor for all.

    Returns:
        How many minutes are no longer counted for the source.
    """
    remarked = _remarked(calls)
    numbers, minutes = _numbers(calls, remarked), _minutes(calls, remarked)
    refused = [_kind(request) for request in requests if request.answer.status >= 400]
    counted = one.minutes
    for counts in (one, all_):
        for key, count in numbers.items():
            _subtract(counts._calls, key, count)  # noqa: SLF001  (our own)
        for minute, count in minutes.items():
            _subtract(counts._minutes, minute, count)  # noqa: SLF001  (our own)
        counts.add_remarks(remarked, -1)
        for kind in refused:
            _subtract(counts.refusals, kind)
    return counted - one.minutes


def _remarked(calls: Sequence[KeptCall]) -> list[KeptCall]:
    """Return the calls that have a remark: few, and only they have to be asked for more."""
    return [call for call in calls if call.remark is not None]


def _numbers(
    calls: Sequence[KeptCall], remarked: Sequence[KeptCall]
) -> Mapping[str | tuple[str, Verdict, bool], int]:
    """Return the numbers of calls by key, of which some have a remark."""
    if not remarked:
        return Counter([call.event or call.type for call in calls])
    return Counter(map(_key, calls))


def _key(call: KeptCall) -> str | tuple[str, Verdict, bool]:
    name = call.event or call.type
    return name if call.remark is None else (name, call.verdict, call.good)


def _parts(key: str | tuple[str, Verdict, bool]) -> tuple[str, Verdict | None, bool]:
    return (key, None, True) if isinstance(key, str) else key


def _minutes(calls: Sequence[KeptCall], remarked: Sequence[KeptCall]) -> Mapping[int, int]:
    """Return the numbers of calls by minute, the good and the bad ones apart."""
    if not calls:
        return {}
    request = calls[0].request
    if calls[-1].request is request:
        # Calls of one request came at one moment.
        bad = sum([not call.good for call in remarked])
        minute, good = request.received_ns // _MINUTE_NS * 2, len(calls) - bad
        return {minute + was_bad: n for was_bad, n in ((0, good), (1, bad)) if n}
    if not remarked:
        return Counter([call.request.received_ns // _MINUTE_NS * 2 for call in calls])
    return Counter(map(_minute, calls))


def _minute(call: KeptCall) -> int:
    bad = call.remark is not None and not call.good
    return call.request.received_ns // _MINUTE_NS * 2 + bad


def _kind(request: KeptRequest) -> RefusalKind:
    reason = refusal_reason(request.reason, request.fault)
    return request.answer.status, request.method, request.path, reason


def _subtract(counts: dict[_Key, int], key: _Key, count: int = 1) -> None:
    left = counts[key] - count
    if left:
        counts[key] = left
    else:
        del counts[key]
