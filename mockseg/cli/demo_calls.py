"""What ``mockseg demo`` sends: calls as the products of the documents send them.

Track events are UserGuiding's and Candu's, with payloads as their pages have them; the
identify, group, page and alias calls are what UserEngage's and UserLeap's pages describe.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject


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
        """Give it as Segment's HTTP API takes it."""
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
