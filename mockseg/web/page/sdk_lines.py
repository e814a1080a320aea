"""How an SDK is pointed at this server, as several views show it."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from mockseg.snippets import SDKS, start_lines
from mockseg.web.page.rendering import own_url


@dataclasses.dataclass(frozen=True, slots=True)
class SdkLines:
    """The lines that point SDKs at this server.

    Attributes:
        lines: each with the SDK's name.
        of_https: the SDKs that cannot be, because they use https only and the server does not.
    """

    lines: list[tuple[str, str]]
    of_https: list[str]


def sdk_lines(request: web.Request, source: str | None) -> SdkLines:
    """Return the lines of all SDKs, with the write key of a source if there is one."""
    url = own_url(request)
    tls_url = url if request.scheme == "https" else None
    lines = start_lines(url, tls_url, **({"write_key": source} if source else {}))
    of_https = [sdk.name for sdk in SDKS if sdk.https and tls_url is None]
    return SdkLines([each for each in lines if each[0] not in of_https], of_https)
