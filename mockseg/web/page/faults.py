"""Faults: those in force, and the forms to add one, to take one or all away.

They work without a script: a form is posted, and the answer leads back to the page. What is
wrong with a form is said beside it, with all that was typed still there.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import msgspec
from aiohttp import web

from mockseg.conversion import convert
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import OperationError
from mockseg.json_types import JsonObject
from mockseg.operations.base import OfSource
from mockseg.operations.faults import AddFault, ClearFaults, FaultList, FaultPreview, RuleView
from mockseg.web.guard import admit_form
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import FAULTS, ask, query_of, show
from mockseg.web.page.rendering import redirect
from mockseg.web.parameters import form_values, read_query

_OF_MATCH = ("type", "event")
_OF_EFFECT = ("status", "retryAfter", "delay")
_FIELDS = ("scenario", *_OF_MATCH, *_OF_EFFECT, "times", "dry")
_SHOWN: Final = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """The form for a fault, as it was sent.

    Attributes:
        values: by the names of its fields, as they were typed.
        error: why no fault was added, or empty.
        preview: what the fault would hit, if that was asked.
    """

    values: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str = ""
    preview: FaultPreview | None = None


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", FAULTS.path, _faults)
    add_page(app, "POST", FAULTS.path, _add)
    add_page(app, "POST", f"{FAULTS.path}/clear", _clear)


async def _faults(request: web.Request) -> web.StreamResponse:
    return await _shown(request, read_address(request, OfSource).source)


async def _shown(
    request: web.Request, source: str | None, *, form: Form | None = None, status: int = 200
) -> web.Response:
    """Answer with the faults of a source, or of all.

    Args:
        request: for the view.
        source: a write key; all sources if None.
        form: what was typed, if it is shown again.
        status: of the answer.
    """
    listed = await ask(request, "list_faults", OfSource(source=source), FaultList)
    return await show(
        request,
        "faults.html",
        view=FAULTS,
        knows=OfSource,
        source=source,
        status=status,
        faults=listed.faults[:_SHOWN],
        more_faults=max(0, len(listed.faults) - _SHOWN),
        own_faults=sum(source in {None, fault.source} for fault in listed.faults),
        scenarios=listed.scenarios,
        types=MESSAGE_TYPES,
        form=form or Form(),
        which=_which,
    )


async def _add(request: web.Request) -> web.StreamResponse:
    """Add a fault, or with ``dry`` only say what it would hit."""
    admit_form(request)
    source = read_query(request, OfSource).source
    given = await form_values(request, _FIELDS)
    form = {name: text.strip() for name, text in given.items()}
    is_dry = form.pop("dry", "") != ""
    try:
        asked = _asked(source, form)
        if is_dry:
            preview = await ask(request, "preview_fault", asked, FaultPreview)
            return await _shown(request, source, form=Form(form, preview=preview))
        await request.app[HUB].perform("add_fault", asked)
    except OperationError as error:
        # The form's labels do not name the part.
        text = error.message.replace("`effect.", "`").replace("`match.", "`")
        return await _shown(request, source, form=Form(form, text), status=error.status)
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
    values: JsonObject = {"source": source}
    for part, names in (("match", _OF_MATCH), ("effect", _OF_EFFECT)):
        if given := {name: filled.pop(name) for name in names if name in filled}:
            values[part] = given
    values |= filled
    return convert(values, AddFault, from_text=True, where="the form")


def _back_to(source: str | None) -> web.Response:
    """Lead back to the view: to load it again does not send the form again."""
    return redirect(f"{FAULTS.path}{query_of(source=source)}")


def _which(rule: RuleView) -> str:
    parts = [f"{name} {value}" for name, value in msgspec.to_builtins(rule.match).items()]
    parts += [f"{rule.probability:.0%} of them"] if rule.probability < 1 else []
    parts += [f"until {rule.until}"] if rule.until is not None else []
    return ", ".join(parts) or "any"
