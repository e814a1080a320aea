"""What is kept, counted as it arrives and goes: a summary never walks what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from mockseg.domain.call import KeptCall, Verdict
from mockseg.domain.request import KeptRequest, refusal_reason

_Key = TypeVar("_Key")
# Status, method, path and reason.
RefusalKind: TypeAlias = "tuple[int, str, str, str]"


class Counts:
    """Numbers of calls and of refused requests, of one source or of all.

    Attributes:
        refusals: number of requests that were answered 4xx or 5xx, by how and why.
    """

    __slots__ = ("_calls", "refusals")

    def __init__(self) -> None:
        # By name where the call is accepted and good, else by name, verdict and whether it is good.
        self._calls: dict[str | tuple[str, Verdict, bool], int] = {}
        self.refusals: dict[RefusalKind, int] = {}

    def subtract_arrival(self, requests: Sequence[KeptRequest], calls: Sequence[KeptCall]) -> None:
        """Count requests and calls no longer."""
        for key, count in _numbers(calls).items():
            _subtract(self._calls, key, count)
        for request in requests:
            if request.answer.status >= 400:
                _subtract(self.refusals, _kind(request))

    def subtract(self, other: Counts) -> None:
        """Count no longer what others counted."""
        for key, count in other._calls.items():
            _subtract(self._calls, key, count)
        for kind, count in other.refusals.items():
            _subtract(self.refusals, kind, count)

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


def count_arrival(
    request: KeptRequest, calls: Sequence[KeptCall], one: Counts, all_: Counts
) -> None:
    """Count a request and its calls, both for one source and for all: every call takes this way."""
    of_one, of_all = one._calls, all_._calls  # noqa: SLF001  (our own)
    if len(calls) == 1:
        # The most frequent request has a short way.
        key = _key(calls[0])
        of_one[key] = of_one.get(key, 0) + 1
        of_all[key] = of_all.get(key, 0) + 1
    else:
        for key, count in _numbers(calls).items():
            of_one[key] = of_one.get(key, 0) + count
            of_all[key] = of_all.get(key, 0) + count
    if request.answer.status >= 400:
        kind = _kind(request)
        for counts in (one, all_):
            counts.refusals[kind] = counts.refusals.get(kind, 0) + 1


def _numbers(calls: Sequence[KeptCall]) -> Counter[str | tuple[str, Verdict, bool]]:
    return Counter(
        [(call.event or call.type) if call.remark is None else _key(call) for call in calls]
    )


def _key(call: KeptCall) -> str | tuple[str, Verdict, bool]:
    name = call.event or call.type
    return name if call.remark is None else (name, call.verdict, call.good)


def _kind(request: KeptRequest) -> RefusalKind:
    reason = refusal_reason(request.reason, request.fault)
    return request.answer.status, request.method, request.path, reason


def _subtract(counts: dict[_Key, int], key: _Key, count: int = 1) -> None:
    left = counts[key] - count
    if left:
        counts[key] = left
    else:
        del counts[key]
