"""Where a server is, an operation as HTTP, and an HTTP answer as a result: for both transports.

All of it follows from the table of operations.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mockseg import json_types
from mockseg.domain.credentials import shown_url
from mockseg.errors import ConfigError, OperationError, UnreachableError
from mockseg.json_types import Json, JsonObject
from mockseg.operations.table import PREFIX, by_name
from mockseg.setting import BEARER_RULE, is_token

if TYPE_CHECKING:
    from mockseg.client.operation_call import OperationCall


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """The address of a running mockseg, taken apart.

    Attributes:
        url: without a slash at the end.
        secure: https.
        host: name or number, IPv6 without brackets.
        port: the scheme's own when the URL has none.
        prefix: a path before mockseg's own, for one behind a proxy; mostly empty.
    """

    url: str
    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart.

        Raises:
            ConfigError: it is not an http or https URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f'invalid address "{shown_url(url)}": {error}') from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f'invalid address "{shown_url(url)}": expected an http or https URL, such as'
                " http://127.0.0.1:8765"
            )
        if parts.username is not None or parts.query or parts.fragment:
            raise ConfigError(
                f'invalid address "{shown_url(url)}": expected only scheme, host, port and'
                " path, such as http://127.0.0.1:8765"
            )
        secure = parts.scheme == "https"
        return cls(
            url=url.rstrip("/"),
            secure=secure,
            host=parts.hostname,
            port=port or (443 if secure else 80),
            prefix=parts.path.rstrip("/"),
        )


# How much longer than the server's own time a client waits before it gives up on it.
GRACE_SECONDS = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class WireRequest:
    """An operation as HTTP.

    Attributes:
        method: of HTTP.
        target: path and query, percent-encoded.
        body: JSON, or None.
        patience: seconds after which the client gives up.
        repeatable: may be sent again when a kept connection turns out to be closed.
    """

    method: str
    target: str
    body: bytes | None
    patience: float
    repeatable: bool

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


class _Refusal(msgspec.Struct):
    code: str
    message: str
    details: JsonObject = {}


class _RefusalBody(msgspec.Struct):
    error: _Refusal


def encode(asked: OperationCall, *, prefix: str = "") -> WireRequest:
    """Write an operation as HTTP: path and query for GET and DELETE, else path and body.

    Args:
        asked: what is asked.
        prefix: what stands before mockseg's own paths.
    """
    operation = by_name(asked.operation)
    fields: JsonObject = msgspec.to_builtins(asked.params)
    path = operation.path
    for name in operation.path_names:
        path = path.replace(f"{{{name}}}", _segment(fields.pop(name)))
    body = None
    if operation.has_body:
        body = json_types.encode(fields)
    elif fields:
        path += "?" + urlencode([(name, _text(value)) for name, value in fields.items()])
    return WireRequest(
        method=operation.method,
        target=f"{prefix}{PREFIX}{path}",
        body=body,
        patience=asked.patience + GRACE_SECONDS,
        repeatable=operation.repeatable,
    )


def authorization(token: str | None) -> dict[str, str]:
    """Return the header that carries a control token, none without one.

    Raises:
        ConfigError: a header cannot hold it; the message does not show it.
    """
    if token is None:
        return {}
    if not is_token(token):
        raise ConfigError(f"invalid control token: it must be {BEARER_RULE}")
    return {"Authorization": f"Bearer {token}"}


def decode(asked: OperationCall, status: int, body: bytes, *, url: str) -> msgspec.Struct:
    """Read the answer to an operation.

    Raises:
        OperationError: the server refused.
        UnreachableError: the server there is not mockseg, or of another version, or is stopping.
    """
    operation = by_name(asked.operation)
    try:
        if status == operation.status:
            result: msgspec.Struct = msgspec.json.decode(body, type=operation.result)
            return result
        refusal = msgspec.json.decode(body, type=_RefusalBody).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreachableError(
            f"the server at {url} is not mockseg, or of another version: it answered"
            f" {operation.method} {PREFIX}{operation.path} with {status} ({error})"
        ) from None
    if refusal.code == "stopping":
        raise UnreachableError(f"the mockseg at {url} has been stopped")
    raise OperationError(refusal.message, status=status, code=refusal.code, details=refusal.details)


def unreachable(url: str, error: Exception | str) -> UnreachableError:
    reason = str(error) or type(error).__name__
    return UnreachableError(f"no mockseg answers at {url}: {reason}")


def _segment(value: str) -> str:
    """Encode a path segment; a write key may hold anything, dots and slashes too."""
    return quote(value, safe="").replace(".", "%2E") if value in {".", ".."} else quote(value, "")


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
