"""Server-sent events of ``GET /stream``, for commands: read, and resumed when they break off."""

from __future__ import annotations

import dataclasses
import http.client
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mockseg.cli.target import pause
from mockseg.client.address import Address
from mockseg.client.over_http import trust
from mockseg.errors import OperationError, UnreachableError
from mockseg.operations.table import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mockseg.cli.target import Target


# The server says something at least every 15 seconds.
_SILENCE_SECONDS = 60.0
_LONGEST_LINE = 64 * 1024 * 1024
_LONGEST_REFUSAL = 65_536


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        kind: ``call``, ``request``, ``gap``; or ``lost``, when the connection broke.
        data: JSON; for ``lost`` a sentence.
    """

    kind: str
    data: str


def events(
    target: Target, query: Mapping[str, str], *, patience_seconds: float, pause_seconds: float = 0.5
) -> Iterator[Event]:
    """Yield events without end, resuming after the last one when the connection breaks.

    Args:
        target: the server.
        query: of the stream.
        patience_seconds: for how long a server that went away is looked for.
        pause_seconds: between two looks.

    Raises:
        OperationError: the query is refused.
        UnreachableError: no server answers, or it did not come back in time.
    """
    last_id: str | None = None
    pauses = max(int(patience_seconds / pause_seconds), 1)
    left = 0
    while True:
        try:
            for kind, id_, data in _read(target, query, last_id):
                last_id, left = id_ or last_id, pauses
                if data:
                    yield Event(kind, data)
            problem = "the server ended the stream"
        except UnreachableError as error:
            problem = str(error)
            # Whoever was never there is not waited for.
            if left == 0:
                raise
        if left == pauses:
            yield Event("lost", problem)
        left -= 1
        if left == 0:
            raise UnreachableError(
                f"{problem}; it did not come back in {patience_seconds:g} seconds"
            )
        pause(pause_seconds)


def _read(
    target: Target, query: Mapping[str, str], last_id: str | None
) -> Iterator[tuple[str, str, str]]:
    """Read one connection to its end: kind, id and data of each event."""
    connection = _connection(target)
    address = Address.parse(target.url)
    headers = {"Accept": "text/event-stream", **target.authorization}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    path = f"{address.prefix}{PREFIX}/stream" + (f"?{urlencode(query)}" if query else "")
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise _refusal(target, answer)
        yield from _parse(answer)
    except TimeoutError:
        raise UnreachableError(f"the mockseg at {target.url} no longer says anything") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreachableError(f"no mockseg answers at {target.url}: {reason}") from None
    except http.client.HTTPException as error:
        raise UnreachableError(
            f"the stream of {target.url} broke off ({type(error).__name__})"
        ) from None
    finally:
        connection.close()


def _connection(target: Target) -> http.client.HTTPConnection:
    address = Address.parse(target.url)
    if not address.secure:
        return http.client.HTTPConnection(address.host, address.port, timeout=_SILENCE_SECONDS)
    return http.client.HTTPSConnection(
        address.host, address.port, timeout=_SILENCE_SECONDS, context=trust(target.ca)
    )


def _parse(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str, str]]:
    kind = id_ = data = ""
    while line := answer.readline(_LONGEST_LINE):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            yield kind, id_, data
            kind = id_ = data = ""
            continue
        field, _, value = text.partition(": ")
        if field == "event":
            kind = value
        elif field == "id":
            id_ = value
        elif field == "data":
            data = value


def _refusal(target: Target, answer: http.client.HTTPResponse) -> OperationError | UnreachableError:
    try:
        error = json.loads(answer.read(_LONGEST_REFUSAL))["error"]
        return OperationError(str(error["message"]), status=answer.status, code=str(error["code"]))
    except (ValueError, KeyError, TypeError):
        return UnreachableError(
            f"what answers at {target.url} is not a mockseg (status {answer.status})"
        )
