"""Asks over HTTP, for event loops: aiohttp's client."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Self

import aiohttp
from yarl import URL

from mockseg.client.operation_call import EdgeAnswer, EdgeRequest, OperationCall, no_answer
from mockseg.client.trust import trust
from mockseg.client.wire import Address, authorization, decode, encode, unreachable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import msgspec


class AiohttpTransport:
    """Carries operations over HTTP/1.1 in whatever event loop runs.

    Inside ``async with`` its connections are kept; outside each operation has its own, so that
    ``source.aio`` belongs to no loop and nothing has to be closed.
    """

    def __init__(self, url: str, *, ca: str | Path | None = None, token: str | None = None) -> None:
        """Make a transport; nothing is opened yet.

        Raises:
            ConfigError: the URL, the CA file or the token is invalid.
        """
        self._address = Address.parse(url)
        self._tls = trust(ca) if self._address.secure else True
        self._authorization = authorization(token)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def perform(self, asked: OperationCall | EdgeRequest) -> msgspec.Struct:
        if isinstance(asked, EdgeRequest):
            # A connection of its own: one that was kept and is closed would look like a fault.
            async with self._open() as session:
                return await self._send(session, asked)
        if self._session is not None:
            return await self._exchange(self._session, asked)
        async with self._open() as session:
            return await self._exchange(session, asked)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        # Without a limit: two hundred waits at once are two hundred connections.
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=self._tls))

    async def _send(self, session: aiohttp.ClientSession, request: EdgeRequest) -> EdgeAnswer:
        url = self._address.url
        try:
            async with session.post(
                URL(url + request.path, encoded=True),
                data=request.body,
                headers=request.headers,
                skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout),
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        except TimeoutError:
            reason = f"none came within {request.timeout:g} s"
            raise no_answer(request, reason, url=url) from None
        except aiohttp.ClientPayloadError:
            raise no_answer(request, "it broke off in the middle", url=url) from None
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise no_answer(request, reason, url=url) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return EdgeAnswer(status=answer.status, headers=headers, body=body)

    async def _exchange(
        self, session: aiohttp.ClientSession, asked: OperationCall
    ) -> msgspec.Struct:
        request = encode(asked, prefix=self._address.prefix)
        url = self._address.url
        try:
            # aiohttp itself repeats idempotent requests on a kept connection found closed.
            async with session.request(
                request.method,
                URL(
                    self._address.url.removesuffix(self._address.prefix) + request.target,
                    encoded=True,
                ),
                data=request.body,
                headers={**request.headers, **self._authorization},
                timeout=aiohttp.ClientTimeout(total=request.patience),
                allow_redirects=False,
            ) as answer:
                status, body = answer.status, await answer.read()
        except TimeoutError:
            raise unreachable(url, f"no answer within {request.patience:g} seconds") from None
        except aiohttp.ClientConnectorError as error:
            raise unreachable(url, error.strerror or str(error.os_error)) from None
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            raise unreachable(url, error) from None
        return decode(asked, status, body, url=url)
