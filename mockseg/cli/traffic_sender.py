"""From the flags that say how calls travel to what sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mockseg.cli.traffic_values import connections_of, tls_of
from mockseg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.cli.traffic_run import Sender
    from mockseg.json_types import JsonObject
    from mockseg.traffic.packets import Transport
    from mockseg.traffic.tally import Tally


def sender_for(
    url: str,
    transport: Transport | Literal["sdk"],
    tally: Tally,
    *,
    zipped: bool,
    connections: str | None,
    ca: str | None,
    findings: Callable[[JsonObject], set[str]] | None = None,
) -> Callable[[str], Sender]:
    """Check how calls are to travel, before anybody is asked anything.

    Args:
        url: the target's address.
        transport: as ``--transport`` says.
        tally: what everything is counted in.
        zipped: whether bodies are gzipped.
        connections: as ``--connections`` says.
        ca: a PEM file, or None.
        findings: gives what is wrong with a message, None when no call has a label.

    Returns:
        A function that makes the sender to a source of its write key.

    Raises:
        ConfigError: these do not go together.
        MissingExtraError: the SDK is not installed.
    """
    if transport == "sdk":
        from mockseg.traffic.sdk_driver import SdkDriver, require_sdk

        if connections is not None:
            raise ConfigError("--connections has no say with --transport sdk: the SDK has one")
        # Asked here, so that nothing is opened for a run that cannot be.
        require_sdk()
        tls_of(url, ca)

        def through_sdk(write_key: str) -> Sender:
            return SdkDriver(url, write_key, tally, findings=findings, zipped=zipped, ca=ca)

        return through_sdk
    from mockseg.traffic.driver import Driver
    from mockseg.traffic.packets import to_segment

    number, tls = connections_of(connections), tls_of(url, ca)
    # Refuses what does not go together, before there is a write key.
    to_segment("", transport, zipped=zipped)

    def over_http(write_key: str) -> Sender:
        make = to_segment(write_key, transport, zipped=zipped)
        return Driver(url, make, tally, connections=number, tls=tls)

    return over_http
