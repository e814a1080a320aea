"""One source: how an SDK is pointed at it, its settings, its clock; to forget it or its calls."""

from __future__ import annotations

from typing import Any, Final, get_args
from urllib.parse import quote

from aiohttp import web

from mockseg.catalogue.loader import catalogues
from mockseg.conversion import convert, invalid
from mockseg.json_types import JsonObject
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.calls import ClearCalls, Cleared
from mockseg.operations.plans import Strictness
from mockseg.operations.sources import (
    AdvanceClock,
    ClockView,
    DedupScope,
    Deleted,
    Edge,
    ErrorBody,
    GetSource,
    PatchSource,
    Region,
    SetClock,
    SourceCounts,
    SourceView,
)
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import REQUESTS, SOURCES, ask, query_of, show
from mockseg.web.page.sdk_lines import sdk_lines

# The fields that choose plans of the catalogue, each with the name of the plan.
PLAN_FIELDS: Final = {f"plan.{name}": name for name in catalogues()}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "edge": get_args(Edge),
    "dedup": get_args(DedupScope),
    "errorBody": get_args(ErrorBody),
    "region": get_args(Region),
    "strictness": get_args(Strictness),
}
_LABELS: Final = {
    "edge": "Edge",
    "dedup": "A messageId is new among the calls of the",
    "errorBody": "Body of refusals",
    "region": "Region",
    "strictness": "Catalogue plans are",
}
# What the buttons of the clock do: seconds to move on; none is back to the server's time.
_MOVES: Final = {"3600": "+1 h", "90000": "+25 h", "": "back"}


def add_routes(app: web.Application) -> None:
    # By itself aiohttp takes no braces in a parameter; a write key may have them.
    path = f"{SOURCES.path}/{{writeKey:[^/]+}}"
    add_page(app, "GET", path, _source)
    fields = ("name", "enabled", *_CHOICES, *PLAN_FIELDS)
    add_form(app, f"{path}/settings", fields, _change)
    add_form(app, f"{path}/clock", ("seconds",), _move_clock)
    add_form(app, f"{path}/forget", (), _forget)
    add_form(app, f"{path}/delete", (), _delete)


def address_of(key: str) -> str:
    """Return the address of a source; requests without a key have only their list."""
    if not key:
        return f"{REQUESTS.path}{query_of(source='')}"
    return f"{SOURCES.path}/{quote(key, safe='', errors='replace')}"


def chosen_plans(form: dict[str, str]) -> list[str]:
    return [name for field, name in PLAN_FIELDS.items() if form.get(field)]


def clock_words(offset_seconds: float) -> str:
    """Return how far a clock is ahead, such as ``+25 h``; empty where it is not."""
    for length, unit in ((3600, "h"), (60, "min"), (1, "s")):
        if abs(offset_seconds) >= length:
            return f"{offset_seconds / length:+.4g} {unit}"
    return ""


async def _source(request: web.Request) -> web.StreamResponse:
    read_address(request, Nothing)
    key = request.match_info["writeKey"]
    found = await ask(request, "get_source", GetSource(write_key=key), SourceView)
    clock = await ask(request, "get_clock", OfSource(source=key), ClockView)
    return await show(
        request,
        "source.html",
        view=SOURCES,
        knows=Nothing,
        source=key,
        found=found,
        counts=found.counts or SourceCounts(),
        values=_values(found),
        own_plans=[plan for plan in found.plans if plan not in found.catalogue],
        clock=clock,
        offset=clock_words(clock.offset_seconds),
        moves=_MOVES,
        address=address_of(key),
        choices=_CHOICES,
        labels=_LABELS,
        plans=PLAN_FIELDS,
        sdk_lines=sdk_lines(request, key),
    )


def _values(found: SourceView) -> JsonObject:
    """Return the settings of a source as its form has them."""
    return {
        "name": found.name,
        "enabled": found.enabled,
        "edge": found.edge,
        "dedup": found.dedup,
        "errorBody": found.error_body,
        "region": found.region,
        "strictness": found.strictness,
        "catalogue": list(found.catalogue),
    }


async def _change(request: web.Request, form: dict[str, str]) -> Done:
    """Change what the form has otherwise; what is the same is not set anew."""
    key = request.match_info["writeKey"]
    found = await ask(request, "get_source", GetSource(write_key=key), SourceView)
    before = _values(found)
    texts = {name: text for name, text in form.items() if name not in PLAN_FIELDS}
    wanted: dict[str, Any] = texts | {
        "enabled": "enabled" in form,
        "catalogue": chosen_plans(form),
    }
    changes = {name: value for name, value in wanted.items() if value != before[name]}
    if not changes:
        return Done(said="Nothing was changed: the form says what is in force.")
    asked = convert({"writeKey": key, **changes}, PatchSource, where="the form")
    await ask(request, "patch_source", asked, SourceView)
    return Done(said=f"Changed: {', '.join(changes)}.", to=address_of(key))


async def _move_clock(request: web.Request, form: dict[str, str]) -> Done:
    key, seconds = request.match_info["writeKey"], form.get("seconds", "")
    if seconds not in _MOVES:
        raise invalid("seconds", f'`seconds` is "{seconds[:100]}"', allowed=list(_MOVES))
    if seconds:
        advance = AdvanceClock(seconds=float(seconds), source=key)
        clock = await ask(request, "advance_clock", advance, ClockView)
    else:
        clock = await ask(request, "set_clock", SetClock(now=None, source=key), ClockView)
    return Done(said=f"The clock of the source says {clock.now}.", to=address_of(key))


async def _forget(request: web.Request, _form: dict[str, str]) -> Done:
    key = request.match_info["writeKey"]
    cleared = (await ask(request, "clear_calls", ClearCalls(source=key), Cleared)).cleared
    said = f"Forgot {cleared} call{'' if cleared == 1 else 's'} of the source."
    return Done(said=said, to=address_of(key))


async def _delete(request: web.Request, _form: dict[str, str]) -> Done:
    key = request.match_info["writeKey"]
    deleted = await ask(request, "delete_source", GetSource(write_key=key), Deleted)
    return Done(said=f"Deleted the source {deleted.deleted}.", to=SOURCES.path)
