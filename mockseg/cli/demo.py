"""``mockseg demo``: a server, real traffic, and the verdict on each call.

Track events are UserGuiding's and Candu's, with payloads as their pages have them; the
identify, group, page and alias calls are what UserEngage's and UserLeap's pages describe.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import threading

import click

from mockseg.cli.lines import is_refused, why
from mockseg.cli.output import Part, log_lines, paint, say, say_table, say_text, shorten
from mockseg.cli.serve import control_url, end_text, page_url
from mockseg.cli.signals import until_stopped
from mockseg.client.client import Client
from mockseg.config import Settings
from mockseg.faults.effect import Effect
from mockseg.faults.rule import FaultMatch
from mockseg.hub.handlers.requests import request_view
from mockseg.hub.hub import Hub
from mockseg.json_types import JsonObject
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource
from mockseg.server import serve
from mockseg.version import version

WRITE_KEY = "demo"
LIVE_KEY = "demo-live"
_SECONDS_APART = 0.4
_FAULT_EVERY = 10
_MOST = 1000
_TIMEOUT_SECONDS = 10
_PAGE_URL = "https://panel.userguiding.com/dashboard"
_RESOURCE_CENTER = {"resourceCenterId": "1", "resourceCenterName": "Help"}
_CHECKLIST = {"checklistId": "1", "checklistName": "First steps"}
_GUIDE = {"guideId": "1", "guideName": "Welcome"}


def _message(type_: str, **fields: object) -> JsonObject:
    return {"type": type_, "userId": "demo-user-1", **fields}


def _userguiding(event: str, **properties: str | int) -> JsonObject:
    return _message(
        "track",
        event=f"{event} (userguiding)",
        properties={**properties, "pageUrl": _PAGE_URL},
    )


CALLS: tuple[JsonObject, ...] = (
    _message(
        "identify",
        traits={
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "+44 20 7946 0000",
            "gender": "female",
            "custom_integer": "123",
        },
    ),
    _message(
        "group",
        groupId="demo-company-1",
        traits={"name": "Analytical Engines", "employees": 7, "phone": "+44 20 7946 0001"},
    ),
    _message(
        "page",
        name="Dashboard",
        properties={"url": _PAGE_URL, "path": "/dashboard", "title": "Dashboard"},
    ),
    _message(
        "screen",
        name="tutorial.view",
        properties={"tutorialId": 17, "segmentId": "everybody", "portalId": 4, "versionId": "v1"},
    ),
    _message("alias", previousId="demo-visitor-1"),
    _userguiding("guide started", **_GUIDE),
    _userguiding("guide completed", **_GUIDE),
    _userguiding(
        "hotspot interacted",
        hotspotGroupId="1",
        hotspotGroupName="New here",
        hotspotId="af3a29c1-dbb6-4d7c-b816-45f846eaf5a0",
        hotspotTitle="Try this",
    ),
    _userguiding(
        "banner button click",
        bannerId="1",
        bannerName="Release",
        buttonId="0e25a1e7-8a0c-4b9d-9559-51c9e3b500aa",
        ctaText="Read on",
    ),
    _userguiding("checklist item trigger", **_CHECKLIST, **_GUIDE),
    _userguiding("checklist completed", **_CHECKLIST),
    _userguiding(
        "resource center external url click",
        **_RESOURCE_CENTER,
        externalUrl="https://updates.userguiding.com",
    ),
    _userguiding("survey shown", surveyId="1", surveyName="How are we doing"),
    _userguiding(
        "survey question answer",
        surveyId="1",
        surveyName="How are we doing",
        questionId="9571b38d-0f26-4883-9e2d-e55e6567e6a1",
        questionType="NPS Rating",
        surveyQuestion="How likely are you to recommend us?",
        score=9,
    ),
    _userguiding(
        "knowledge base feedback", articleId="1", articleName="Guides", emojiScore="Positive"
    ),
    _userguiding(
        "ai assistant conversation start", threadId="c2f1c1e3-8c11-4e09-9ff8-6b15bd89931c"
    ),
    _message(
        "track",
        event="tutorial.interaction",
        properties={
            "tutorialId": 17,
            "segmentId": "everybody",
            "portalId": 4,
            "versionId": "v1",
            "eventName": "button_click",
        },
    ),
)

# Sent twice, as by an SDK that has not seen the first answer.
DUPLICATE: JsonObject = _userguiding("guide started", **_GUIDE) | {"messageId": "demo-message-1"}

# 33 KB of feedback: over the limit of one call, so that Segment's edge answers 400.
REFUSED = _userguiding("survey question answer", surveyId="1", feedback="very good " * 3_300)

# Without a user: answered 200, and discarded afterwards.
DROPPED: JsonObject = {
    "type": "track",
    "event": "guide completed (userguiding)",
    "properties": {**_GUIDE, "pageUrl": _PAGE_URL},
}


# As an app sends it that has the score as a text.
MISTAKEN: JsonObject = _userguiding(
    "survey question answer",
    surveyId="1",
    surveyName="How are we doing",
    questionId="9571b38d-0f26-4883-9e2d-e55e6567e6a1",
    questionType="NPS Rating",
    surveyQuestion="How likely are you to recommend us?",
    score="9",
)


@click.command(name="demo")
@click.option(
    "--keep", is_flag=True, help="Go on until Ctrl-C: for the page, where calls keep coming in."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="NUMBER",
    help="Port of the server; 0 takes any free one.  [0]",
)
def command(*, keep: bool, port: int) -> None:
    """Start a server, send it the events of real products, show what it makes of them."""
    with log_lines():
        asyncio.run(_demo(keep=keep, port=port))


async def _demo(*, keep: bool, port: int) -> None:
    with until_stopped() as stopped:
        async with serve(Settings(port=port)) as running:
            url = running.url
            say(f"mockseg {version()}, the local Segment, at {url}")
            say()
            say_text(await asyncio.to_thread(_send, url))
            _report(running.hub)
            say()
            say(f"page         {page_url(url)}")
            say(f"control api  {control_url(url)}/calls?source={WRITE_KEY}&good=false")
            say()
            say("Good calls here do not prove that the real Segment accepted anything.")
            if not keep:
                say("The server ends now: see it with --keep, or run your own with mockseg serve.")
                return
            say(
                f"It is still running, and calls come in for source {LIVE_KEY}: some are bad, each"
                f" {_FAULT_EVERY}th request is answered 503 and sent again. Open the page; Ctrl-C"
                " ends it."
            )
            await _live(running.hub, url, stopped)
            say(end_text(running.hub.tally))


async def _live(hub: Hub, url: str, stopped: asyncio.Event) -> None:
    """Let calls come in until the demo is stopped, and break some requests on purpose."""
    live = CreateSource(write_key=LIVE_KEY, name="live traffic", catalogue=["userguiding"])
    await hub.perform("create_source", live)
    fault = AddFault(
        source=LIVE_KEY,
        match=FaultMatch(every=_FAULT_EVERY),
        effect=Effect(status=503),
        times="unlimited",
    )
    await hub.perform("add_fault", fault)
    ended = threading.Event()
    sending = asyncio.create_task(asyncio.to_thread(_keep_sending, url, ended))
    await stopped.wait()
    ended.set()
    await sending


def _keep_sending(url: str, ended: threading.Event) -> None:
    """Send calls as an SDK would: what is answered 5xx is sent again, under its messageId."""
    with Client(url) as client:
        source = client.source(LIVE_KEY)
        for number, message in enumerate(itertools.cycle((*CALLS, DROPPED, MISTAKEN))):
            fresh = {**message, "messageId": f"demo-{number}"}
            while not ended.wait(_SECONDS_APART):
                if source.send(fresh)[0].status < 500:
                    break
            if ended.is_set():
                return


def _send(url: str) -> str:
    """Send all calls, through the SDK if it is installed, and return how they were sent."""
    sdk = _send_through_sdk(url)
    with Client(url) as client:
        source = client.source(WRITE_KEY)
        if sdk is None:
            source.send(*CALLS, DUPLICATE, batch=True)
        # An SDK would not send these.
        source.send(DUPLICATE, DROPPED, REFUSED)
    if sdk is None:
        return (
            "Sent over plain HTTP: segment-analytics-python is not installed"
            ' (pip install "mockseg[demo]").\n\n'
        )
    return f"Sent through {sdk}, the real SDK; what it would not send itself, over plain HTTP:\n\n"


def _send_through_sdk(url: str) -> str | None:
    """Send the calls that an SDK sends; return its name and version, or None."""
    try:
        from segment.analytics.client import Client
        from segment.analytics.version import VERSION
    except ImportError:
        return None
    # A proxy of the environment is not for an address of this machine.
    os.environ["NO_PROXY"] = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    client = Client(
        WRITE_KEY, host=url, upload_interval=0.05, timeout=_TIMEOUT_SECONDS, max_retries=1
    )
    for message in (*CALLS, DUPLICATE):
        # Its arguments are the fields of a message in snake_case.
        fields = {re.sub("([A-Z])", r"_\1", key).lower(): message[key] for key in message}
        getattr(client, fields.pop("type"))(**fields)
    client.flush()
    client.join()
    return f"segment-analytics-python {VERSION}"


def _report(hub: Hub) -> None:
    rows: list[tuple[Part, ...]] = []
    good = 0
    for kept in hub.journal.calls_after(0, limit=_MOST, source=WRITE_KEY):
        call = kept.view()
        good += call.good
        name = call.event or call.message.get("name") or ""
        fate = paint("good", "green") if call.good else paint(call.verdict, "red")
        rows.append((shorten(call.type), shorten(str(name)), fate, why(call.findings)))
    for kept_request in hub.journal.requests_after(0, limit=_MOST, source=WRITE_KEY):
        request = request_view(kept_request, hub.journal.calls_of(kept_request), body=False)
        if is_refused(request):
            reason = why((request.reason,)) if request.reason is not None else ""
            what = f"{request.method} {request.path}, {request.sent_bytes} bytes"
            fate = paint(f"answered {request.answer.status}", "red")
            rows.append(("request", shorten(what), fate, reason))
    say_table(("call", "what", "fate", "why"), rows)
    say()
    say(f"{good} good, {len(rows) - good} bad")
