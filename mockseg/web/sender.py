from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
from yarl import URL

from mockseg.delivery.outgoing import Outgoing, Unanswered
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.credentials import shown_url

# An endless answer must not fill the memory; of a body this much is read.
_MOST_BYTES = 64 * 1024
_BY_NUMBER = {
    errno.ECONNREFUSED: "ECONNREFUSED",
    errno.ECONNRESET: "ECONNRESET",
    errno.EPIPE: "ECONNRESET",
    errno.ECONNABORTED: "ECONNABORTED",
    errno.EHOSTUNREACH: "EHOSTUNREACH",
    errno.ENETUNREACH: "EHOSTUNREACH",
    errno.ETIMEDOUT: "ETIMEDOUT",
}


class HttpSender:
    """Sends requests to real URLs; a :class:`mockseg.delivery.outgoing.Sender`.

    Its connections are kept between requests. Redirects are not followed. A certificate
    must be trusted by this machine: self-signed ones are refused, as Segment does.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Outgoing) -> VendorResponse | Unanswered:
        """Send a request; give what was answered, or Segment's label for why nothing was.

        Its caller says how long that may take, by the clock of the source, and cancels.
        """
        if self._session is None or self._session.closed:
            self._session = _open()
        try:
            async with self._session.request(
                request.method,
                # Sent as it was configured, not as it could be written too.
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
            ) as answer:
                body = bytearray()
                while len(body) < _MOST_BYTES:
                    part = await answer.content.read(_MOST_BYTES - len(body))
                    if not part:
                        break
                    body += part
                headers = tuple(answer.headers.items())
                return VendorResponse(answer.status, bytes(body), headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Unanswered(_label(error), shown_url(str(error) or type(error).__name__)[:500])

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _open() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # How many are sent at once is the dispatcher's to say.
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        # Destinations share no cookies, and nothing is sent that Segment does not send.
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        trust_env=False,
    )


def _label(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorDNSError) else error
        return "EAI_AGAIN" if cause.errno == socket.EAI_AGAIN else "ENOTFOUND"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "ECONNABORTED"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "ECONNRESET"
    if isinstance(error, TimeoutError):
        return "ETIMEDOUT"
    number = error.errno if isinstance(error, OSError) else None
    return _BY_NUMBER.get(number or 0, "ECONNABORTED")
