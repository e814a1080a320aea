"""mockseg, the local Segment.

::

    from mockseg import MockSegment, track

    with MockSegment() as server:
        source = server.source()
        ...  # let the app send to source.url with source.write_key
        source.assert_called(track("Signed Up", user_id="u1"))

Importing this loads nothing else: each name is fetched when it is first used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

# What type checkers take for true, without the price of importing `typing`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mockseg.catalogue.samples import sample
    from mockseg.client.async_source import AsyncSource
    from mockseg.client.client import AsyncClient, Client
    from mockseg.client.operation_call import EdgeAnswer
    from mockseg.client.parts import AsyncDestination, AsyncWarehouse, Destination, Warehouse
    from mockseg.client.source import Source
    from mockseg.destinations.signature import verify_signature
    from mockseg.domain.call import Call
    from mockseg.domain.delivery import Delivery
    from mockseg.errors import (
        BlockingCallError,
        ClockError,
        ConfigError,
        FqlError,
        MalformedJsonError,
        MissingExtraError,
        MocksegError,
        OperationError,
        PlanError,
        ServerStartError,
        UnknownOptionError,
        UnmetExpectationError,
        UnreachableError,
        UnreadableFileError,
        VendorStateError,
    )
    from mockseg.matching.matchers import (
        alias,
        any_call,
        group,
        identify,
        message,
        page,
        screen,
        track,
    )
    from mockseg.matching.values import ABSENT, ANY, approx, between, exactly
    from mockseg.server import MockSegment

    __version__: str

__all__ = [
    "ABSENT",
    "ANY",
    "AsyncClient",
    "AsyncDestination",
    "AsyncSource",
    "AsyncWarehouse",
    "BlockingCallError",
    "Call",
    "Client",
    "ClockError",
    "ConfigError",
    "Delivery",
    "Destination",
    "EdgeAnswer",
    "FqlError",
    "MalformedJsonError",
    "MissingExtraError",
    "MockSegment",
    "MocksegError",
    "OperationError",
    "PlanError",
    "ServerStartError",
    "Source",
    "UnknownOptionError",
    "UnmetExpectationError",
    "UnreachableError",
    "UnreadableFileError",
    "VendorStateError",
    "Warehouse",
    "__version__",
    "alias",
    "any_call",
    "approx",
    "between",
    "exactly",
    "group",
    "identify",
    "message",
    "page",
    "sample",
    "screen",
    "track",
    "verify_signature",
]

# Module -> the names that come from it; a test compares this with the imports above.
_HOMES = {
    "mockseg.catalogue.samples": ("sample",),
    "mockseg.client.async_source": ("AsyncSource",),
    "mockseg.client.client": ("AsyncClient", "Client"),
    "mockseg.client.parts": ("AsyncDestination", "AsyncWarehouse", "Destination", "Warehouse"),
    "mockseg.client.operation_call": ("EdgeAnswer",),
    "mockseg.client.source": ("Source",),
    "mockseg.destinations.signature": ("verify_signature",),
    "mockseg.domain.call": ("Call",),
    "mockseg.domain.delivery": ("Delivery",),
    "mockseg.errors": (
        "BlockingCallError",
        "ClockError",
        "ConfigError",
        "FqlError",
        "MalformedJsonError",
        "MissingExtraError",
        "MocksegError",
        "OperationError",
        "PlanError",
        "ServerStartError",
        "UnknownOptionError",
        "UnmetExpectationError",
        "UnreachableError",
        "UnreadableFileError",
        "VendorStateError",
    ),
    "mockseg.matching.matchers": (
        "alias",
        "any_call",
        "group",
        "identify",
        "message",
        "page",
        "screen",
        "track",
    ),
    "mockseg.matching.values": ("ABSENT", "ANY", "approx", "between", "exactly"),
    "mockseg.server": ("MockSegment",),
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from mockseg.version import version

        value: object = version()
    else:
        for home, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                value = getattr(import_module(home), name)
                break
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
