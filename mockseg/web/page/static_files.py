"""The style sheet, the scripts (ES modules) and the icons of the page, served as they are.

Their addresses have a hash of all of them in the path: a browser keeps them without asking again,
and an update of mockseg is never mixed with what was kept. Imports are relative, so they take the
hash along.
"""

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
_FOLDER: Final = "/_mockseg/static/"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def add_routes(app: web.Application) -> None:
    # The form for the control token has the style too.
    add_guarded(app, "GET", f"{_FOLDER}{{hash}}/{{name:page[.]css}}", _file, any_peer=True)
    add_guarded(app, "GET", f"{_FOLDER}{{hash}}/{{name}}", _file)


async def _file(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    known, name = await asyncio.to_thread(_files), request.match_info["name"]
    asked = f"{request.match_info['hash']}/{name}"
    if asked != f"{_hash()}/{name}" or name not in known:
        raise OperationError(
            f'unknown file "{asked[:100]}"; the page names those of this version of mockseg',
            status=404,
            code="unknown_file",
            details={"allowed": [f"{_hash()}/{each}" for each in sorted(known)]},
        )
    text, packed = known[name]
    headers = {
        **security_headers(),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Type": f"{_TYPES[Path(name).suffix]}; charset=utf-8",
        "Vary": "Accept-Encoding",
    }
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=packed, headers=headers)
    return web.Response(body=text, headers=headers)


class _File(NamedTuple):
    """A file: its text, and the text gzipped."""

    text: bytes
    packed: bytes


@lru_cache(maxsize=1)
def _files() -> dict[str, _File]:
    """Read all files, once, by name. Not for the event loop."""
    folder = Path(__file__).parents[1] / "static"
    texts = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in _TYPES}
    return {name: _File(text, gzip.compress(text, mtime=0)) for name, text in texts.items()}


@lru_cache(maxsize=1)
def _hash() -> str:
    """Return the hash of all files: one of them may import another."""
    every = sha256()
    for name, file in sorted(_files().items()):
        every.update(b"%b %d\n%b" % (name.encode(), len(file.text), file.text))
    return every.hexdigest()[:16]


def address(name: str) -> str:
    """Return the address of a file. Not for the event loop, the first time."""
    return f"{_FOLDER}{_hash()}/{name}"


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
