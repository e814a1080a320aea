"""The half of the defects that was in view while the strategies were tuned."""

from __future__ import annotations

import json
import re
from datetime import datetime

from defect import OWN, Defect

_ANSWER = "survey question answer (userguiding)"
_GUIDE = "guide button click (userguiding)"
_HOTSPOT = "hotspot button click (userguiding)"

# Each function is the consumer: it returns something false, or raises, where its defect shows.
IN_VIEW: tuple[Defect, ...] = (
    # --- userguiding
    Defect(
        "score of zero taken for none",
        "userguiding",
        _ANSWER,
        lambda p, _: p.get("score", 1) or False,
    ),
    Defect(
        "score of zero of a star rating",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "Star Rating" or bool(p["score"]),
    ),
    Defect(
        "NPS score is whole",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "NPS Rating" or p["score"] == int(p["score"]),
    ),
    Defect("score of 32 bits", "userguiding", _ANSWER, lambda p, _: abs(p.get("score", 0)) < 2**31),
    Defect(
        "empty choice among choices",
        "userguiding",
        _ANSWER,
        lambda p, _: not p.get("choices") or "" not in p["choices"].split(","),
    ),
    Defect(
        "choices at semicolons",
        "userguiding",
        _ANSWER,
        lambda p, _: ";" not in p.get("choices", ""),
    ),
    Defect("empty feedback", "userguiding", _ANSWER, lambda p, _: p.get("feedback", "x")),
    Defect(
        "emoji rating of three",
        "userguiding",
        _ANSWER,
        lambda p, _: p["questionType"] != "Emoji Rating (3)",
    ),
    Defect(
        "written feedback cut at characters",
        "userguiding",
        _ANSWER,
        lambda p, _: len(p.get("feedback", "").encode()) == len(p.get("feedback", "")),
    ),
    Defect(
        "guide is dismissed", "userguiding", _GUIDE, lambda p, _: p["action"] != "dismiss-guide"
    ),
    Defect(
        "hotspot is closed", "userguiding", _HOTSPOT, lambda p, _: p["action"] != "close-hotspot"
    ),
    Defect(
        "label with a quote",
        "userguiding",
        _HOTSPOT,
        lambda p, _: json.loads('{"label": "' + p["ctaText"] + '"}', strict=False),
    ),
    Defect(
        "empty title of a hotspot",
        "userguiding",
        "hotspot interacted (userguiding)",
        lambda p, _: bool(p["hotspotTitle"]),
    ),
    Defect(
        "title in HTML",
        "userguiding",
        "hotspot interacted (userguiding)",
        lambda p, _: not re.search("[<&]", p["hotspotTitle"]),
    ),
    Defect(
        "neutral emoji has the value zero",
        "userguiding",
        "knowledge base feedback (userguiding)",
        lambda p, _: {
            "Positive": 2,
            "Slightly Positive": 1,
            "Neutral": 0,
            "Slightly Negative": -1,
            "Negative": -2,
        }[p["emojiScore"]],
    ),
    Defect(
        "update with an empty comment",
        "userguiding",
        "product updates feedback (userguiding)",
        lambda p, _: p.get("feedback", "x"),
    ),
    Defect(
        "link copied from the assistant",
        "userguiding",
        "ai assistant fallback action click (userguiding)",
        lambda p, _: p["type"] in {"article", "survey", "link", "guide", "contact"},
    ),
    Defect(
        "survey name with a tab",
        "userguiding",
        "survey shown (userguiding)",
        lambda p, _: "\t" not in p["surveyName"],
    ),
    Defect(
        "trigger of a checklist guide has no handler",
        "userguiding",
        "resource center checklist guide trigger (userguiding)",
        lambda _, __: False,
    ),
    Defect("no userId", "userguiding", None, lambda _, m: m["userId"]),
    Defect("context is there", "userguiding", None, lambda _, m: m["context"]),
    Defect(
        "timestamps end in Z",
        "userguiding",
        None,
        lambda _, m: m.get("timestamp", "Z").endswith("Z"),
    ),
    Defect(
        "switched off for all",
        "userguiding",
        None,
        lambda _, m: (m.get("integrations") or {}).get("All", True),
    ),
    # --- ecommerce
    Defect(
        "position zero is no position",
        "ecommerce",
        "Product Clicked",
        lambda p, _: p.get("position", 1) or False,
    ),
    Defect(
        "step in fractions",
        "ecommerce",
        "Checkout Step Viewed",
        lambda p, _: p.get("step", 1) == int(p.get("step", 1)),
    ),
    Defect(
        "revenue is not negative",
        "ecommerce",
        "Order Cancelled",
        lambda p, _: p.get("revenue", 1) >= 0,
    ),
    Defect(
        "value overflows in cents",
        "ecommerce",
        "Product Viewed",
        lambda p, _: abs(p.get("value", 1)) * 100 < 2**31,
    ),
    Defect("empty cart", "ecommerce", "Cart Viewed", lambda p, _: p.get("products", [1])),
    Defect(
        "product in a cart without a price",
        "ecommerce",
        "Cart Viewed",
        lambda p, _: all("price" in each for each in p.get("products", [])),
    ),
    Defect(
        "category with a separator",
        "ecommerce",
        "Product List Viewed",
        lambda p, _: "," not in p.get("category", ""),
    ),
    Defect("no reason for the denial", "ecommerce", "Coupon Denied", lambda p, _: p.get("reason")),
    Defect(
        "neither method",
        "ecommerce",
        "Payment Info Entered",
        lambda p, _: p.get("shipping_method", p.get("payment_method")) is not None,
    ),
    Defect(
        "name of a wishlist is blank",
        "ecommerce",
        "Product Added to Wishlist",
        lambda p, _: p.get("wishlist_name", "x").strip(),
    ),
    Defect("nothing at all about a product", "ecommerce", "Product Removed", lambda p, _: p),
    Defect(
        "filters are one line",
        "ecommerce",
        "Product List Filtered",
        lambda p, _: (
            "\n" not in str([list(f.values()) for f in p.get("filters", [])]).replace("\\n", "\n")
        ),
    ),
    # --- spec
    Defect(
        "age in fractions", "spec", "identify", lambda p, _: p.get("age", 1) == int(p.get("age", 1))
    ),
    Defect(
        "id of a company is a number",
        "spec",
        "identify",
        lambda p, _: "company" not in p or p["company"].get("id", "").strip() is not None,
    ),
    Defect(
        "address without a city",
        "spec",
        "group",
        lambda p, _: "address" not in p or p["address"]["city"],
    ),
    Defect("page of no name", "spec", "page", lambda _, m: m["name"]),
    Defect("track of no revenue", "spec", "track", lambda p, _: p.get("revenue", 1) or False),
    Defect(
        "email in capitals",
        "spec",
        "identify",
        lambda p, _: p.get("email", "").lower() == p.get("email", ""),
    ),
    # --- a user's own
    Defect("one seat", OWN, "Trial Started", lambda p, _: p["seats"] - 1),
    Defect("empty source", OWN, "Trial Started", lambda p, _: p.get("source", "x") != ""),
    Defect("no utm at all", OWN, "Trial Started", lambda p, _: p.get("utm", {"a": 1})),
    Defect(
        "downgrade by fractions",
        OWN,
        "Subscription Changed",
        lambda p, _: p["mrr_change"] == int(p["mrr_change"]),
    ),
    Defect("contract without an end", OWN, "Subscription Changed", lambda p, _: p["contract_end"]),
    Defect(
        "coupon null", OWN, "Subscription Changed", lambda p, _: p.get("coupon", "x") is not None
    ),
    Defect("business customers", OWN, "Subscription Changed", lambda p, _: p["to"] != "business"),
    Defect("free invoices", OWN, "Invoice Paid", lambda p, _: p["amount"]),
    Defect(
        "yen have no cents",
        OWN,
        "Invoice Paid",
        lambda p, _: p["currency"] != "JPY" or p["amount"] == int(p["amount"]),
    ),
    Defect(
        "line of quantity zero",
        OWN,
        "Invoice Paid",
        lambda p, _: all(line["quantity"] for line in p["lines"]),
    ),
    Defect("fourth attempt", OWN, "Payment Failed", lambda p, _: p["attempt"] < 4),
    Defect("expired cards", OWN, "Payment Failed", lambda p, _: p["reason"] != "expired_card"),
    Defect(
        "remover without a name",
        OWN,
        "Seat Removed",
        lambda p, _: isinstance(p["removed_by"], str) or p["removed_by"]["name"],
    ),
    Defect("rating of zero", OWN, "Feedback Sent", lambda p, _: p["rating"] != 0),
    Defect("rating as an empty text", OWN, "Feedback Sent", lambda p, _: p["rating"] != ""),
    Defect(
        "same tag twice",
        OWN,
        "Feedback Sent",
        lambda p, _: len(set(p.get("tags", []))) == len(p.get("tags", [])),
    ),
    Defect("rollout of zero", OWN, "Feature Toggled", lambda p, _: p.get("rollout", 1)),
    Defect("no segment", OWN, "Feature Toggled", lambda p, _: p.get("segments", 1)),
    Defect("parquet", OWN, "Export Finished", lambda p, _: p["format"] != "parquet"),
    Defect("duration missing", OWN, "Session Ended", lambda p, _: p["duration"] is not None),
    Defect("negative pages", OWN, "Session Ended", lambda p, _: p["pages"] >= 0),
    Defect("age null", OWN, "identify", lambda p, _: p.get("age", 1) is not None),
    Defect(
        "created with milliseconds",
        OWN,
        "identify",
        lambda p, _: (
            "created_at" not in p
            or datetime.strptime(p["created_at"][:23] + "Z", "%Y-%m-%dT%H:%M:%S.%f%z")
        ),
    ),
    # --- edge cases
    Defect(
        "32 KB is too much",
        "userguiding",
        None,
        lambda _, m: len(json.dumps(m, separators=(",", ":"))) < 30000,
        "edges",
    ),
    Defect(
        "NUL in a name",
        "userguiding",
        "guide started (userguiding)",
        lambda p, _: "\x00" not in p["guideName"],
        "edges",
    ),
    Defect(
        "half of a pair",
        "userguiding",
        None,
        lambda _, m: json.dumps(m, ensure_ascii=False).encode(),
        "edges",
    ),
    Defect("context null", "userguiding", None, lambda _, m: m.get("context", 1), "edges"),
    Defect(
        "ids of 64 characters",
        "userguiding",
        None,
        lambda _, m: len(m.get("messageId") or "") <= 64,
        "edges",
    ),
    Defect(
        "score beyond 2^53",
        "userguiding",
        _ANSWER,
        lambda p, _: abs(p.get("score", 0)) < 2**53,
        "edges",
    ),
    Defect(
        "minus zero", "userguiding", _ANSWER, lambda p, _: str(p.get("score", 0)) != "-0.0", "edges"
    ),
    Defect(
        "price of 1e308",
        "ecommerce",
        "Order Completed",
        lambda p, _: abs(p.get("total", 0)) < 1e300,
        "edges",
    ),
    Defect(
        "right to left",
        "userguiding",
        None,
        lambda _, m: "\u202e" not in json.dumps(m, ensure_ascii=False),
        "edges",
    ),
    Defect(
        "clock before 1970",
        "userguiding",
        None,
        lambda _, m: (m.get("timestamp") or "2") > "1970-01-01T00:00:01",
        "edges",
    ),
)
