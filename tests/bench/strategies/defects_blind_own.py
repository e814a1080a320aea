"""The blind defects of consumers of a plan of a user's own; see ``defects_blind.py``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from defect import OWN_BLIND, Defect


def in_cents(amount: Any) -> bool:
    """Return whether a consumer that cuts to cents keeps the amount."""
    return int(amount * 100) == Decimal(str(amount)) * 100


# Each function is the consumer: it returns something false, or raises, where its defect shows.
OF_OWN_PLAN: tuple[Defect, ...] = (
    Defect(
        "weight in whole kilograms",
        OWN_BLIND,
        "Parcel Created",
        lambda p, _: p["weight_kg"] == int(p["weight_kg"]),
    ),
    Defect("flat parcels", OWN_BLIND, "Parcel Created", lambda p, _: all(p["size_cm"])),
    Defect(
        "fragile is set means fragile",
        OWN_BLIND,
        "Parcel Created",
        lambda p, _: p.get("fragile", True),
    ),
    Defect(
        "value is declared as null",
        OWN_BLIND,
        "Parcel Created",
        lambda p, _: p.get("declared_value", 0) >= 0,
    ),
    Defect(
        "nothing in the options",
        OWN_BLIND,
        "Parcel Created",
        lambda p, _: "options" not in p or p["options"],
    ),
    Defect(
        "insured and not signed for",
        OWN_BLIND,
        "Parcel Created",
        lambda p, _: not p.get("options", {}).get("insured") or "signature" in p["options"],
    ),
    Defect("depot of Leipzig", OWN_BLIND, "Parcel Scanned", lambda p, _: p["depot"] != "lej"),
    Defect("lane zero", OWN_BLIND, "Parcel Scanned", lambda p, _: p.get("lane", 1)),
    Defect(
        "scanned in this zone",
        OWN_BLIND,
        "Parcel Scanned",
        lambda p, _: p["scanned_at"].endswith(("Z", "+00:00")),
    ),
    Defect(
        "reader unknown", OWN_BLIND, "Parcel Scanned", lambda p, _: p.get("reader", "x") is not None
    ),
    Defect("route of no stop", OWN_BLIND, "Route Planned", lambda p, _: p["stops"][0]),
    Defect(
        "stop without parcels",
        OWN_BLIND,
        "Route Planned",
        lambda p, _: all(stop.get("parcels", [1]) for stop in p["stops"]),
    ),
    Defect("driver by name", OWN_BLIND, "Route Planned", lambda p, _: isinstance(p["driver"], int)),
    Defect(
        "speed of a route",
        OWN_BLIND,
        "Route Planned",
        lambda p, _: "distance_km" not in p or 1 / p["distance_km"],
    ),
    Defect(
        "damaged on the way",
        OWN_BLIND,
        "Delivery Attempted",
        lambda p, _: p["outcome"] != "damaged",
    ),
    Defect(
        "signed by all",
        OWN_BLIND,
        "Delivery Attempted",
        lambda p, _: p["signed_by"] is not None,
    ),
    Defect(
        "signature of no stroke",
        OWN_BLIND,
        "Delivery Attempted",
        lambda p, _: p.get("proof", {}).get("strokes", 1),
    ),
    Defect(
        "delivered with a pin",
        OWN_BLIND,
        "Delivery Attempted",
        lambda p, _: p["outcome"] != "delivered" or "pin" not in p.get("proof", {}),
    ),
    Defect("fifth attempt", OWN_BLIND, "Delivery Attempted", lambda p, _: p["attempt"] != 5),
    Defect("no rate of tax", OWN_BLIND, "Invoice Issued", lambda p, _: p["vat_rate"] is not None),
    Defect(
        "rate of zero is the usual one",
        OWN_BLIND,
        "Invoice Issued",
        lambda p, _: (p["vat_rate"] or 0.19) == p["vat_rate"],
    ),
    Defect("credit notes", OWN_BLIND, "Invoice Issued", lambda p, _: p["amount"] >= 0),
    Defect("cents rounded down", OWN_BLIND, "Invoice Issued", lambda p, _: in_cents(p["amount"])),
    Defect("forints", OWN_BLIND, "Invoice Issued", lambda p, _: p["currency"] != "HUF"),
    Defect("discount of all", OWN_BLIND, "Invoice Issued", lambda p, _: p.get("discount", 0) < 100),
    Defect(
        "reference fills its column",
        OWN_BLIND,
        "Invoice Issued",
        lambda p, _: len(p.get("reference", "")) < 20,
    ),
    Defect(
        "customer without an address",
        OWN_BLIND,
        "Claim Opened",
        lambda p, _: p["customer"].get("email", "x") is not None,
    ),
    Defect(
        "neither email nor phone",
        OWN_BLIND,
        "Claim Opened",
        lambda p, _: p["customer"].get("email") or p["customer"]["phone"] is not None,
    ),
    Defect("claim of no photo", OWN_BLIND, "Claim Opened", lambda p, _: p.get("photos", [1])),
    Defect("reason is blank", OWN_BLIND, "Claim Opened", lambda p, _: p["reason"].strip()),
    Defect("no stars", OWN_BLIND, "Rating Given", lambda p, _: p["stars"]),
    Defect(
        "anonymous as a text",
        OWN_BLIND,
        "Rating Given",
        lambda p, _: p.get("anonymous", True) in {True, False},
    ),
    Defect("tip is null", OWN_BLIND, "Rating Given", lambda p, _: p.get("tip", 0) is not None),
    Defect("ground floor", OWN_BLIND, "Address Changed", lambda p, _: p["to"].get("floor", 1)),
    Defect("cellar", OWN_BLIND, "Address Changed", lambda p, _: p["to"].get("floor", 1) >= 0),
    Defect(
        "zip is a number",
        OWN_BLIND,
        "Address Changed",
        lambda p, _: str(int(p["to"]["zip"])) == p["to"]["zip"],
    ),
    Defect(
        "not confirmed",
        OWN_BLIND,
        "Address Changed",
        lambda p, _: p.get("confirmed", True),
    ),
    Defect("frost", OWN_BLIND, "Locker Opened", lambda p, _: p.get("temperature", 1) > 0),
    Defect("empty battery", OWN_BLIND, "Locker Opened", lambda p, _: p.get("battery", 1)),
    Defect("code is empty", OWN_BLIND, "Locker Opened", lambda p, _: p["code"]),
    Defect(
        "shift of no break", OWN_BLIND, "Shift Ended", lambda p, _: max(p.get("breaks", [1])) + 1000
    ),
    Defect(
        "summary by fields",
        OWN_BLIND,
        "Shift Ended",
        lambda p, _: isinstance(p.get("summary", ""), (str, dict)),
    ),
    Defect(
        "fuel is there",
        OWN_BLIND,
        "Shift Ended",
        lambda p, _: not isinstance(p.get("summary"), dict) or p["summary"]["fuel"] is not None,
    ),
    Defect("no defect", OWN_BLIND, "Vehicle Inspected", lambda p, _: p["defects"]),
    Defect(
        "neither inspector nor date",
        OWN_BLIND,
        "Vehicle Inspected",
        lambda p, _: p.get("inspector", p.get("next_due")) is not None,
    ),
    Defect("manager is null", OWN_BLIND, "group", lambda p, _: p.get("manager", "x") is not None),
    Defect("silver customers", OWN_BLIND, "identify", lambda p, _: p.get("loyalty") != "silver"),
    Defect(
        "not asked about mail",
        OWN_BLIND,
        "identify",
        lambda p, _: p.get("marketing", 1) is not None,
    ),
    Defect("vip is set means vip", OWN_BLIND, "identify", lambda p, _: p.get("vip", True)),
)
