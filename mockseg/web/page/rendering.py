"""Templates: from values to HTML, everything escaped."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from mockseg import json_types
from mockseg.domain.findings import Discard, Finding, Violation
from mockseg.printable import printable_lines
from mockseg.web.control_answers import accepts_gzip, page_answer, security_headers
from mockseg.web.page import static_files

if TYPE_CHECKING:
    from jinja2 import Environment


HOME = "/_mockseg/"
# The calls of a view as a file.
DOWNLOAD = f"{HOME}calls.ndjson"
# Where a form may lead to.
_own = re.compile(r"/_mockseg(?:[/?][!-~]*)?")
_SHORT = 200
_KEY = 16
_LONG = 100_000


async def render(
    request: web.Request,
    template: str,
    /,
    *,
    status: int = 200,
    framed: bool = False,
    **values: Any,
) -> web.Response:
    environment = await asyncio.to_thread(templates)
    text = environment.get_template(template).render(url=own_url(request), framed=framed, **values)
    answer = page_answer(text, url=own_url(request), status=status, framed=framed)
    if accepts_gzip(request):
        answer.enable_compression(web.ContentCoding.gzip)
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


def redirect(path: str, *, status: int = 303) -> web.Response:
    """Lead to another address; by default with a GET, whatever the method was."""
    return web.Response(status=status, headers={**security_headers(), "Location": path})


def came_from(request: web.Request) -> str:
    """Return the path of the view that a form was sent from; that of calls where it is not told."""
    path = urlsplit(request.headers.get("Referer", "")).path
    return path if is_own(path) else HOME


def is_own(path: str) -> bool:
    """Return whether a path, as it was sent, is one of the page, percent-encoded."""
    return _own.fullmatch(path) is not None


def own_url(request: web.Request) -> str:
    """Return this server's address as the reader knows it; the guard has checked the host."""
    return f"{request.scheme}://{request.host}"


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Read and compile all templates, once. Slow, and reads files: not for the event loop."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = Path(__file__).with_name("templates")
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
        finalize=_printable,
    )
    environment.filters.update(
        {
            "short": _short,
            "key": _key,
            "long": _long,
            "in_words": in_words,
            "json": json_types.pretty,
            "indented": json_types.pretty_text,
            "span": span_text,
        }
    )
    environment.globals["modules"] = static_files.modules()
    environment.globals["address_of"] = static_files.address
    for name in sources:
        environment.get_template(name)
    return environment


def _printable(value: Any) -> Any:
    """Escape in a text what would reorder a line or is invisible; jinja escapes the rest."""
    # Nearly every text is without any, and Python's own test is ten times as fast as ours.
    return printable_lines(value) if type(value) is str and not value.isprintable() else value


def in_words(finding: Finding) -> str:
    """Return a finding as one line: where, why, and whose code it is."""
    place = f"{finding.field}: " if finding.field else ""
    if isinstance(finding, Discard):
        whose = "Segment" if finding.origin == "segment" else "mockseg's own name for it"
        return f"{place}{finding.description} ({finding.code}, {whose})"
    plan = f", plan {finding.plan}" if finding.plan else ""
    kind = finding.type if isinstance(finding, Violation) else f"{finding.code}, a warning"
    return f"{place}{finding.description} ({kind}{plan})"


def span_text(seconds: float) -> str:
    """Return a span of time in the unit that fits it: ``50 ms``, ``1.5 s``, ``12 s``, ``5 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for unit, name, up_to in ((1, "s", 120), (60, "min", 120), (3600, "h", 48)):
        if seconds < unit * up_to:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"


def _short(text: object) -> str:
    whole = str(text)
    return whole if len(whole) <= _SHORT else whole[:_SHORT] + "…"


def _key(key: str) -> str:
    """Return a write key short enough for a column: its beginning and its end."""
    return key if len(key) <= _KEY else f"{key[:6]}…{key[-5:]}"


def _long(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return f"{text[:_LONG]}\n… and {len(text) - _LONG} characters more"
