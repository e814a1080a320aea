"""The style sheet and the scripts of the page (ES modules), served as they are."""

from __future__ import annotations

import asyncio
import gzip
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web

from mockseg.errors import OperationError
from mockseg.web.control_answers import accepts_gzip, security_headers
from mockseg.web.guard import add_guarded
from mockseg.web.parameters import check_content_type, query_values

_IMPORT: Final = re.compile(r"^import .* from '\./([a-z_]+\.js)'$", re.MULTILINE)
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
    etag, text, packed = known[name]
    # Asked for again each time, so that an update of mockseg is never mixed with what was kept.
    headers = {
        **security_headers(),
        "Cache-Control": "no-cache",
        "ETag": f'W/"{etag}"',
        "Vary": "Accept-Encoding",
    }
    if any(given.value == etag for given in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = f"{_TYPES[Path(name).suffix]}; charset=utf-8"
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=packed, headers=headers)
    return web.Response(body=text, headers=headers)


class _File(NamedTuple):
    """A file: the hash of its text, the text, and the text gzipped."""

    hash: str
    text: bytes
    packed: bytes


@lru_cache(maxsize=1)
def _files() -> dict[str, _File]:
    """Read all files, once, by name. Not for the event loop."""
    folder = Path(__file__).parents[1] / "static"
    texts = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in _TYPES}
    return {
        name: _File(sha256(text).hexdigest()[:32], text, gzip.compress(text, mtime=0))
        for name, text in texts.items()
    }


def modules() -> dict[str, tuple[str, ...]]:
    """Return of each module those that it imports, and those that they import.

    A document that names them has them loaded at once, not one after the other.
    """
    return {name: _imports(name) for name in _files() if name.endswith(".js")}


def _imports(name: str) -> tuple[str, ...]:
    found: list[str] = []
    ahead = [name]
    while ahead:
        text = _files()[ahead.pop()].text.decode()
        new = [each for each in _IMPORT.findall(text) if each not in found]
        found += new
        ahead += new
    return tuple(found)


def style() -> str:
    """Return the style sheet of the page."""
    return _files()["page.css"].text.decode()
