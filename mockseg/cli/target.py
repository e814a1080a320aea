from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from mockseg.client.operation_call import OperationCall
from mockseg.client.over_http import HttpTransport
from mockseg.client.trust import trust
from mockseg.client.wire import Address, authorization
from mockseg.clock import SystemClock
from mockseg.operations.calls import CallPage
from mockseg.operations.deliveries import DeliveryPage
from mockseg.operations.destinations import VendorRequestPage
from mockseg.operations.requests import RequestPage
from mockseg.operations.table import PREFIX

_R = TypeVar("_R", bound=msgspec.Struct)
_P = TypeVar("_P", "CallPage", "DeliveryPage", "RequestPage", "VendorRequestPage")

# Maximum number of items of one answer, unless a caller asks for less.
_PAGE = 1000


class Target:
    """A running mockseg.

    Attributes:
        url: its address.
        served_at: the same, where it is a server that calls can be sent to; else None.
        ca: CA to trust for https, a PEM file; None for those that the system trusts.

    Raises:
        ConfigError: the address or the CA file is invalid.
    """

    def __init__(self, url: str, *, ca: str | None = None, token: str | None = None) -> None:
        self.url = url
        self.served_at: str | None = url
        self.ca = ca
        self._authorization = authorization(token)
        self._transport = HttpTransport(url, ca=ca, token=token)

    def ask(self, operation: str, params: msgspec.Struct, result: type[_R]) -> _R:
        """Perform one operation of the table; ``result`` is the type of its answer.

        Raises:
            OperationError: the server refused it.
            UnreachableError: no mockseg answers there.
        """
        answer = self._transport.perform(OperationCall(operation, params))
        assert isinstance(answer, result)  # noqa: S101 - the table says so
        return answer

    def pages(
        self,
        operation: str,
        params: msgspec.Struct,
        result: type[_P],
        *,
        most: int | None = None,
        size: int = _PAGE,
    ) -> Iterator[_P]:
        """Yield the pages of a list, at least one.

        Args:
            operation: that lists something.
            params: of the first page; ``order="newest"`` goes back in time.
            result: type of a page.
            most: maximum number of items of all pages, from 1; all if omitted.
            size: maximum number of items of a page.

        Raises:
            OperationError: the server refused it.
            UnreachableError: no mockseg answers there.
        """
        newest = getattr(params, "order", "oldest") == "newest"
        left = most
        while True:
            limit = size if left is None else min(size, left)
            params = msgspec.structs.replace(params, limit=limit)
            page = self.ask(operation, params, result)
            yield page
            if left is not None:
                # The first field of a page is its list.
                left -= len(getattr(page, page.__struct_fields__[0]))
            if page.next is None or left == 0:
                return
            place = {"before": page.next} if newest else {"after": page.next}
            params = msgspec.structs.replace(params, **place)

    @contextlib.contextmanager
    def get(
        self, path: str, *, timeout: float, headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a GET on a connection of its own, and yield the answer, its body unread.

        Args:
            path: below the control API.
            timeout: maximum number of seconds without a byte.
            headers: besides the control token.

        Raises:
            OSError: the connection failed.
            HTTPException: the answer is not HTTP.
        """
        address = Address.parse(self.url)
        place = (address.host, address.port)
        connection = (
            http.client.HTTPSConnection(*place, timeout=timeout, context=trust(self.ca))
            if address.secure
            else http.client.HTTPConnection(*place, timeout=timeout)
        )
        with contextlib.closing(connection):
            sent = {**self._authorization, **(headers or {})}
            connection.request("GET", f"{address.prefix}{PREFIX}{path}", headers=sent)
            yield connection.getresponse()

    def close(self) -> None:
        self._transport.close()


def pause(seconds: float) -> None:
    """Sleep; Ctrl-C ends it at once."""
    import asyncio

    asyncio.run(SystemClock().sleep(seconds))
