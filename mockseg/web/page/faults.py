"""Faults: those in force, and the forms to add one, to take them away, to release what they hold.

Without a script, what is wrong with a form is said beside it, with all that was typed still there.
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
from mockseg.operations.faults import (
    AddFault,
    ClearFaults,
    FaultList,
    FaultPreview,
    FaultsCleared,
    FaultView,
    Released,
    ReleaseHeld,
    RuleView,
)
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import FAULTS, ask, query_of, show
from mockseg.web.parameters import read_query

_OF_MATCH = ("type", "event")
_OF_EFFECT = ("status", "retryAfter", "delay")
_FIELDS = ("scenario", *_OF_MATCH, *_OF_EFFECT, "times", "dry")
_SHOWN: Final = 50
# Maximum number of faults that are named when they are removed.
_NAMED: Final = 10


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
    add_form(app, FAULTS.path, _FIELDS, _add, shown=_shown_again)
    add_form(app, f"{FAULTS.path}/clear", ("id",), _clear)
    add_form(app, f"{FAULTS.path}/release", (), _release)


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
        held=listed.held,
        own_faults=sum(source in {None, fault.source} for fault in listed.faults),
        scenarios=listed.scenarios,
        types=MESSAGE_TYPES,
        form=form or Form(),
        which=_which,
    )


async def _add(request: web.Request, form: dict[str, str]) -> Done:
    """Add a fault, or with ``dry`` only say what it would hit."""
    source = read_query(request, OfSource).source
    is_dry = form.pop("dry", "") != ""
    try:
        asked = _asked(source, form)
        if is_dry:
            preview = await ask(request, "preview_fault", asked, FaultPreview)
            return Done(said=preview.sentence)
        added = await ask(request, "add_fault", asked, FaultView)
    except OperationError as error:
        # The form's labels do not name the part.
        error.message = error.message.replace("`effect.", "`").replace("`match.", "`")
        raise
    words = "; then ".join(rule.words for rule in added.rules)
    return Done(said=f"Added {added.id}: {words}.", to=_address(source))


async def _shown_again(
    request: web.Request, form: dict[str, str], answer: OperationError | Done
) -> web.Response:
    """Answer with the view and the form as it was typed, for a reader without a script."""
    source = read_query(request, OfSource).source
    if isinstance(answer, OperationError):
        return await _shown(request, source, form=Form(form, answer.message), status=answer.status)
    preview = await ask(request, "preview_fault", _asked(source, form), FaultPreview)
    return await _shown(request, source, form=Form(form, preview=preview))


async def _clear(request: web.Request, form: dict[str, str]) -> Done:
    source, id_ = read_query(request, OfSource).source, form.get("id")
    asked = (
        ClearFaults(id=id_) if id_ is not None else ClearFaults(source=source, all=source is None)
    )
    try:
        cleared = await ask(request, "clear_faults", asked, FaultsCleared)
    except OperationError as error:
        if error.status != 404:
            raise
        # Another client has removed it already.
        return Done(said=f"{id_} was removed before.", to=_address(source))
    ids = ", ".join(fault.id for fault in cleared.faults[:_NAMED])
    more = f" and {len(cleared.faults) - _NAMED} more" if len(cleared.faults) > _NAMED else ""
    return Done(said=f"Removed {ids}{more}." if ids else "No fault to remove.", to=_address(source))


async def _release(request: web.Request, _form: dict[str, str]) -> Done:
    source = read_query(request, OfSource).source
    released = (await ask(request, "release_held", ReleaseHeld(source=source), Released)).released
    said = f"Released {released} request{'' if released == 1 else 's'}."
    return Done(said=said, to=_address(source))


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


def _address(source: str | None) -> str:
    return f"{FAULTS.path}{query_of(source=source)}"


def _which(rule: RuleView) -> str:
    parts = [f"{name} {value}" for name, value in msgspec.to_builtins(rule.match).items()]
    parts += [f"{rule.probability:.0%} of them"] if rule.probability < 1 else []
    parts += [f"until {rule.until}"] if rule.until is not None else []
    return ", ".join(parts) or "any"
