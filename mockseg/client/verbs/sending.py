"""Sending messages through the real edge, without an SDK."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mockseg import json_types
from mockseg.client.operation_call import EdgeAnswer, EdgeRequest, Steps
from mockseg.client.scope import Deadline, Scope
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import MalformedJsonError
from mockseg.suggestions import quoted, unknown

if TYPE_CHECKING:
    from typing import TypeAlias

    Sendable: TypeAlias = Mapping[str, Any] | bytes


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

_PATIENCE_SECONDS = 30.0
_BATCH = "/v1/batch"


def send(
    scope: Scope,
    *messages: Sendable,
    batch: bool = False,
    path: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    timeout: float = _PATIENCE_SECONDS,
) -> Steps[list[EdgeAnswer]]:
    """Send messages as an SDK would: over HTTP, through limits, faults and delays.

    Each goes alone to the route of its type, just as it is given; nothing is added but the
    write key. A call can be read the moment its answer is here.

    Args:
        messages: dicts such as ``{"type": "track", "userId": "u1", "event": "Signed Up"}``;
            bytes are a whole body, for a `path`.
        batch: all of them in one request to ``/v1/batch``.
        path: another route, such as ``/v1/t``; as it is, also a wrong one.
        headers: over those that are sent; None leaves one out, such as ``Authorization``,
            which carries the write key.
        timeout: seconds to wait for each answer.

    Returns:
        An answer for each request, whatever its status.

    Raises:
        TypeError: a message is not a dict or bytes, or bytes come without a path.
        ValueError: a message has no route; names the nearest type.
        UnreachableError: a request got no answer, because a fault broke it off, or the server
            is gone; those before it have been sent.
    """
    Deadline(timeout)
    for each in messages:
        _check(each)
    if not messages and not batch:
        raise TypeError('send() needs a message, such as {"type": "track", "userId": "u1", ...}')
    requests = (
        [_request(scope, _batch(messages), _path(path) or _BATCH, headers, timeout)]
        if batch
        else [
            _request(scope, each, _path(path) or _route(each), headers, timeout)
            for each in messages
        ]
    )
    answers: list[EdgeAnswer] = []
    for request in requests:
        answer: EdgeAnswer = yield request
        answers.append(answer)
    return answers


def _check(message: object) -> None:
    if not isinstance(message, Mapping | bytes):
        raise TypeError(
            f"send(): a message is a dict, or bytes to send as they are; got {quoted(message)}"
        )


def _batch(messages: Sequence[Sendable]) -> dict[str, Any]:
    for each in messages:
        if isinstance(each, bytes):
            raise TypeError(
                f"send(): bytes are a whole body; pass path={_BATCH!r} instead of batch"
            )
    return {"batch": messages}


def _path(path: str | None) -> str | None:
    if path is not None and not (path.startswith("/") and path.isascii() and path.isprintable()):
        raise ValueError(f"send(): path={path!r} must begin with a slash, such as '/v1/track'")
    return path


def _route(message: Sendable) -> str:
    if isinstance(message, bytes):
        raise TypeError(f"send(): bytes have no type; pass path=, such as {_BATCH!r}")
    type_ = message.get("type")
    if isinstance(type_, str) and type_ in MESSAGE_TYPES:
        return f"/v1/{type_}"
    problem = (
        unknown("type", type_, MESSAGE_TYPES)
        if "type" in message
        else f"a message has no type. Allowed: {', '.join(MESSAGE_TYPES)}."
    )
    raise ValueError(f"send(): {problem} To send it as it is, pass batch=True or path=.")


def _request(
    scope: Scope,
    content: Sendable,
    path: str,
    headers: Mapping[str, str | None] | None,
    timeout: float,
) -> EdgeRequest:
    own: dict[str, str | None] = {"Content-Type": "application/json", "User-Agent": "mockseg"}
    if ":" not in scope.write_key:
        user = base64.b64encode(f"{scope.write_key}:".encode()).decode()
        own["Authorization"] = f"Basic {user}" if scope.write_key else None
    elif isinstance(content, bytes):
        raise ValueError(
            "send(): a write key with a colon cannot travel in a header; put it into the body"
        )
    else:
        # Basic ends the user name at a colon.
        content = {"writeKey": scope.write_key, **content}
    by_name = {name.lower(): (name, value) for name, value in own.items()}
    by_name |= {name.lower(): (name, value) for name, value in (headers or {}).items()}
    return EdgeRequest(
        path=path,
        headers={name: value for name, value in by_name.values() if value is not None},
        body=content if isinstance(content, bytes) else _encoded(content),
        timeout=timeout,
    )


def _encoded(message: Mapping[str, Any]) -> bytes:
    try:
        # Moments, decimals and ids of UUID become what SDKs make of them.
        return json_types.encode_for_wire(msgspec.to_builtins(dict(message)))
    except MalformedJsonError as error:
        raise TypeError(f"send(): a message is {error}") from None
    except (TypeError, RecursionError) as error:
        raise TypeError(f"send(): a message is not JSON: {error}") from None
