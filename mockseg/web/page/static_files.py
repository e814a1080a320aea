"""The style sheet and the scripts of the page (ES modules), served as they are."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

from mockseg.errors import OperationError
from mockseg.web.control_answers import security_headers
from mockseg.web.guard import add_guarded
from mockseg.web.parameters import check_content_type, query_values

_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}


def add_routes(app: web.Application) -> None:
    # The form for the control token has the style too.
    add_guarded(app, "GET", "/_mockseg/static/{name:page[.]css}", _file, any_peer=True)
    add_guarded(app, "GET", "/_mockseg/static/{name}", _file)


async def _file(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    known, name = await asyncio.to_thread(_files), request.match_info["name"]
    if name not in known:
        raise OperationError(
            f'unknown file "{name[:100]}"',
            status=404,
            code="unknown_file",
            details={"allowed": sorted(known)},
        )
    etag, text = known[name]
    # Asked for again each time, so that an update of mockseg is never mixed with what was kept.
    headers = {**security_headers(), "Cache-Control": "no-cache", "ETag": f'"{etag}"'}
    if any(given.value == etag for given in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = f"{_TYPES[Path(name).suffix]}; charset=utf-8"
    return web.Response(body=text, headers=headers)


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[str, bytes]]:
    """Read all files, once: by name, each with its hash. Not for the event loop."""
    folder = Path(__file__).parents[1] / "static"
    texts = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in _TYPES}
    return {name: (sha256(text).hexdigest()[:32], text) for name, text in texts.items()}


def style() -> str:
    """Return the style sheet of the page."""
    return _files()["page.css"][1].decode()
