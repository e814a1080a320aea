"""How the CLIs of Segment's own repositories read the contract: units, hosts, what they leave out.

The contract says milliseconds and seconds, and that an event is sent as it is written. Each
repository's CLI reads it in a way of its own. An SDK is judged by what it was really told, so
what its CLI cannot pass on is neither sent to it nor asked of it. A CLI is known by ``sdk`` of
its ``e2e-config.json``; one of another name is taken by the contract's word.

Source: ``e2e-cli`` of analytics-python, analytics-next (node and browser), -react-native,
-kotlin, -swift, -csharp, -ruby, -php, -go and -java, as of 2026-11.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Final

from mockseg.json_types import JsonObject


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one CLI reads the contract.

    Attributes:
        intervals: how many of its units ``flushInterval`` has in a second; None: it reads none.
        least_interval: the shortest one that it can be told, in its unit.
        timeouts: the same as ``intervals`` for ``timeout``, where that ends a request; None where
            it does not: then it is left out, because some CLIs wait for nothing else.
        base_path: what its hosts end in, where the CLI appends ``/b`` and ``/projects/…`` alone.
        turns: type of call -> the type that the CLI makes of it.
        not_applicable: reason by check, the check's id as a pattern of the shell.
        silent: what to look at where nothing of it arrived, or empty.
        patience_seconds: how long a run may take: longer than its CLI waits for an SDK that waits.
    """

    intervals: float | None = 1000
    least_interval: float = 0
    timeouts: float | None = 1
    base_path: str = ""
    turns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    not_applicable: Mapping[str, str] = dataclasses.field(default_factory=dict)
    silent: str = ""
    patience_seconds: float = 45

    def sequences(self, sequences: Sequence[JsonObject]) -> list[JsonObject]:
        """Return what is sent: without the calls that the CLI would turn into others."""
        return [
            {
                **sequence,
                "events": [each for each in sequence["events"] if each["type"] not in self.turns],
            }
            for sequence in sequences
        ]

    def config(self, config: JsonObject) -> JsonObject:
        """Return the SDK's configuration in the units of its CLI, without what that cannot read.

        Args:
            config: with ``flushInterval`` in milliseconds and ``timeout`` in seconds.
        """
        told = dict(config)
        interval, timeout = told.pop("flushInterval", None), told.pop("timeout", None)
        if interval is not None and self.intervals is not None:
            told["flushInterval"] = max(
                _whole(interval / 1000 * self.intervals), self.least_interval
            )
        if timeout is not None and self.timeouts is not None:
            told["timeout"] = _whole(timeout * self.timeouts)
        return told


def _whole(number: float) -> float:
    """Return a number without a fraction as an int: some CLIs read nothing else."""
    return int(number) if number == int(number) else number


_NO_TIMEOUT = "its CLI has no time-out of a request"
_NO_INTERVAL = "its CLI reads no flushInterval"
_NO_PREVIOUS_ID = "its CLI names no previousId: the SDK takes the id that it has"
_NO_SCREEN = "its CLI sends a screen as a page"
_NO_PAGE = "its CLI sends a page as a screen"
_MOBILE: Final = {
    "page-fields": _NO_PAGE,
    "alias-fields": _NO_PREVIOUS_ID,
    "flush-at": "its flushAt says when to flush, not how many messages at a time",
    "timeout": _NO_TIMEOUT,
}
_HTTPS: Final = (
    "this SDK speaks only https to its hosts, unless it is built with the {} that its"
    " e2e-config.json names"
)

_AS_WRITTEN = Dialect()
_PHONE = Dialect(
    intervals=1,
    timeouts=None,
    base_path="/v1",
    turns={"page": "screen"},
    not_applicable=_MOBILE,
)
# How long the CLIs of browser and React Native wait for what is not delivered yet, and a while.
_BROWSER_PATIENCE: Final = 60 + 30
_REACT_NATIVE_PATIENCE: Final = 120 + 30
DIALECTS: Final[Mapping[str, Dialect]] = types.MappingProxyType(
    {
        "python": Dialect(),
        "node": Dialect(timeouts=1000),
        "browser": Dialect(
            intervals=None,
            timeouts=None,
            turns={"screen": "page"},
            not_applicable={
                "screen-fields": _NO_SCREEN,
                "alias-fields": _NO_PREVIOUS_ID,
                "flush-interval": _NO_INTERVAL,
                "backoff-grows": "its CLI sets the first backoff to 0.1 s",
                "timeout": _NO_TIMEOUT,
            },
            silent=_HTTPS.format("patch (analytics-browser-http.patch)"),
            patience_seconds=_BROWSER_PATIENCE,
        ),
        "react-native": dataclasses.replace(_PHONE, patience_seconds=_REACT_NATIVE_PATIENCE),
        "kotlin": dataclasses.replace(
            _PHONE, least_interval=1, silent=_HTTPS.format("patch (analytics-kotlin-http.patch)")
        ),
        "swift": dataclasses.replace(
            _PHONE, least_interval=1, silent=_HTTPS.format("patch (analytics-swift-http.patch)")
        ),
        "csharp": Dialect(
            least_interval=1000,
            timeouts=None,
            base_path="/v1",
            not_applicable={"timeout": _NO_TIMEOUT},
        ),
        "ruby": Dialect(
            intervals=None,
            timeouts=None,
            not_applicable={"flush-interval": _NO_INTERVAL, "timeout": _NO_TIMEOUT},
        ),
        "php": Dialect(
            intervals=None,
            not_applicable={
                "flush-interval": _NO_INTERVAL,
                "budget-*": "its CLI reads no maxRetries",
            },
        ),
        "go": Dialect(timeouts=None, not_applicable={"timeout": _NO_TIMEOUT}),
        "java": Dialect(
            least_interval=1000, timeouts=None, not_applicable={"timeout": _NO_TIMEOUT}
        ),
    }
)


def dialect_of(sdk: str) -> Dialect:
    """Return how the CLI of an SDK reads the contract.

    Args:
        sdk: its name in ``e2e-config.json``, or empty.
    """
    return DIALECTS.get(sdk, _AS_WRITTEN)
