"""The manual on the page: each page as HTML, and a search."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mockseg.errors import OperationError
from mockseg.manual.pages import INDEX, Found, Page, anchor_of, page, page_names, search
from mockseg.suggestions import unknown
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import MANUAL, show

_PAGE_LINK: Final = re.compile(r"([a-z-]+)\.md(#.*)?")


class ManualQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the address of the manual may say.

    Attributes:
        q: words to find.
    """

    q: Annotated[str, msgspec.Meta(max_length=200)] = ""


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", MANUAL.path, _manual)
    add_page(app, "GET", MANUAL.path + "{topic:[^/]+}{slash:/?}", _manual)


async def _manual(request: web.Request) -> web.StreamResponse:
    words = read_address(request, ManualQuery).q
    found = await asyncio.to_thread(_read, request.match_info.get("topic", INDEX), words)
    return await show(request, "manual.html", view=MANUAL, knows=ManualQuery, **found)


def _read(name: str, words: str) -> dict[str, Any]:
    """Return what the template shows. Reads files at first: not for the event loop."""
    topic = page(name)
    if topic is None:
        raise OperationError(
            unknown("page of the manual", name, page_names(), see=MANUAL.path),
            status=404,
            code="unknown_page",
        )
    found: Sequence[Found] = search(words)
    return {"topic": topic, "html": _html(topic.name), "words": words, "found": found}


@lru_cache(maxsize=64)
def _html(name: str) -> str:
    """Return a page of ours as HTML. Nothing of a message is in it, and markup is escaped."""
    topic = page(name)
    assert isinstance(topic, Page)  # noqa: S101  (_read has found it)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(topic.text)
    for heading, title in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor_of(title.content))
    for token in tokens:
        _lead_here(token.children or [])
    _empty_heads_to_cells(tokens)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _empty_heads_to_cells(tokens: Sequence[Token]) -> None:
    """Turn heads of tables without a text into cells: they are the head of nothing."""
    for opening, inside, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not inside.content:
            opening.tag = closing.tag = "td"


def _lead_here(tokens: Sequence[Token]) -> None:
    """Let links to other pages lead to their addresses here."""
    for token in tokens:
        target = token.attrGet("href") if token.type == "link_open" else None
        if isinstance(target, str) and (other := _PAGE_LINK.fullmatch(target)):
            token.attrSet("href", f"{MANUAL.path}{other[1]}{other[2] or ''}")
