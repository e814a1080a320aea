"""Help: how to point an SDK here, how to find calls, which keys and limits there are."""

from __future__ import annotations

from aiohttp import web

from mockseg.delivery.ledger import MAX_DELIVERIES
from mockseg.domain.limits import (
    MAX_BATCH_BYTES,
    MAX_BATCH_CALLS,
    MAX_CALL_BYTES,
    MAX_SOURCES,
)
from mockseg.operations.base import OfSource
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import HELP, show
from mockseg.web.page.sdk_lines import sdk_lines


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", HELP.path, _help)


async def _help(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    return await show(
        request,
        "help.html",
        view=HELP,
        knows=OfSource,
        source=source,
        sdk_lines=sdk_lines(request, source),
        limits=_limits(request),
    )


def _limits(request: web.Request) -> list[tuple[str, str, str]]:
    """Return the limits in force: what is limited, how, and the setting that changes it."""
    settings = request.app[HUB].settings
    return [
        ("calls kept", f"{settings.max_calls:,}", "max_calls"),
        ("requests kept", f"{settings.max_requests:,}", "max_requests"),
        ("memory for all that is kept", f"{settings.max_bytes / 2**20:,.0f} MB", "max_bytes"),
        ("age of what is kept", settings.max_age or "none", "max_age"),
        ("findings told of a call", f"{settings.max_findings:,}", "max_findings"),
        ("sources remembered", f"{MAX_SOURCES:,}", ""),
        ("deliveries kept", f"{MAX_DELIVERIES:,}", ""),
        ("a call, as at Segment", f"{MAX_CALL_BYTES // 1024} KB", ""),
        (
            "a batch, as at Segment",
            f"{MAX_BATCH_BYTES // 1024} KB, {MAX_BATCH_CALLS:,} calls",
            "",
        ),
    ]
