"""``mockseg demo``: a server, real traffic, and what became of it."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from mockseg.cli.lines import is_refused, why
from mockseg.cli.output import log_lines, paint, say, say_table, say_text, shorten
from mockseg.cli.serve import control_url, end_text, page_url, until_stopped
from mockseg.config import Settings
from mockseg.json_types import encode
from mockseg.server import serve
from mockseg.version import version

if TYPE_CHECKING:
    from mockseg.cli.output import Part
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.hub import Hub
    from mockseg.json_types import JsonObject
    from mockseg.server import RunningServer

USER = "demo-user-1"
_PAGE_URL = "https://panel.userguiding.com/dashboard"
_RESOURCE_CENTER = {"resourceCenterId": "1", "resourceCenterName": "Help"}
_CHECKLIST = {"checklistId": "1", "checklistName": "First steps"}
_GUIDE = {"guideId": "1", "guideName": "Welcome"}


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """One call.

    Attributes:
        type: of the message.
        name: the event, or the name of a page or screen; empty for the others.
        body: its traits or properties.
        message_id: its own; made by the sender when empty.
    """

    type: str
    name: str = ""
    body: JsonObject = dataclasses.field(default_factory=dict)
    message_id: str = ""

    def message(self) -> JsonObject:
        """Return the body that Segment's HTTP API takes."""
        message: JsonObject = {"type": self.type, "userId": USER}
        if self.message_id:
            message["messageId"] = self.message_id
        if self.type == "alias":
            return message | {"previousId": "demo-visitor-1"}
        if self.type == "group":
            message["groupId"] = "demo-company-1"
        if self.type == "track":
            message["event"] = self.name
        elif self.name:
            message["name"] = self.name
        return message | {
            "traits" if self.type in {"identify", "group"} else "properties": self.body
        }


def _userguiding(event: str, **properties: str | int) -> Sent:
    return Sent("track", f"{event} (userguiding)", {**properties, "pageUrl": _PAGE_URL})


CALLS: tuple[Sent, ...] = (
    Sent(
        "identify",
        body={
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "+44 20 7946 0000",
            "gender": "female",
            "custom_integer": "123",
        },
    ),
    Sent("group", body={"name": "Analytical Engines", "employees": 7, "phone": "+44 20 7946 0001"}),
    Sent("page", "Dashboard", {"url": _PAGE_URL, "path": "/dashboard", "title": "Dashboard"}),
    Sent(
        "screen",
        "tutorial.view",
        {"tutorialId": 17, "segmentId": "everybody", "portalId": 4, "versionId": "v1"},
    ),
    Sent("alias"),
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
    Sent(
        "track",
        "tutorial.interaction",
        {
            "tutorialId": 17,
            "segmentId": "everybody",
            "portalId": 4,
            "versionId": "v1",
            "eventName": "button_click",
        },
    ),
)

# Sent twice, as an SDK does that has not seen the first answer.
DUPLICATE = Sent(
    "track",
    "guide started (userguiding)",
    {**_GUIDE, "pageUrl": _PAGE_URL},
    message_id="demo-message-1",
)

# 33 KB of feedback: over the limit of one call, so that Segment's edge answers 400.
REFUSED = _userguiding("survey question answer", surveyId="1", feedback="very good " * 3_300)

# Nobody can say whose event this is: answered 200, and discarded afterwards.
DROPPED: JsonObject = {
    "type": "track",
    "event": "guide completed (userguiding)",
    "properties": {**_GUIDE, "pageUrl": _PAGE_URL},
}


_TIMEOUT_SECONDS = 10


def send_through_sdk(url: str, write_key: str) -> str | None:
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
        write_key, host=url, upload_interval=0.05, timeout=_TIMEOUT_SECONDS, max_retries=1
    )
    for sent in (*CALLS, DUPLICATE):
        _send(client, sent)
    client.flush()
    client.join()
    return f"segment-analytics-python {VERSION}"


def _send(client: object, sent: Sent) -> None:
    """Call the SDK's method for this type as its users do."""
    method = getattr(client, sent.type)
    extra = {"message_id": sent.message_id} if sent.message_id else {}
    if sent.type == "identify":
        method(USER, sent.body, **extra)
    elif sent.type == "group":
        method(USER, "demo-company-1", sent.body, **extra)
    elif sent.type == "alias":
        method("demo-visitor-1", USER, **extra)
    elif sent.type == "track":
        method(USER, sent.name, sent.body, **extra)
    else:
        method(USER, name=sent.name, properties=sent.body, **extra)


def send_through_http(url: str, write_key: str, *, everything: bool) -> None:
    """Send what an SDK keeps from being sent, and all the rest when there is no SDK.

    Raises:
        OSError: the server does not answer.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "127.0.0.1", address.port, timeout=_TIMEOUT_SECONDS
    )

    def post(path: str, body: JsonObject) -> None:
        content = encode(body | {"writeKey": write_key})
        connection.request("POST", path, content, {"Content-Type": "application/json"})
        connection.getresponse().read()

    try:
        if everything:
            post("/v1/batch", {"batch": [sent.message() for sent in (*CALLS, DUPLICATE)]})
        post("/v1/track", DUPLICATE.message())
        post("/v1/batch", {"batch": [DROPPED]})
        post("/v1/track", REFUSED.message())
    finally:
        connection.close()


_MOST = 1000
_HEAD = ("call", "what", "fate", "why")


def report(hub: Hub, *, source: str) -> None:
    """Print every call of a source, and every request that was refused without one."""
    calls = hub.calls_after(0, limit=_MOST, source=source)
    refused = [
        request
        for request in hub.requests_after(0, limit=_MOST, source=source)
        if is_refused(request)
    ]
    rows = [_call_row(call) for call in calls] + [_request_row(request) for request in refused]
    say_table(_HEAD, rows)
    good = sum(call.good for call in calls)
    say()
    say(f"{good} good, {len(rows) - good} bad")


def _call_row(call: KeptCall) -> tuple[Part, ...]:
    findings = call.remark.findings if call.remark is not None else ()
    name = call.event or call.message().get("name") or ""
    fate = paint("good", "green") if call.good else paint(call.verdict, "red")
    return (shorten(call.type), shorten(str(name)), fate, why(findings))


def _request_row(request: KeptRequest) -> tuple[Part, ...]:
    reason = why((request.reason,)) if request.reason is not None else ""
    what = f"{request.method} {request.path}, {request.sent_bytes} bytes"
    fate = paint(f"answered {request.answer.status}", "red")
    return ("request", shorten(what), fate, reason)


WRITE_KEY = "demo"


@click.command(name="demo")
@click.option("--keep", is_flag=True, help="Leave the server running, until Ctrl-C.")
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
            say(f"mockseg {version()}, the local Segment, at {running.url}")
            say()
            through = await asyncio.to_thread(send_through_sdk, running.url, WRITE_KEY)
            await asyncio.to_thread(
                send_through_http, running.url, WRITE_KEY, everything=not through
            )
            say_text(_sender(through))
            report(running.hub, source=WRITE_KEY)
            say_text(_where(running, keep=keep))
            if keep:
                await stopped.wait()
                say(end_text(running.hub.tally))


def _sender(sdk: str | None) -> str:
    if sdk is not None:
        return (
            f"Sent through {sdk}, the real SDK; what it would not send itself, over plain HTTP:\n"
        )
    return (
        "Sent over plain HTTP: segment-analytics-python is not installed"
        ' (pip install "mockseg[demo]").\n'
    )


def _where(running: RunningServer, *, keep: bool) -> str:
    lines = [
        "",
        f"page         {page_url(running.url)}",
        f"control api  {control_url(running.url)}/calls?source={WRITE_KEY}&good=false",
        "",
        "Good calls here do not prove that the real Segment accepted anything.",
        "It is still running; Ctrl-C ends it."
        if keep
        else "The server ends now: see it with --keep, or run your own with mockseg serve.",
    ]
    return "\n".join(lines)
