"""The page's forms for faults: add one, take one or all away; of a source, or of every one.

They work without a script: a form is posted, and the answer leads back to the page. What is
wrong with a form is said beside it, with all that was typed still there.
"""

from __future__ import annotations

from aiohttp import web

from mockseg.conversion import convert
from mockseg.errors import OperationError
from mockseg.json_types import JsonObject
from mockseg.operations.base import OfSource
from mockseg.operations.faults import AddFault, ClearFaults
from mockseg.web.guard import admit_form
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.overview import Form, OverviewQuery, overview, query_of
from mockseg.web.page.rendering import HOME, redirect
from mockseg.web.parameters import check_content_type, form_values, read_query

_OF_EFFECT = ("status", "retryAfter", "delay")
_FIELDS = ("scenario", *_OF_EFFECT, "times")


def add_routes(app: web.Application) -> None:
    add_page(app, "POST", "/_mockseg/faults", _add)
    # Where a form was shown again, the reader may load the page by its address.
    add_page(app, "GET", "/_mockseg/faults", _show)
    add_page(app, "POST", "/_mockseg/faults/clear", _clear)


async def _show(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    return _back_to(read_query(request, OfSource).source)


async def _add(request: web.Request) -> web.StreamResponse:
    admit_form(request)
    source = read_query(request, OfSource).source
    given = await form_values(request, _FIELDS)
    form = {name: text.strip() for name, text in given.items()}
    try:
        await request.app[HUB].perform("add_fault", _asked(source, form))
    except OperationError as error:
        # The form's labels do not name the effect.
        text = error.message.replace("`effect.", "`")
        asked = OverviewQuery(source=source)
        return await overview(request, asked, form=Form(form, text), status=error.status)
    return _back_to(source)


async def _clear(request: web.Request) -> web.StreamResponse:
    admit_form(request)
    source = read_query(request, OfSource).source
    id_ = (await form_values(request, ("id",))).get("id")
    asked = (
        ClearFaults(id=id_) if id_ is not None else ClearFaults(source=source, all=source is None)
    )
    try:
        await request.app[HUB].perform("clear_faults", asked)
    except OperationError as error:
        # Another client has removed it already.
        if error.status != 404:
            raise
    return _back_to(source)


def _asked(source: str | None, form: dict[str, str]) -> AddFault:
    """Make the fault that a form describes; a field that was left empty says nothing.

    Raises:
        OperationError: 422.
    """
    filled = {name: text for name, text in form.items() if text}
    effect = {name: filled.pop(name) for name in _OF_EFFECT if name in filled}
    values: JsonObject = {"source": source, **filled, **({"effect": effect} if effect else {})}
    return convert(values, AddFault, from_text=True, where="the form")


def _back_to(source: str | None) -> web.Response:
    """Lead back to the page: to load it again does not send the form again."""
    return redirect(f"{HOME}{query_of(source)}#faults")
