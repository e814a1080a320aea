"""The part of the defects that stays blind: only its count is ever printed.

It was written after the strategies were tuned on other parts, and before it was run once. The
bench has no option that names what is missed here.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from defect import OWN_BLIND, Defect, utc
from defects_blind_own import OF_OWN_PLAN, in_cents

_ANSWER = "survey question answer (userguiding)"
_GUIDE = "guide button click (userguiding)"
_HOTSPOT = "hotspot button click (userguiding)"
_UPDATES = "product updates feedback (userguiding)"
_BANDS = {"detractor": range(7), "passive": range(7, 9), "promoter": range(9, 11)}


def _products(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body.get("products", [])
    return found


def _times(messages: list[Any]) -> list[datetime]:
    return [datetime.fromisoformat(each["timestamp"]) for each in messages if "timestamp" in each]


def _completed_after_start(messages: list[Any]) -> bool:
    started: set[Any] = set()
    for each in messages:
        if each["event"] == "guide started (userguiding)":
            started.add(each["properties"]["guideId"])
        if each["event"] == "guide completed (userguiding)":
            started.remove(each["properties"]["guideId"])
    return True


def _first(messages: list[Any], event: str) -> int:
    names = [each.get("event") for each in messages]
    return names.index(event) if event in names else len(names)


# Each function is the consumer: it returns something false, or raises, where its defect shows.
BLIND: tuple[Defect, ...] = (
    # --- userguiding
    Defect(
        "guides in a dictionary of lower case",
        "userguiding",
        "guide completed (userguiding)",
        lambda p, _: p["guideId"].lower() == p["guideId"],
    ),
    Defect("finish is no button", "userguiding", _GUIDE, lambda p, _: p["action"] != "finish"),
    Defect("hotspots copy", "userguiding", _HOTSPOT, lambda p, _: p["action"] != "copy"),
    Defect(
        "step is a number", "userguiding", _GUIDE, lambda p, _: p["step"] == "" or int(p["step"])
    ),
    Defect(
        "thumbs are no emoji",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "Thumbs Up/Down",
    ),
    Defect(
        "score divides",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "Number Rating (10)" or 10 / p["score"],
    ),
    Defect(
        "NPS has three bands",
        "userguiding",
        _ANSWER,
        lambda p, _: (
            p["questionType"] != "NPS Rating" or any(p["score"] in band for band in _BANDS.values())
        ),
    ),
    Defect(
        "choices are stripped and counted",
        "userguiding",
        _ANSWER,
        lambda p, _: "choices" not in p or all(map(str.strip, p["choices"].split(","))),
    ),
    Defect(
        "written feedback is there",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "Written Feedback" or p["feedback"],
    ),
    Defect(
        "no comment on an update", "userguiding", _UPDATES, lambda p, _: p["feedback"] is not None
    ),
    Defect("no emoji on an update", "userguiding", _UPDATES, lambda p, _: p["emojiScore"]),
    Defect(
        "script without an address",
        "userguiding",
        "ai assistant fallback action click (userguiding)",
        lambda p, _: p["url"],
    ),
    Defect(
        "answer of the assistant starts with a space",
        "userguiding",
        "ai assistant message receive (userguiding)",
        lambda p, _: p["message"].strip() == p["message"],
    ),
    Defect(
        "checklist as a file name",
        "userguiding",
        "checklist completed (userguiding)",
        lambda p, _: "/" not in p["checklistName"],
    ),
    Defect(
        "survey name of fifty characters",
        "userguiding",
        "survey shown (userguiding)",
        lambda p, _: len(p["surveyName"]) <= 50,
    ),
    Defect(
        "article without a scheme",
        "userguiding",
        "resource center article link click (userguiding)",
        lambda p, _: urlsplit(p["articleLink"]).scheme,
    ),
    Defect(
        "library in each context",
        "userguiding",
        None,
        lambda _, m: "context" not in m or m["context"]["library"],
    ),
    Defect(
        "address of the page in each context",
        "userguiding",
        None,
        lambda _, m: "page" not in m.get("context", {}) or m["context"]["page"]["url"],
    ),
    Defect("anonymousId is there", "userguiding", None, lambda _, m: m["anonymousId"]),
    Defect(
        "milliseconds in each timestamp",
        "userguiding",
        None,
        lambda _, m: "." in m.get("timestamp", "."),
    ),
    Defect(
        "all destinations are on",
        "userguiding",
        None,
        lambda _, m: all(m.get("integrations", {}).values()),
    ),
    # --- ecommerce
    Defect(
        "quantity of zero is one",
        "ecommerce",
        "Order Completed",
        lambda p, _: all(each.get("quantity", 1) for each in _products(p)),
    ),
    Defect(
        "shipping in cents",
        "ecommerce",
        "Order Completed",
        lambda p, _: in_cents(p.get("shipping", 0)),
    ),
    Defect("tax comes back", "ecommerce", "Order Updated", lambda p, _: p.get("tax", 0) >= 0),
    Defect(
        "coupon is not empty", "ecommerce", "Order Completed", lambda p, _: p.get("coupon", "x")
    ),
    Defect(
        "total without a currency",
        "ecommerce",
        "Order Refunded",
        lambda p, _: "total" not in p or p["currency"] is not None,
    ),
    Defect(
        "neither total nor revenue",
        "ecommerce",
        "Order Completed",
        lambda p, _: p.get("total", p.get("revenue")) is not None,
    ),
    Defect(
        "refund of no product", "ecommerce", "Order Refunded", lambda p, _: p.get("products", [1])
    ),
    Defect(
        "product twice at the checkout",
        "ecommerce",
        "Checkout Started",
        lambda p, _: len({each.get("product_id") for each in _products(p)}) == len(_products(p)),
    ),
    Defect(
        "place zero in a list",
        "ecommerce",
        "Product List Viewed",
        lambda p, _: all(each.get("position", 1) >= 1 for each in _products(p)),
    ),
    Defect(
        "search by words",
        "ecommerce",
        "Products Searched",
        lambda p, _: isinstance(p.get("query", ""), str),
    ),
    Defect(
        "sorted by nothing",
        "ecommerce",
        "Product List Filtered",
        lambda p, _: "sorts" not in p or p["sorts"][0] is not None,
    ),
    Defect(
        "promotion in a column of CSV",
        "ecommerce",
        "Promotion Clicked",
        lambda p, _: '"' not in p.get("name", ""),
    ),
    Defect(
        "rating is not empty", "ecommerce", "Product Reviewed", lambda p, _: p.get("rating", "1")
    ),
    Defect(
        "negative quantity in a cart",
        "ecommerce",
        "Product Added",
        lambda p, _: p.get("quantity", 1) >= 0,
    ),
    Defect(
        "message to a friend of one line",
        "ecommerce",
        "Cart Shared",
        lambda p, _: "\n" not in p.get("share_message", ""),
    ),
    Defect(
        "coupon of no name and no id",
        "ecommerce",
        "Coupon Removed",
        lambda p, _: p.get("coupon_id", p.get("coupon_name")) is not None,
    ),
    Defect(
        "picture without an address",
        "ecommerce",
        "Product Shared",
        lambda p, _: "image_url" not in p or p["url"] is not None,
    ),
    Defect(
        "discount of half a percent",
        "ecommerce",
        "Coupon Applied",
        lambda p, _: p.get("discount", 0) == int(p.get("discount", 0)),
    ),
    # --- spec
    Defect(
        "last name without a first",
        "spec",
        "identify",
        lambda p, _: "lastName" not in p or p["firstName"] is not None,
    ),
    Defect(
        "company without a name",
        "spec",
        "identify",
        lambda p, _: "company" not in p or p["company"]["name"] is not None,
    ),
    Defect("age of zero", "spec", "identify", lambda p, _: p.get("age", 1)),
    Defect(
        "employees as a text",
        "spec",
        "group",
        lambda p, _: isinstance(p.get("employees", 1), (int, float)),
    ),
    Defect("no employees", "spec", "group", lambda p, _: p.get("employees", 1) != 0),
    Defect("page without keywords", "spec", "page", lambda p, _: p.get("keywords", [1])),
    Defect(
        "keywords joined by commas",
        "spec",
        "page",
        lambda p, _: all("," not in each for each in p.get("keywords", [])),
    ),
    Defect(
        "user without email and id", "spec", "identify", lambda p, m: m.get("userId") or p["email"]
    ),
    Defect("alias of itself", "spec", "alias", lambda _, m: m.get("previousId") != m["userId"]),
    # --- video
    Defect(
        "muted is unknown",
        "video",
        "Video Playback Started",
        lambda p, _: p.get("sound", 1) or False,
    ),
    Defect(
        "progress of a film of no length",
        "video",
        "Video Content Playing",
        lambda p, _: "total_length" not in p or [p.get("position", 0) / p["total_length"]],
    ),
    Defect(
        "ads at the end", "video", "Video Ad Completed", lambda p, _: p.get("type") != "post-roll"
    ),
    Defect("third quarter", "video", "Video Ad Playing", lambda p, _: p.get("quartile") != 3),
    Defect(
        "live and without a length",
        "video",
        "Video Content Started",
        lambda p, _: not p.get("livestream") or p["total_length"] is not None,
    ),
    Defect(
        "29.97 pictures",
        "video",
        "Video Quality Updated",
        lambda p, _: p.get("framerate", 1) == int(p.get("framerate", 1)),
    ),
    Defect(
        "ad in content of no title",
        "video",
        "Video Ad Started",
        lambda p, _: "content" not in p or p["content"]["title"] is not None,
    ),
    *OF_OWN_PLAN,
    # --- edge cases
    Defect(
        "column of 255 bytes",
        "userguiding",
        "guide started (userguiding)",
        lambda p, _: len(p["guideName"].encode("utf-8", "surrogatepass")) <= 255,
        "edges",
    ),
    Defect(
        "shouted label",
        "userguiding",
        "banner button click (userguiding)",
        lambda p, _: p["ctaText"].upper().lower() == p["ctaText"].lower(),
        "edges",
    ),
    Defect(
        "names in one form of Unicode",
        "userguiding",
        "checklist completed (userguiding)",
        lambda p, _: unicodedata.normalize("NFC", p["checklistName"]) == p["checklistName"],
        "edges",
    ),
    Defect("timestamp null", "userguiding", None, lambda _, m: m.get("timestamp", 1), "edges"),
    Defect(
        "short ids",
        "userguiding",
        None,
        lambda _, m: len(m.get("messageId") or "x" * 36) >= 36,
        "edges",
    ),
    Defect(
        "quantity of 32 bits",
        "ecommerce",
        "Product Added",
        lambda p, _: abs(p.get("quantity", 1)) < 2**31,
        "edges",
    ),
    Defect(
        "format string",
        "ecommerce",
        "Coupon Denied",
        lambda p, _: [p.get("reason", "") % ()],
        "edges",
    ),
    Defect(
        "a year later",
        OWN_BLIND,
        "Invoice Issued",
        lambda p, _: date.fromisoformat(p["due"]).replace(year=2027),
        "edges",
    ),
    Defect(
        "a day later",
        OWN_BLIND,
        "Vehicle Inspected",
        lambda p, _: "next_due" not in p or date.fromisoformat(p["next_due"]) + timedelta(days=1),
        "edges",
    ),
    Defect("scans in UTC", OWN_BLIND, "Parcel Scanned", lambda p, _: utc(p["scanned_at"]), "edges"),
    Defect(
        "scans before the epoch",
        OWN_BLIND,
        "Parcel Scanned",
        lambda p, _: datetime.fromisoformat(p["scanned_at"]).timestamp() >= 0,
        "edges",
    ),
    Defect(
        "odometer of 32 bits",
        OWN_BLIND,
        "Vehicle Inspected",
        lambda p, _: p["odometer"] < 2**31,
        "edges",
    ),
    Defect(
        "rooms in the floor's column",
        OWN_BLIND,
        "Address Changed",
        lambda p, _: abs(p["to"].get("floor", 0)) <= 2**53,
        "edges",
    ),
    # --- what arrives of journeys
    Defect(
        "each message once",
        "userguiding",
        None,
        lambda _, m: len({each.get("messageId", id(each)) for each in m["all"]}) == len(m["all"]),
        "journeys",
    ),
    Defect(
        "messages come in order",
        "userguiding",
        None,
        lambda _, m: sorted(_times(m["all"])) == _times(m["all"]),
        "journeys",
    ),
    Defect(
        "guides are started before they are completed",
        "userguiding",
        None,
        lambda _, m: _completed_after_start(m["all"]),
        "journeys",
    ),
    Defect(
        "one user at a time",
        "ecommerce",
        None,
        lambda _, m: len({each.get("userId", each.get("anonymousId")) for each in m["all"]}) == 1,
        "journeys",
    ),
    Defect(
        "an order has a cart",
        "ecommerce",
        None,
        lambda _, m: _first(m["all"], "Order Completed") >= _first(m["all"], "Product Added"),
        "journeys",
    ),
)
