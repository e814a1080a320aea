"""Twelve more consumers, written before any strategy was tried on them.

The strategies were made with the corpus of ``consumers.py`` in view, which flatters them;
nothing was changed after these were seen, so their share is the honest one.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from consumers import CONSUMERS
from corpus import ANSWER, BUTTON, GUIDE, ORDER, body, consumer, need

if TYPE_CHECKING:
    from corpus import Message

_FIRST = len(CONSUMERS)


@consumer("ids told apart without regard to case", event=GUIDE)
def ids_without_case(messages: list[Message]) -> None:
    """Has the defect: ids told apart without regard to case."""
    for message in messages:
        guide = body(message)["guideId"]
        need(guide.lower() == guide, "two guides become one")


@consumer("page address taken apart", event=GUIDE)
def page_host(messages: list[Message]) -> None:
    """Has the defect: page address taken apart."""
    for message in messages:
        need(urlsplit(body(message)["pageUrl"]).hostname, "no host")


@consumer("timestamp without colon in the offset", event=GUIDE)
def offset_cut(messages: list[Message]) -> None:
    """Has the defect: timestamp without colon in the offset."""
    for message in messages:
        stamp = message.get("timestamp")
        if stamp:
            need(re.fullmatch(r"[-0-9T:]{19}(\.[0-9]{1,6})?(Z|[+-]00:00)", stamp), "wrong hour")


@consumer("microseconds are enough", event=GUIDE)
def microseconds(messages: list[Message]) -> None:
    """Has the defect: microseconds are enough."""
    for message in messages:
        stamp = message.get("timestamp")
        if stamp:
            digits = re.search(r"\.([0-9]+)", stamp)
            need(digits is None or len(digits[1]) <= 6, "cut")


@consumer("percent signs in a format string", event=BUTTON)
def percent(messages: list[Message]) -> None:
    """Has the defect: percent signs in a format string."""
    for message in messages:
        (body(message)["ctaText"] + " by %s") % "someone"


@consumer("score kept in single precision", event=ANSWER)
def single_precision(messages: list[Message]) -> None:
    """Has the defect: score kept in single precision."""
    for message in messages:
        score = body(message).get("score", 0)
        need(abs(score) <= 2**24 or score % 2**8 == 0, "rounded")


@consumer("a choice of several parted at semicolons", event=ANSWER)
def semicolons(messages: list[Message]) -> None:
    """Has the defect: a choice of several parted at semicolons."""
    for message in messages:
        need(";" not in str(body(message).get("choices", "")), "one more choice")


@consumer("context read through its library", event=GUIDE)
def library(messages: list[Message]) -> None:
    """Has the defect: context read through its library."""
    for message in messages:
        if message.get("context"):
            message["context"]["library"]["name"]


@consumer("prices added as floats", plan="ecommerce", event=ORDER)
def prices(messages: list[Message]) -> None:
    """Has the defect: prices added as floats."""
    for message in messages:
        for product in body(message).get("products") or []:
            need(float(product.get("price", 0)) * product.get("quantity", 1) >= 0, "owed")


@consumer("timestamps sorted as text", event=GUIDE, feed="edge")
def sorted_as_text(messages: list[Message]) -> None:
    """Has the defect: timestamps sorted as text."""
    for message in messages:
        stamp, sent = message.get("timestamp"), message.get("sentAt")
        if stamp and sent:
            try:
                rightly = datetime.fromisoformat(stamp) < datetime.fromisoformat(sent)
            except ValueError:
                continue
            need((stamp < sent) == rightly, "another order")


@consumer("text cut in the middle of a character", event=GUIDE, feed="edge")
def cut_text(messages: list[Message]) -> None:
    """Has the defect: text cut in the middle of a character."""
    for message in messages:
        name = json.dumps(str(body(message).get("guideName")), ensure_ascii=False)
        name.encode("utf-8", "surrogatepass")[:255].decode()


@consumer("one open guide for each user", feed="sequence")
def one_open(messages: list[Message]) -> None:
    """Has the defect: one open guide for each user."""
    open_guides: dict[Any, Any] = {}
    for message in messages:
        user, name = message.get("userId"), str(message.get("event"))
        if name.startswith("guide started"):
            need(user not in open_guides, "is open already")
            open_guides[user] = body(message).get("guideId")
        if name.startswith("guide completed"):
            open_guides.pop(user, None)


HELD_OUT = CONSUMERS[_FIRST:]
del CONSUMERS[_FIRST:]
assert len(HELD_OUT) == 12
