"""The page's overview: counts, faults, calls. Rendered here, without any script."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from mockseg.matching.render import evicted_note
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary
from mockseg.operations.destinations import DestinationList, ListDestinations
from mockseg.operations.faults import AskTruth, FaultList, RuleView
from mockseg.snippets import start_lines
from mockseg.web.keys import HUB
from mockseg.web.rendering import load

if TYPE_CHECKING:
    from aiohttp import web

    from mockseg.domain.call import Call


_CALLS_SHOWN = 100
_EVENTS_SHOWN = 20
_FAULTS_SHOWN = 50
_DESTINATIONS_SHOWN = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form for a fault.

    Attributes:
        values: by the names of its fields, as they were typed.
        error: why nothing was done with them, or empty.
    """

    values: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str = ""


async def overview(request: web.Request, source: str | None, *, form: Form | None = None) -> str:
    """Render the overview of a source, or of all.

    Args:
        request: whom it is for.
        source: a write key, or None for all.
        form: what was typed into it, when it is shown again because something was wrong.
    """
    hub = request.app[HUB]
    asked = OfSource(source=source)
    renderer = await asyncio.to_thread(load)
    summary = await hub.perform("summary", asked)
    assert isinstance(summary, Summary)  # noqa: S101  (the table says so)
    listed = await hub.perform("list_faults", asked)
    assert isinstance(listed, FaultList)  # noqa: S101  (the table says so)
    connected = await hub.perform("list_destinations", ListDestinations(source=source))
    assert isinstance(connected, DestinationList)  # noqa: S101  (the table says so)
    truth = None
    if source is not None:
        truth = await hub.perform("truth", AskTruth(source=source, limit=0))
    calls = hub.latest_calls(_CALLS_SHOWN, source=source)
    events = sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0]))
    return renderer.render(
        "overview.html",
        url=own_url(request),
        source=source,
        of_source=query_of(source),
        summary=summary,
        forgotten=" ".join(evicted_note(msgspec.structs.replace(summary.lost, calls=0))),
        truth=truth,
        calls=[shown(call.view()) for call in calls],
        faults=listed.faults[:_FAULTS_SHOWN],
        more_faults=max(0, len(listed.faults) - _FAULTS_SHOWN),
        own_faults=sum(source in {None, fault.source} for fault in listed.faults),
        scenarios=listed.scenarios,
        destinations=connected.destinations[:_DESTINATIONS_SHOWN],
        more_destinations=max(0, len(connected.destinations) - _DESTINATIONS_SHOWN),
        form=form or Form(),
        which=_which,
        events=events[:_EVENTS_SHOWN],
        more_events=max(0, len(events) - _EVENTS_SHOWN),
        sdk_lines=_sdk_lines(request, source),
    )


def query_of(source: str | None) -> str:
    """Give the query of a page about a source, or nothing for all."""
    return "" if source is None else "?" + urlencode({"source": source}, errors="replace")


def shown(call: Call) -> dict[str, Any]:
    """Give what the templates need of a call, and what names it best."""
    name = call.message.get("name")
    fields = {field: getattr(call, field) for field in call.__struct_fields__}
    label = call.event if call.event is not None else name if isinstance(name, str) else ""
    return fields | {"label": label, "user": call.user_id or call.anonymous_id or ""}


def own_url(request: web.Request) -> str:
    """Give our own address as the reader knows it; the guard has looked at the host."""
    return f"{request.scheme}://{request.host}"


def _which(rule: RuleView) -> str:
    """Say in a line which requests a rule means."""
    said = [f"{name} {value}" for name, value in msgspec.to_builtins(rule.match).items()]
    said += [f"{rule.probability:.0%} of them"] if rule.probability < 1 else []
    said += [f"until {rule.until}"] if rule.until is not None else []
    return ", ".join(said) or "any"


def _sdk_lines(request: web.Request, source: str | None) -> list[tuple[str, str]]:
    url = own_url(request)
    tls_url = url if request.scheme == "https" else None
    return start_lines(url, tls_url, **({"write_key": source} if source else {}))
