"""``GET /metrics``: what the server has seen, in Prometheus' text format 0.0.4."""

from __future__ import annotations

from typing import TypeAlias

from aiohttp import web

from mockseg.hub.hub import Hub
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary
from mockseg.web.control_answers import security_headers
from mockseg.web.keys import HUB, OPEN_REQUESTS
from mockseg.web.parameters import check_content_type, query_values

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Name, kind, help, and values by label.
_Family: TypeAlias = tuple[str, str, str, dict[str, float]]


async def metrics(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    hub = request.app[HUB]
    kept = await hub.perform("summary", OfSource())
    assert isinstance(kept, Summary)  # noqa: S101  (the table says so)
    families = _families(hub, kept, held=len(request.app[OPEN_REQUESTS]))
    headers = {**security_headers(), "Content-Type": CONTENT_TYPE}
    return web.Response(text="".join(map(_text, families)), headers=headers)


def _families(hub: Hub, kept: Summary, *, held: int) -> tuple[_Family, ...]:
    tally = hub.tally
    other = tally.bad - tally.dropped - tally.rejected
    by_verdict: dict[str, float] = {
        '{verdict="accepted"}': kept.accepted,
        '{verdict="dropped"}': kept.dropped,
        '{verdict="blocked"}': kept.blocked,
        '{verdict="rejected"}': kept.rejected,
    }
    return (
        (
            "mockseg_calls_total",
            "counter",
            "Calls recorded by verdict; other is blocked, or accepted with findings.",
            {
                '{verdict="accepted"}': tally.accepted,
                '{verdict="dropped"}': tally.dropped,
                '{verdict="rejected"}': tally.rejected,
                '{verdict="other"}': other,
            },
        ),
        ("mockseg_calls_bad_total", "counter", "Calls that were not good.", {"": tally.bad}),
        ("mockseg_calls_evicted_total", "counter", "Calls that were evicted.", {"": tally.evicted}),
        (
            "mockseg_deliveries_total",
            "counter",
            "Deliveries that became final.",
            {"": hub.destinations.ledger.finished},
        ),
        (
            "mockseg_deliveries_pending",
            "gauge",
            "Deliveries that are queued or being retried.",
            {"": hub.destinations.ledger.pending(None)},
        ),
        ("mockseg_requests_total", "counter", "Requests recorded.", {"": tally.requests}),
        ("mockseg_requests_refused_total", "counter", "Answered 4xx.", {"": tally.refused}),
        (
            "mockseg_parser_refused_total",
            "counter",
            "What was no HTTP and never became a request.",
            {"": tally.parser_refused},
        ),
        ("mockseg_calls_kept", "gauge", "Calls in the journal, by verdict.", by_verdict),
        ("mockseg_requests_kept", "gauge", "Requests in the journal.", {"": kept.requests}),
        ("mockseg_sources", "gauge", "Open sources.", {"": len(hub.sources)}),
        (
            "mockseg_sources_forgotten_total",
            "counter",
            "Sources that were forgotten because there were too many.",
            {"": tally.forgotten},
        ),
        ("mockseg_held", "gauge", "Waits and streams that are open.", {"": held}),
        *_bounds(hub, kept),
    )


def _bounds(hub: Hub, kept: Summary) -> tuple[_Family, ...]:
    by_kind: dict[str, float] = {
        f'{{kind="{kind}"}}': account.size_bytes for kind, account in hub.meter.accounts.items()
    }
    return (
        (
            "mockseg_deliveries_queue_full",
            "gauge",
            "Deliveries that a full queue refused, of sources that were not cleared since.",
            {"": kept.queue_full},
        ),
        ("mockseg_kept_bytes", "gauge", "Bytes counted against --max-bytes, by kind.", by_kind),
    )


def _text(family: _Family) -> str:
    name, kind, meaning, values = family
    lines = "".join(f"{name}{labels} {value}\n" for labels, value in values.items())
    return f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n{lines}"
